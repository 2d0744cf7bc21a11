import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../../src/archive-source.js';
import { type Entry, isMedia } from '../../src/segment.js';
import { at, gap, off, segment, snapshot } from '../simulators/entries.js';

export interface ArchiveUnderTest {
  source: ArchiveSource;
  /** Makes the entries, which are of the site `home`, known to the source. The file of each key holds that key as text. */
  add(entries: readonly Entry[]): Promise<void>;
  dispose(): Promise<void>;
}

const DAY = '2026-05-03';
const noon = segment('gate', at(DAY, '12:00'), at(DAY, '12:05'), {
  codecs: ['avc1.640028', 'mp4a.40.2'],
  width: 1920,
  height: 1080,
  run: 'f3a9',
  seq: 7,
  motion: [
    { start: at(DAY, '12:01'), end: at(DAY, '12:02'), score: 0.75, kind: 'motion', source: 'analysis/drive' },
    { start: at(DAY, '12:01:30'), end: at(DAY, '12:01:40') },
  ],
});
const overMidnight = segment('gate', at(DAY, '23:55'), at('2026-05-04', '00:00:02'));
const nextDay = segment('gate', at('2026-05-04', '00:00:02'), at('2026-05-04', '00:05'));
const photo = snapshot('gate', at(DAY, '12:01'));
const outage = gap('gate', at(DAY, '12:05'), at(DAY, '13:00'), 'silent');
const longOutage = gap('yard', at(DAY, '22:00'), at('2026-05-06', '03:00'), 'recorder-stopped');
const quiet = off('gate', at(DAY, '13:00'), at(DAY, '23:55'));
const ALL = [noon, overMidnight, nextDay, photo, outage, longOutage, quiet];

