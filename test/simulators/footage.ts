import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LocatedEntry } from '../../src/archive-source.js';
import { type MediaEntry, type MotionSpan, mediaKey } from '../../src/segment.js';

const run = promisify(execFile);

/** A day in the life of two cameras, with real pictures. Noon UTC is "now". */
export const SITE = 'home';
export const NOW = Date.UTC(2026, 4, 3, 12);
export const at = (clock: string) => Date.parse(`2026-05-03T${clock}Z`);

export interface Footage {
  entries: LocatedEntry[];
  /** Storage classes of the files that would have to be thawed, by key. */
  frozen: Map<string, string>;
  /** Which file holds the bytes of a key. */
  files: Map<string, string>;
}

/** Writes the media files below `dir` and says what they are footage of. */
export async function makeFootage(dir: string): Promise<Footage> {
  const seconds = [0, 1, 2, 3].map((n) => film(dir, `short-${n}.mp4`, 10, 25, n * 80));
  const [long, h265, photo, ...short] = await Promise.all([
    film(dir, 'long.mp4', 300, 5, 30),
    film(dir, 'h265.mp4', 10, 10, 200, ['libx265', '-x265-params', 'log-level=error:pools=none', '-tag:v', 'hvc1']),
    still(dir, 'photo.jpg'),
    ...seconds,
  ]);
  const footage: Footage = { entries: [], frozen: new Map(), files: new Map() };
  const add = async (camera: string, start: number, lengthMs: number, file: string) =>
    put(footage, await entryOf(camera, start, lengthMs, file), file);
  for (const camera of ['front', 'yard']) {
    for (let start = at('05:00:00'); start < at('09:55:00'); start += 300_000) {
      if (camera === 'yard' && start >= at('07:00:00') && start < at('07:40:00')) continue;
      await add(camera, start, 300_000, long!);
    }
    for (let start = at('10:05:00'); start < at('11:55:00'); start += 300_000) await add(camera, start, 300_000, long!);
  }
  // Where the tests look closely: three files in a row, a gap of fifteen seconds, one more.
  for (const [n, clock] of ['10:00:00', '10:00:10', '10:00:20', '10:00:45'].entries()) {
    await add('front', at(clock), 10_000, short[n]!);
  }
  await add('yard', at('04:00:00'), 10_000, h265!);
  footage.entries.push({ type: 'off', camera: 'yard', start: at('02:00:00'), end: at('03:00:00'), reason: 'schedule' });
  alter(footage, 'yard', '05:00:00', (entry) => footage.frozen.set(entry.key, 'GLACIER'));
  alter(footage, 'yard', '05:40:00', (entry) => (entry.motion = [moving('05:41:00', '05:45:00', 0.4)]));
  alter(footage, 'yard', '05:45:00', (entry) => (entry.motion = [moving('05:45:00', '05:46:30', 0.9, 'person')]));
  alter(footage, 'front', '10:05:00', (entry) => (entry.motion = [moving('10:06:10', '10:06:20', 0.7, 'vehicle')]));
  gap(footage, 'front', '10:00:30', '10:00:45', 'silent');
  gap(footage, 'yard', '07:00:00', '07:40:00', 'unreachable');
  for (let n = 0; n < 60; n++) await add(n % 3 ? 'front' : 'yard', at('05:00:00') + n * 400_000, 0, photo!);
  return footage;
}

/** Changes the entry of a camera that begins then. */
function alter({ entries }: Footage, camera: string, clock: string, change: (entry: MediaEntry) => void): void {
  for (const entry of entries)
    if (entry.type === 'segment' && entry.camera === camera && entry.start === at(clock)) change(entry);
}

const moving = (from: string, to: string, score: number, kind = 'motion'): MotionSpan => ({
  ...{ start: at(from), end: at(to), score, kind, source: 'onvif' },
});

function put(footage: Footage, entry: MediaEntry, file: string): void {
  const uploaded = entry.end <= at('11:00:00');
  footage.entries.push({ ...entry, local: true, uploaded });
  footage.files.set(entry.key, file);
}

function gap(footage: Footage, camera: string, from: string, to: string, cause: 'silent' | 'unreachable'): void {
  footage.entries.push({ type: 'gap', camera, start: at(from), end: at(to), cause });
}

async function entryOf(camera: string, start: number, lengthMs: number, file: string): Promise<MediaEntry> {
  const kind = lengthMs > 0 ? 'continuous' : 'snapshot';
  const bytes = await readFile(file);
  return {
    type: lengthMs > 0 ? 'segment' : 'snapshot',
    key: mediaKey({ site: SITE, camera, start, kind }),
    kind,
    camera,
    start,
    end: start + lengthMs,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(lengthMs > 0 ? { codecs: [file.includes('h265') ? 'hvc1.1.6.L63.90' : 'avc1.42c01e', 'mp4a.40.2'] } : {}),
    ...{ width: 640, height: 360 },
    source: 'rtsp',
  };
}

const H264 = ['libx264', '-preset', 'ultrafast', '-profile:v', 'baseline'];

export async function film(
  dir: string,
  name: string,
  seconds: number,
  rate: number,
  hue: number,
  codec: readonly string[] = H264,
): Promise<string> {
  const file = join(dir, name);
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=${rate}:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=300:duration=${seconds}`, '-vf', `hue=h=${hue}`, '-shortest'],
    ...['-c:v', ...codec, '-pix_fmt', 'yuv420p', '-g', `${rate * 2}`],
    ...['-c:a', 'aac', '-b:a', '48k', '-movflags', '+faststart', file],
  ]);
  return file;
}

async function still(dir: string, name: string): Promise<string> {
  const file = join(dir, name);
  await run('ffmpeg', [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=640x360', '-frames:v', '1', '-q:v', '4', file],
  ]);
  return file;
}
