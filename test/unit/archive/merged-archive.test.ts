import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { periodsOf } from '../../../src/archive/day.js';
import { MergedArchive } from '../../../src/archive/merged-archive.js';
import type { ArchiveSource, LocatedEntry } from '../../../src/archive-source.js';
import { at, gap, segment } from '../../simulators/entries.js';

const DAY = '2026-05-03';
const one = segment('gate', at(DAY, '10:00'), at(DAY, '10:05'));
const two = segment('gate', at(DAY, '10:05'), at(DAY, '10:10'));
const three = segment('gate', at(DAY, '10:10'), at(DAY, '10:15'));

function source(entries: LocatedEntry[], more: Partial<ArchiveSource> = {}): ArchiveSource {
  return {
    cameras: async () => [...new Set(entries.map((entry) => entry.camera))],
    days: async () => (entries.length > 0 ? [DAY] : []),
    periods: async (_camera, year) => periodsOf(entries.length > 0 ? [DAY] : [], year),
    entries: async () => entries,
    open: async () => undefined,
    ...more,
  };
}

const media = (text: string) => async () => ({
  stream: Readable.from([text]),
  bytes: text.length,
  range: { start: 0, end: text.length - 1 },
});

function merge(local: ArchiveSource, archive: ArchiveSource) {
  const problems: { source: string; error: unknown }[] = [];
  return { merged: new MergedArchive(local, archive, (problem) => problems.push(problem)), problems };
}

describe('MergedArchive', () => {
  it('says of each file where it is', async () => {
    const { merged } = merge(
      source([
        { ...one, local: true, uploaded: false },
        { ...two, local: true, uploaded: true },
      ]),
      source([
        { ...two, uploaded: true },
        { ...three, uploaded: true },
      ]),
    );
    const places = (await merged.entries('gate', DAY)).map(({ local, uploaded }) => [local ?? false, uploaded]);
    expect(places).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
  });

  it('believes the archive that a file is uploaded, though the recorder has not noted it', async () => {
    const { merged } = merge(source([{ ...one, local: true, uploaded: false }]), source([{ ...one, uploaded: true }]));
    expect(await merged.entries('gate', DAY)).toEqual([{ ...one, local: true, uploaded: true }]);
  });

  it('shows what moved as the index tells it, where the ledger was lost and took the file back by its name', async () => {
    const motion = [{ start: one.start, end: one.start + 4_000, kind: 'person', source: 'onvif' }];
    const listed = { ...one, motion, codecs: ['avc1.640028'], end: one.end - 3 };
    const adopted = { ...one, source: 'adopted', motion: undefined, codecs: undefined, local: true, uploaded: true };
    const { merged } = merge(source([adopted]), source([listed]));
    expect(await merged.entries('gate', DAY)).toEqual([{ ...listed, local: true, uploaded: true }]);
  });

  it.each([
    ['was recorded', {}, {}],
    ['is all there is word of', { source: 'adopted' }, { source: 'adopted' }],
  ])('says nothing of other bytes that once had the same key, where its own %s', async (_, here, there) => {
    const motion = [{ start: one.start, end: one.end }];
    const other = { ...one, sha256: 'f'.repeat(64), ...here, local: true, uploaded: false };
    const { merged } = merge(source([other]), source([{ ...one, ...there, motion, uploaded: true }]));
    expect(await merged.entries('gate', DAY)).toEqual([other]);
  });

  it('takes the archive at its word, and the file from there, where its own copy was damaged before the ledger was lost', async () => {
    const adopted = { ...one, sha256: 'f'.repeat(64), source: 'adopted', local: true, uploaded: true };
    const listed = { ...one, motion: [{ start: one.start, end: one.end }], uploaded: true };
    const link = async () => 'https://bucket/one';
    const { merged } = merge(
      source([adopted, { ...two, local: true }], { open: media('here') }),
      source([listed], { open: media('archive'), link }),
    );
    expect(await merged.entries('gate', DAY)).toEqual([listed, { ...two, local: true, uploaded: false }]);
    expect([await merged.open(one.key), await merged.open(two.key)]).toMatchObject([{ bytes: 7 }, { bytes: 4 }]);
    expect([await merged.link(one.key), await merged.link(two.key)]).toEqual(['https://bucket/one', undefined]);
  });

  it('keeps a file the recorder has freed as uploaded only', async () => {
    const { merged } = merge(source([{ ...one, local: false, uploaded: true }]), source([{ ...one, uploaded: true }]));
    expect(await merged.entries('gate', DAY)).toEqual([{ ...one, local: false, uploaded: true }]);
  });

  it('tells no gap twice, though the archive cuts it at midnight and the recorder does not', async () => {
    const whole = gap('gate', at('2026-05-01', '20:00'), at(DAY, '08:00'));
    const { merged } = merge(source([whole]), source([gap('gate', at(DAY), at(DAY, '08:00'))]));
    expect(await merged.entries('gate', DAY)).toEqual([whole]);
  });

  it('keeps of the archive gaps what the recorder no longer knows, and lets footage win', async () => {
    const { merged } = merge(
      source([{ ...one, local: true }, gap('gate', at(DAY, '10:05'), at(DAY, '11:00'), 'silent')]),
      source([gap('gate', at(DAY, '09:00'), at(DAY, '10:30'))]),
    );
    expect(await merged.entries('gate', DAY)).toMatchObject([
      gap('gate', at(DAY, '09:00'), at(DAY, '10:00')),
      one,
      gap('gate', at(DAY, '10:05'), at(DAY, '11:00'), 'silent'),
    ]);
  });

  it('opens the local file first, and the archive when there is none or it cannot be read', async () => {
    const broken = async () => {
      throw new Error('EIO');
    };
    const archive = source([], { open: media('archive') });
    expect((await merge(source([], { open: media('here') }), archive).merged.open('k'))?.bytes).toBe(4);
    expect((await merge(source([]), archive).merged.open('k'))?.bytes).toBe(7);
    const { merged, problems } = merge(source([], { open: broken }), archive);
    expect((await merged.open('k'))?.bytes).toBe(7);
    expect(problems).toMatchObject([{ source: 'local', error: new Error('EIO') }]);
    await expect(merge(source([], { open: broken }), source([])).merged.open('k')).rejects.toThrow('EIO');
  });

  it('does not ask the archive for a range the file does not have', async () => {
    const open = async () => {
      throw new Failure('no', { kind: 'permanent', code: 'range-not-satisfiable' });
    };
    const { merged, problems } = merge(source([], { open }), source([], { open: media('archive') }));
    await expect(merged.open('k', { start: 99 })).rejects.toMatchObject({ code: 'range-not-satisfiable' });
    expect(problems).toEqual([]);
  });

  it('shows what one source has while the other fails, and fails only when both do', async () => {
    const broken: ArchiveSource = {
      cameras: () => Promise.reject(new Error('offline')),
      days: () => Promise.reject(new Error('offline')),
      periods: () => Promise.reject(new Error('offline')),
      entries: () => Promise.reject(new Error('offline')),
      open: () => Promise.reject(new Error('offline')),
    };
    const { merged, problems } = merge(source([{ ...one, local: true }]), broken);
    expect(await merged.cameras()).toEqual(['gate']);
    expect(await merged.days('gate')).toEqual([DAY]);
    expect(await merged.periods('gate')).toEqual(['2026']);
    expect(await merged.entries('gate', DAY)).toHaveLength(1);
    expect(problems.map((problem) => problem.source)).toEqual(Array(4).fill('archive'));
    await expect(merge(broken, broken).merged.entries('gate', DAY)).rejects.toThrow('offline');
  });
});
