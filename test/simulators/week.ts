import { createHash } from 'node:crypto';
import { CHAIN_START } from '../../src/archive/chain.js';
import { buildShards, type ChainState } from '../../src/archive/listing.js';
import { type Entry, type MotionSpan, mediaKey } from '../../src/segment.js';

export const WEEK_CAMERAS = ['back-door', 'drive', 'garage', 'garden', 'gate', 'hall', 'shed', 'street'];
/** A Monday. */
export const WEEK_START = Date.UTC(2026, 3, 27);
export const DAY_MS = 86_400_000;
export const SEGMENT_MS = 300_000;
const HOUR_MS = 3_600_000;

export interface WeekOptions {
  cameras?: readonly string[];
  days?: number;
  /** The bytes of every file of five minutes. */
  film: Buffer;
  /** The bytes of a snapshot each hour, if there are any. */
  photo?: Buffer;
}

/** A week of cameras that record all day in files of five minutes, with motion, a gap every night and time off: what the index says. */
export function weekEntries(camera: string, { days = 7, film, photo }: WeekOptions): Entry[] {
  const sha256 = createHash('sha256').update(film).digest('hex');
  const entries: Entry[] = [];
  for (let day = 0; day < days; day++) {
    const midnight = WEEK_START + day * DAY_MS;
    // Each night another ten minutes are missing; each noon an hour is off.
    const gapAt = midnight + 2 * HOUR_MS + day * SEGMENT_MS;
    const offAt = midnight + 12 * HOUR_MS;
    entries.push({ type: 'gap', camera, start: gapAt, end: gapAt + 2 * SEGMENT_MS, cause: 'unreachable' });
    entries.push({ type: 'off', camera, start: offAt, end: offAt + HOUR_MS, reason: 'schedule' });
    for (let start = midnight; start < midnight + DAY_MS; start += SEGMENT_MS) {
      if (start >= gapAt && start < gapAt + 2 * SEGMENT_MS) continue;
      if (start >= offAt && start < offAt + HOUR_MS) continue;
      entries.push({
        type: 'segment',
        ...{ key: mediaKey({ site: 'home', camera, start, kind: 'continuous' }), kind: 'continuous', camera },
        ...{ start, end: start + SEGMENT_MS, bytes: film.length, sha256, crc64nvme: 'AAAAAAAAAAA=' },
        ...{ codecs: ['avc1.42c01f', 'mp4a.40.2'], width: 1280, height: 720, source: 'rtsp' },
        ...{ run: '0123456789abcdef', seq: Math.round((start - midnight) / SEGMENT_MS) },
        ...motionIn(camera, start),
      });
    }
    if (photo) for (let hour = 0; hour < 24; hour++) entries.push(snapshot(camera, midnight + hour * HOUR_MS, photo));
  }
  return entries;
}

function snapshot(camera: string, start: number, photo: Buffer): Entry {
  return {
    type: 'snapshot',
    ...{
      key: mediaKey({ site: 'home', camera, start, kind: 'snapshot' }),
      kind: 'snapshot',
      camera,
      start,
      end: start,
    },
    ...{ bytes: photo.length, sha256: createHash('sha256').update(photo).digest('hex'), crc64nvme: 'AAAAAAAAAAA=' },
    ...{ codecs: ['mjpeg'], width: 1280, height: 720, source: 'rtsp', run: '0123456789abcdef', seq: 0 },
  };
}

/** In every twelfth file, another one for each camera. */
function motionIn(camera: string, start: number): { motion?: MotionSpan[] } {
  const turn = Math.round(start / SEGMENT_MS) + WEEK_CAMERAS.indexOf(camera) * 5;
  if (turn % 12 !== 0) return {};
  const score = ((turn / 12) % 10) / 10;
  return { motion: [{ start: start + 60_000, end: start + 85_000, score, kind: 'person', source: 'analysis' }] };
}

/** The shards that list the entries of a camera, written by the recorder's own writer an hour at a time. */
export function weekShards(camera: string, entries: readonly Entry[]): { key: string; text: string }[] {
  const from: ChainState = { n: 0, prev: CHAIN_START, shard: 0 };
  return buildShards('home', camera, entries, from).shards;
}
