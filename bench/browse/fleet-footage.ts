import { CHAIN_START } from '../../src/archive/chain.js';
import { buildShards, type IndexShard } from '../../src/archive/listing.js';
import { type Entry, type MediaEntry, type MediaKind, mediaKey } from '../../src/segment.js';
import { DAY_MS, SEGMENT_MS } from '../../test/simulators/week.js';

const FLEET = Array.from({ length: 100 }, (_, n) => `cam-${String(n + 1).padStart(3, '0')}`);
/** Of all days of the year it has everything; the others of the newest. */
export const VIEWED = FLEET[49]!;
/** The start of the newest day, a Wednesday. */
export const NEWEST = Date.UTC(2026, 4, 20);
const DAYS = 365;

/** Sites in one bucket: a year of a hundred cameras, a day of them, and a day of one. */
export const ARCHIVES = ['year', 'fleet', 'alone'] as const;
export type ArchiveName = (typeof ARCHIVES)[number];

/** The index of all three. No media: none is looked at. */
export function* fleetObjects(): Generator<IndexShard> {
  for (const camera of FLEET) {
    for (let back = 0; back < DAYS; back++) {
      yield* shardsOf('year', camera, NEWEST - back * DAY_MS, back === 0 || camera === VIEWED);
    }
    yield* shardsOf('fleet', camera, NEWEST, true);
  }
  yield* shardsOf('alone', VIEWED, NEWEST, true);
}

function shardsOf(site: ArchiveName, camera: string, midnight: number, isWhole: boolean): IndexShard[] {
  const entries = isWhole ? wholeDay(site, camera, midnight) : noon(site, camera, midnight);
  return buildShards(site, camera, entries, { n: 0, prev: CHAIN_START, shard: 0 }).shards;
}

/** In files of five minutes, motion in every sixth, a snapshot with every fourth. */
function wholeDay(site: string, camera: string, midnight: number): Entry[] {
  return Array.from({ length: 288 }, (_, n) => n).flatMap((n) => {
    const start = midnight + n * SEGMENT_MS;
    const motion = n % 6 === 0 ? { motion: [{ start: start + 60_000, end: start + 85_000, score: 0.9 }] } : {};
    const film = { ...media(site, camera, start, 'continuous'), end: start + SEGMENT_MS, ...motion };
    return n % 4 === 0 ? [film, media(site, camera, start, 'snapshot')] : [film];
  });
}

function noon(site: string, camera: string, midnight: number): Entry[] {
  const start = midnight + DAY_MS / 2;
  return [{ ...media(site, camera, start, 'continuous'), end: start + SEGMENT_MS }];
}

function media(site: string, camera: string, start: number, kind: MediaKind): MediaEntry {
  return {
    type: kind === 'snapshot' ? 'snapshot' : 'segment',
    ...{ key: mediaKey({ site, camera, start, kind }), kind, camera, start, end: start },
    ...{ bytes: kind === 'snapshot' ? 100_000 : 75_000_000, sha256: '0'.repeat(64), crc64nvme: 'AAAAAAAAAAA=' },
    ...{ codecs: ['avc1.42c01f'], width: 1280, height: 720, source: 'rtsp', run: '0123456789abcdef', seq: 0 },
  };
}
