import { describe, expect, it } from 'vitest';
import { periodsOf } from '../../../src/archive/day.js';
import type { ArchiveSource } from '../../../src/archive-source.js';
import { photoPage } from '../../../src/browse/photos.js';
import { dayOf, type MediaEntry } from '../../../src/segment.js';
import { at, segment, snapshot } from '../../simulators/entries.js';

const DAY_MS = 86_400_000;

class CountedArchive implements ArchiveSource {
  readonly read: string[] = [];
  readonly listed: string[] = [];

  constructor(readonly all: readonly MediaEntry[]) {}

  async cameras() {
    return [...new Set(this.all.map((entry) => entry.camera))].sort();
  }

  async days(camera: string, month = '') {
    this.listed.push(`${camera} ${month}`);
    return this.#daysOf(camera).filter((day) => day.startsWith(month));
  }

  async periods(camera: string, year?: string) {
    this.listed.push(`${camera} ${year ?? 'years'}`);
    return periodsOf(this.#daysOf(camera), year);
  }

  #daysOf(camera: string): string[] {
    return [...new Set(this.all.filter((entry) => entry.camera === camera).map((entry) => dayOf(entry.start)))].sort();
  }

  async entries(camera: string, day: string) {
    this.read.push(`${camera} ${day}`);
    return this.all.filter((entry) => entry.camera === camera && dayOf(entry.start) === day);
  }

  async open() {
    return undefined;
  }
}

/** All pages one after another, and how many photos were on each. */
async function turn(archive: ArchiveSource, limit: number): Promise<{ photos: MediaEntry[]; sizes: number[] }> {
  const photos: MediaEntry[] = [];
  const sizes: number[] = [];
  for (let before: number | undefined; ; ) {
    const page = await photoPage(archive, await archive.cameras(), before, limit);
    photos.push(...page.photos);
    sizes.push(page.photos.length);
    if (page.before === undefined) return { photos, sizes };
    if (before !== undefined) expect(page.before).toBeLessThan(before);
    before = page.before;
  }
}

const hourly = (camera: string, day: string) =>
  Array.from({ length: 24 }, (_, hour) => snapshot(camera, at(day) + hour * 3_600_000));

describe('pages of photos', () => {
  it('show every photo once, newest first, over days and cameras', async () => {
    const days = ['2026-05-03', '2026-05-01', '2026-04-28'];
    const all = days.flatMap((day) => [...hourly('gate', day), ...hourly('yard', day)]);
    for (const limit of [1, 2, 5, 24, 47, 48, 49, 500]) {
      const { photos } = await turn(new CountedArchive(all), limit);
      expect(photos.map((photo) => photo.key).sort()).toEqual(all.map((photo) => photo.key).sort());
      expect(photos.map((photo) => photo.start)).toEqual(all.map((photo) => photo.start).sort((a, b) => b - a));
    }
  });

  it('go on where all of a day was taken at one moment', async () => {
    const all = ['2026-05-03', '2026-05-02'].flatMap((day) => [snapshot('gate', at(day)), snapshot('yard', at(day))]);
    expect((await turn(new CountedArchive(all), 1)).sizes).toEqual([2, 2]);
  });

  it('read only the days they need', async () => {
    const archive = new CountedArchive(
      ['2026-05-03', '2026-05-02', '2026-05-01'].flatMap((day) => hourly('gate', day)),
    );
    await photoPage(archive, ['gate'], undefined, 10);
    expect(archive.read).toEqual(['gate 2026-05-03']);
    archive.read.length = 0;
    await photoPage(archive, ['gate'], at('2026-05-02', '12:00'), 10);
    expect(archive.read).toEqual(['gate 2026-05-02']);
  });

  it('list no more months than they need, in an archive of years', async () => {
    const years = Array.from({ length: 3 * 365 }, (_, day) =>
      snapshot('gate', at('2026-05-03', '12:00') - day * DAY_MS),
    );
    const archive = new CountedArchive(years);
    expect((await photoPage(archive, ['gate'], undefined, 2)).photos).toHaveLength(2);
    expect(archive.listed).toEqual(['gate years', 'gate 2026', 'gate 2026-05']);
    archive.listed.length = 0;
    expect((await photoPage(archive, ['gate'], at('2025-12-20'), 10)).photos).toHaveLength(10);
    expect(archive.listed).toEqual(['gate 2025-12']);
    expect((await turn(archive, 500)).photos).toHaveLength(3 * 365);
  });

  it('do not read through an archive that has none', async () => {
    const footage = Array.from({ length: 100 }, (_, day) => {
      const start = at('2026-05-03') - day * DAY_MS;
      return segment('gate', start, start + 300_000);
    });
    const archive = new CountedArchive([...footage, snapshot('gate', at('2025-01-01'))]);
    const page = await photoPage(archive, ['gate'], undefined, 10);
    expect(page).toEqual({ photos: [], before: at('2026-05-03') - 30 * DAY_MS });
    expect(archive.read).toHaveLength(31);
    expect((await turn(archive, 10)).photos).toHaveLength(1);
  });

  it('leave out what was taken at `before` or later', async () => {
    const archive = new CountedArchive(hourly('gate', '2026-05-03'));
    const { photos } = await photoPage(archive, ['gate'], at('2026-05-03', '03:00'), 10);
    expect(photos.map((photo) => photo.start)).toEqual(
      ['02:00', '01:00', '00:00'].map((time) => at('2026-05-03', time)),
    );
  });

  it('are empty for an empty archive and for any `before`', async () => {
    for (const before of [undefined, 0, Number.MAX_SAFE_INTEGER]) {
      expect(await photoPage(new CountedArchive([]), [], before, 10)).toEqual({ photos: [] });
    }
    const archive = new CountedArchive(hourly('gate', '2026-05-03'));
    expect((await photoPage(archive, ['gate'], Number.MAX_SAFE_INTEGER, 100)).photos).toHaveLength(24);
  });
});
