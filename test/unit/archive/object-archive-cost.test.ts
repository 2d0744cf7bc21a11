import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ObjectReader, StoredObject } from '../../../lib/objects/object-reader.js';
import { CHAIN_START } from '../../../src/archive/chain.js';
import { periodsOf } from '../../../src/archive/day.js';
import { latestPicture } from '../../../src/archive/latest-picture.js';
import { buildShards } from '../../../src/archive/listing.js';
import { ObjectArchive } from '../../../src/archive/object-archive.js';
import { nearestDays, type Way } from '../../../src/archive-source.js';
import { indexFolder } from '../../../src/segment.js';
import { at, segment } from '../../simulators/entries.js';

const DAY = '2026-05-03';
const films = Array.from({ length: 288 }, (_, n) =>
  segment('cam-7', at(DAY) + n * 300_000, at(DAY) + (n + 1) * 300_000),
);
const shards = new Map(
  buildShards('home', 'cam-7', films, { n: 0, prev: CHAIN_START, shard: 0 }).shards.map(({ key, text }) => [key, text]),
);

/** A bucket that holds a year of a hundred cameras, and notes what it is asked. */
class YearBucket implements ObjectReader {
  readonly name = 's3://year';
  readonly asked: string[] = [];
  bytes = 0;

  async names(folder: string): Promise<string[]> {
    this.asked.push(`names ${folder}`);
    const depth = folder.split('/').length;
    const two = (count: number) => Array.from({ length: count }, (_, n) => String(n + 1).padStart(2, '0'));
    if (depth === 2) return Array.from({ length: 100 }, (_, n) => `cam-${n}`);
    if (depth === 3) return ['2026'];
    if (!folder.includes('/2026')) return [];
    return depth === 4 ? two(12) : two(28);
  }

  async *list(folder: string): AsyncGenerator<StoredObject, void, undefined> {
    this.asked.push(`list ${folder}`);
    for (const [key, text] of shards) {
      // About what S3 answers for each object.
      this.bytes += 350;
      if (key.startsWith(folder)) yield { key, bytes: text.length, modifiedAt: 0, version: '1' };
    }
  }

  async open(key: string) {
    this.asked.push(`open ${key}`);
    const bytes = Buffer.from(shards.get(key)!);
    this.bytes += bytes.length;
    return { stream: Readable.from([bytes]), bytes: bytes.length, range: { start: 0, end: bytes.length - 1 } };
  }

  async stat() {
    return undefined;
  }

  async checksum() {
    return undefined;
  }

  close(): void {
    // Nothing is held.
  }
}

it('a day of one camera among a hundred, of one month among twelve, costs one listing and less than 200 kB', async () => {
  const reader = new YearBucket();
  const archive = new ObjectArchive({ reader, site: 'home', onProblem: () => undefined });
  expect(await archive.entries('cam-7', DAY)).toHaveLength(288);
  const listings = () => reader.asked.filter((one) => !one.startsWith('open'));
  expect(listings()).toEqual([`list ${indexFolder('home', 'cam-7', DAY)}`]);
  expect(reader.bytes).toBeLessThan(200_000);
  // Looked at again, it is listed again, because more may have come, and nothing is read again.
  reader.asked.length = 0;
  expect(await archive.entries('cam-7', DAY)).toHaveLength(288);
  expect(reader.asked).toEqual(listings());
  expect(reader.asked).toHaveLength(1);
});

it('a month of a camera costs one listing, all of its days one for each month', async () => {
  const reader = new YearBucket();
  const archive = new ObjectArchive({ reader, site: 'home', onProblem: () => undefined });
  expect(await archive.days('cam-7', '2026-05')).toHaveLength(28);
  expect(reader.asked).toEqual(['names home/index/cam-7/2026/05']);
  reader.asked.length = 0;
  expect(await archive.days('cam-7')).toHaveLength(12 * 28);
  expect(reader.asked).toHaveLength(1 + 1 + 12);
  for (const month of ['2026-5', '2026-05/..', '..', '']) expect(await archive.days('cam-7', month), month).toEqual([]);
});

it('the newest picture is looked for in the newest days, not in all of them', async () => {
  const reader = new YearBucket();
  const archive = new ObjectArchive({ reader, site: 'home', onProblem: () => undefined });
  expect(await latestPicture(archive, 'cam-7', at('2026-05-14'))).toBeUndefined();
  expect(reader.asked.filter((one) => one.startsWith('list'))).toHaveLength(7);
  expect(reader.asked.filter((one) => one.startsWith('names'))).toHaveLength(1);
});

describe('the days nearest to one', () => {
  const nearest = async (count: number, way: Way) => {
    const reader = new YearBucket();
    const archive = new ObjectArchive({ reader, site: 'home', onProblem: () => undefined });
    const days: string[] = [];
    for await (const { day } of nearestDays(archive, ['cam-7'], way)) if (days.push(day) === count) break;
    return { days, asked: reader.asked };
  };

  it('cost one listing where they are of the same month', async () => {
    const back = await nearest(2, { bound: '2026-05-14', by: -1 });
    expect(back).toEqual({ days: ['2026-05-14', '2026-05-13'], asked: ['names home/index/cam-7/2026/05'] });
    const on = await nearest(2, { bound: '2026-05-14', by: 1 });
    expect(on).toEqual({ days: ['2026-05-14', '2026-05-15'], asked: ['names home/index/cam-7/2026/05'] });
  });

  it('cost three listings without a bound, in whatever is there', async () => {
    expect(await nearest(1, { by: -1 })).toEqual({
      days: ['2026-12-28'],
      asked: ['names home/index/cam-7', 'names home/index/cam-7/2026', 'names home/index/cam-7/2026/12'],
    });
  });

  it('go on over months, each once, and end', async () => {
    const back = await nearest(1_000, { bound: '2026-03-02', by: -1 });
    expect(back.days).toHaveLength(2 + 2 * 28);
    expect(back.days).toEqual([...back.days].sort().reverse());
    expect(back.asked).toHaveLength(1 + 2 + 2);
    const on = await nearest(1_000, { bound: '2026-11-28', by: 1 });
    expect(on.days).toEqual([
      '2026-11-28',
      ...Array.from({ length: 28 }, (_, n) => `2026-12-${`${n + 1}`.padStart(2, '0')}`),
    ]);
    expect((await nearest(1_000, { bound: '2027-01-01', by: 1 })).days).toEqual([]);
    expect((await nearest(1_000, { bound: '2025-12-31', by: -1 })).days).toEqual([]);
  });

  it('say whose they are', async () => {
    const months: Record<string, string[]> = {
      gate: ['2026-05-02', '2026-05-01', '2026-03-09'],
      yard: ['2026-05-01', '2025-01-01'],
    };
    const archive = {
      days: async (camera: string, month = '') => months[camera]!.filter((day) => day.startsWith(month)),
      periods: async (camera: string, year?: string) => periodsOf(months[camera]!, year),
    };
    const told: [string, string][] = [];
    for await (const { day, cameras } of nearestDays(archive, ['gate', 'yard'], { by: -1 }))
      told.push([day, cameras.join()]);
    expect(told).toEqual([
      ['2026-05-02', 'gate'],
      ['2026-05-01', 'gate,yard'],
      ['2026-03-09', 'gate'],
      ['2025-01-01', 'yard'],
    ]);
  });
});