/** The contract written on `ArchiveSource`, run against one implementation of it. */
export function archiveSourceContract(name: string, create: () => Promise<ArchiveUnderTest>): void {
  describe(`${name} keeps the contract of ArchiveSource`, () => {
    let archive: ArchiveUnderTest;
    let source: ArchiveSource;
    beforeEach(async () => {
      archive = await create();
      source = archive.source;
    });
    afterEach(() => archive.dispose());

    it('is empty before anything is there', async () => {
      expect(await source.cameras()).toEqual([]);
      expect(await source.days('gate')).toEqual([]);
      expect(await source.periods('gate')).toEqual([]);
      expect(await source.entries('gate', DAY)).toEqual([]);
      expect(await source.open(noon.key)).toBeUndefined();
    });

    it('lists cameras and the days that have entries, in order', async () => {
      await archive.add(ALL);
      expect(await source.cameras()).toEqual(['gate', 'yard']);
      expect(await source.days('gate')).toEqual([DAY, '2026-05-04']);
      expect(await source.days('yard')).toEqual([DAY, '2026-05-04', '2026-05-05', '2026-05-06']);
    });

    it('lists the years that have days, the months of a year, and the days of a month', async () => {
      const before = snapshot('gate', at('2025-12-31', '23:59:59'));
      await archive.add([...ALL, before, snapshot('gate', at('2026-06-01'))]);
      expect(await source.periods('gate')).toEqual(['2025', '2026']);
      expect(await source.periods('gate', '2026')).toEqual(['2026-05', '2026-06']);
      expect(await source.periods('gate', '2025')).toEqual(['2025-12']);
      expect(await source.periods('gate', '2024')).toEqual([]);
      expect(await source.days('gate', '2025-12')).toEqual(['2025-12-31']);
      expect(await source.days('gate', '2026-06')).toEqual(['2026-06-01']);
    });

    it('lists a day by start, with what the index knows of each file', async () => {
      await archive.add([...ALL].reverse());
      const entries = await source.entries('gate', DAY);
      expect(entries.map(startOf)).toEqual([noon, photo, outage, quiet, overMidnight].map(startOf));
      expect(entries[0]).toMatchObject(noon);
      expect(entries[1]).toMatchObject(photo);
      expect(entries[2]).toMatchObject(outage);
      expect(entries[3]).toMatchObject(quiet);
    });

    it('lists what began the day before, once', async () => {
      await archive.add(ALL);
      const entries = await source.entries('gate', '2026-05-04');
      expect(entries.map(startOf)).toEqual([overMidnight, nextDay].map(startOf));
      expect(entries[0]).toMatchObject(overMidnight);
    });

    it('counts a moment at midnight to the day that begins', async () => {
      const midnight = snapshot('gate', at('2026-05-04'));
      await archive.add([midnight]);
      expect(await source.days('gate')).toEqual(['2026-05-04']);
      expect(await source.entries('gate', DAY)).toEqual([]);
      expect(await source.entries('gate', '2026-05-04')).toMatchObject([midnight]);
    });

    it('shows a gap of several days on each of them', async () => {
      await archive.add(ALL);
      for (const day of await source.days('yard')) {
        const [entry, ...others] = await source.entries('yard', day);
        const from = Math.max(longOutage.start, at(day));
        const to = Math.min(longOutage.end, at(day) + 86_400_000);
        expect(others).toEqual([]);
        expect(entry).toMatchObject({ type: 'gap', cause: 'recorder-stopped' });
        expect(entry!.start).toBeLessThanOrEqual(from);
        expect(entry!.end).toBeGreaterThanOrEqual(to);
      }
    });

    it('lets footage win over time off, and time off over a gap', async () => {
      const wide = off('gate', at(DAY, '11:59'), at(DAY, '12:30'), 'schedule');
      await archive.add([noon, outage, wide]);
      const told = (await source.entries('gate', DAY)).map(({ type, start, end }) => [type, start, end]);
      expect(told).toEqual([
        ['off', wide.start, noon.start],
        ['segment', noon.start, noon.end],
        ['off', noon.end, wide.end],
        ['gap', wide.end, outage.end],
      ]);
    });

    it('says of each file, and of no gap, whether it is on the recorder or uploaded', async () => {
      await archive.add(ALL);
      for (const entry of await source.entries('gate', DAY)) {
        expect(Boolean(entry.local || entry.uploaded)).toBe(isMedia(entry));
      }
    });

    it('picks up what comes later', async () => {
      await archive.add([noon]);
      expect(await source.entries('gate', DAY)).toHaveLength(1);
      await archive.add([outage]);
      expect(await source.entries('gate', DAY)).toHaveLength(2);
    });

    it('treats cameras and days it does not know, or that are none, as empty', async () => {
      await archive.add(ALL);
      for (const camera of ['nobody', '', '..', '../gate', 'gate/..', 'GATE']) {
        expect(await source.days(camera)).toEqual([]);
        expect(await source.periods(camera)).toEqual([]);
        expect(await source.periods(camera, '2026')).toEqual([]);
        expect(await source.entries(camera, DAY)).toEqual([]);
      }
      for (const year of ['2025', '26', '', '..', '2026/05', '2026-05']) {
        expect(await source.periods('gate', year), year).toEqual([]);
      }
      for (const day of ['2026-05-02', '2026-02-30', '2026-5-3', '', 'today', `${DAY}/..`, '../../..']) {
        expect(await source.entries('gate', day)).toEqual([]);
      }
    });

    it('opens a whole file', async () => {
      await archive.add(ALL);
      const opened = await source.open(noon.key);
      expect(opened).toMatchObject({ bytes: noon.bytes, range: { start: 0, end: noon.bytes - 1 } });
      expect(await textOf(opened)).toBe(noon.key);
    });

    const last = noon.bytes - 1;
    const ranges: [string, Partial<ByteRange>, ByteRange][] = [
      ['from the middle', { start: 3, end: 9 }, { start: 3, end: 9 }],
      ['one byte', { start: 4, end: 4 }, { start: 4, end: 4 }],
      ['with an open end', { start: 5 }, { start: 5, end: last }],
      ['with an open start', { end: 5 }, { start: 0, end: 5 }],
      ['past the end', { start: 2, end: 1_000_000 }, { start: 2, end: last }],
    ];
    it.each(ranges)('opens a range %s', async (_what, wanted, range) => {
      await archive.add(ALL);
      const opened = await source.open(noon.key, wanted);
      expect(opened).toMatchObject({ bytes: noon.bytes, range });
      expect(await textOf(opened)).toBe(noon.key.slice(range.start, range.end + 1));
    });

    it.each([{ start: noon.bytes }, { start: 9, end: 3 }, { start: -2 }, { start: 0.5 }])(
      'refuses the range %o, which holds no byte',
      async (range) => {
        await archive.add(ALL);
        await expect(source.open(noon.key, range)).rejects.toMatchObject({ code: 'range-not-satisfiable' });
      },
    );

    it.each([
      'home/gate/2026/05/03/gate_20260503T110000Z_continuous.mp4',
      'home/gate/2026/05/03',
      'home',
      '',
      '/',
      '/etc/hostname',
      '../../../../../../../../etc/hostname',
      'home/../../../../../../../../etc/hostname',
      'home/gate/../../home/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4',
      `./${noon.key}`,
      `/${noon.key}`,
      `${noon.key}/`,
      noon.key.replace('gate/', 'gate//'),
      noon.key.replaceAll('/', '\\'),
      noon.key.replaceAll('/', '%2f'),
      `${noon.key}\0`,
      `${noon.key}\0.jpg`,
      `${noon.key}\n`,
      noon.key.toUpperCase(),
      'x'.repeat(5000),
    ])('opens nothing for the key %j', async (key) => {
      await archive.add(ALL);
      expect(await source.open(key)).toBeUndefined();
    });
  });
}

function startOf(entry: LocatedEntry): number {
  return entry.start;
}

async function textOf(opened: OpenMedia | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of opened!.stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
