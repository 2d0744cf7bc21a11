import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { periodsOf } from '../../../src/archive/day.js';
import { LastKnownPictures } from '../../../src/archive/last-known.js';
import type { ArchiveSource } from '../../../src/archive-source.js';
import { dayOf } from '../../../src/segment.js';
import { at, snapshot } from '../../simulators/entries.js';
import { FakeClock } from '../../simulators/fake-clock.js';

describe('the last known picture of a camera that does not record', () => {
  it('comes from the archive, and is looked up once a minute however often it is asked for', async () => {
    const clock = new FakeClock(at('2026-05-03', '12:00'));
    const taken = [snapshot('gate', at('2026-04-30', '08:00'))];
    let listings = 0;
    const archive: ArchiveSource = {
      cameras: async () => ['gate'],
      days: async (_camera, month) => {
        listings++;
        return taken.map(({ start }) => dayOf(start)).filter((day) => day.startsWith(month!));
      },
      periods: async (_camera, year) => {
        listings++;
        return periodsOf(
          taken.map(({ start }) => dayOf(start)),
          year,
        );
      },
      entries: async (_camera, day) => taken.filter(({ start }) => new Date(start).toISOString().startsWith(day)),
      open: async (key) => ({
        stream: Readable.from([Buffer.from(key)]),
        bytes: key.length,
        range: { start: 0, end: key.length - 1 },
      }),
    };
    const pictures = new LastKnownPictures(archive, clock);
    expect((await pictures.of('gate'))?.at).toBe(at('2026-04-30', '08:00'));
    const once = listings;
    await pictures.of('gate');
    expect(listings).toBe(once);
    taken.push(snapshot('gate', at('2026-05-03', '11:00')));
    await clock.advance(61_000);
    expect((await pictures.of('gate'))?.at).toBe(at('2026-05-03', '11:00'));
  });
});
