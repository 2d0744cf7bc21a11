import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadClip } from '../../lib/simulator/clip.js';
import { MAIN_STREAM } from '../../lib/simulator/simulator.js';
import type { LocatedEntry } from '../../src/archive-source.js';
import type { StatusReport } from '../../src/browse/api.js';
import { type MediaEntry, type MotionSpan, mediaKey } from '../../src/segment.js';
import { type Footage, NOW, SITE } from './footage.js';

const run = promisify(execFile);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SEGMENT = 5 * MINUTE;
const CAMERAS = ['driveway', 'garden', 'gate', 'yard'];
const KINDS = ['person', 'vehicle', 'motion', 'animal'];

/** Three days of four cameras with the pictures of the demo: what screenshots show. "Now" is that of the footage. */
export async function makeScenery(dir: string): Promise<Footage> {
  const footage: Footage = { entries: [], frozen: new Map(), files: new Map() };
  for (const [index, camera] of CAMERAS.entries()) {
    const { film, photo, bytes } = await makeFilm(join(dir, camera), camera, index);
    for (let start = NOW - 2.5 * DAY; start < NOW - SEGMENT; start += SEGMENT) add(footage, camera, start, film, bytes);
    for (let at = NOW - 2 * DAY; at < NOW; at += HOUR) addPhoto(footage, camera, at - index * 7 * MINUTE, photo);
    addPhoto(footage, camera, NOW - (camera === 'yard' ? 7 * MINUTE : 9_000 - index * 1_000), photo);
  }
  remark(footage);
  return footage;
}

/** Each camera a night's gap or a pause of its own. */
function remark({ entries }: Footage): void {
  cut(entries, 'garden', NOW - 5 * HOUR, NOW - 4.3 * HOUR, { type: 'gap', cause: 'unreachable' });
  cut(entries, 'gate', NOW - 8 * HOUR, NOW - 7.75 * HOUR, { type: 'gap', cause: 'silent' });
  cut(entries, 'yard', NOW - 14 * HOUR, NOW - 8 * HOUR, { type: 'off', reason: 'schedule' });
}

type Cut = { type: 'gap'; cause: 'unreachable' | 'silent' } | { type: 'off'; reason: 'schedule' };

function cut(entries: LocatedEntry[], camera: string, start: number, end: number, why: Cut): void {
  const left = entries.filter((one) => one.camera !== camera || one.end <= start || one.start >= end);
  entries.splice(0, entries.length, ...left, { ...why, camera, start, end });
}

function add(footage: Footage, camera: string, start: number, film: string, bytes: number): void {
  const key = mediaKey({ site: SITE, camera, start, kind: 'continuous' });
  const entry: MediaEntry = {
    ...{
      type: 'segment',
      key,
      kind: 'continuous',
      camera,
      start,
      end: start + SEGMENT,
      bytes,
      sha256: '',
      source: 'rtsp',
    },
    ...{ codecs: ['avc1.42c01f'], width: MAIN_STREAM.width, height: MAIN_STREAM.height },
    ...motionOf(camera, start),
  };
  footage.entries.push({ ...entry, local: start > NOW - DAY, uploaded: start < NOW - HOUR });
  footage.files.set(key, film);
  if (start < NOW - 2 * DAY) footage.frozen.set(key, 'GLACIER');
}

function motionOf(camera: string, start: number): { motion?: MotionSpan[] } {
  const turn = Math.round(start / SEGMENT) * 7 + CAMERAS.indexOf(camera) * 11;
  if (turn % 19 > 1) return {};
  const [from, lengthMs] = [start + 40_000 + (turn % 5) * 20_000, 15_000 + (turn % 7) * 9_000];
  const score = 0.45 + (turn % 11) / 20;
  return {
    motion: [{ start: from, end: from + lengthMs, score, kind: KINDS[turn % KINDS.length], source: 'analysis' }],
  };
}

function addPhoto({ entries, files }: Footage, camera: string, start: number, file: string): void {
  const key = mediaKey({ site: SITE, camera, start, kind: 'snapshot' });
  const about = { camera, start, end: start, bytes: 1, sha256: '', source: 'rtsp', local: true, uploaded: true };
  entries.push({ type: 'snapshot', key, kind: 'snapshot', ...about });
  files.set(key, file);
}

async function makeFilm(dir: string, title: string, variant: number) {
  const spec = { ...MAIN_STREAM, title: title.toUpperCase(), variant };
  const clip = await loadClip(spec, { cacheDir: dir, ffmpeg: 'ffmpeg' }, new AbortController().signal);
  const stream = (await readdir(dir)).find((name) => name.endsWith('.h264'))!;
  const [once, film, photo] = [join(dir, 'once.mp4'), join(dir, 'film.mp4'), join(dir, 'photo.jpg')];
  // A bare stream has no times that a second round could go on from.
  await run('ffmpeg', ['-v', 'error', '-r', `${spec.fps}`, '-i', join(dir, stream), '-c', 'copy', once]);
  await run('ffmpeg', [
    ...['-v', 'error', '-stream_loop', '-1', '-i', once, '-t', '300'],
    ...['-c', 'copy', '-movflags', '+faststart', film],
  ]);
  await writeFile(photo, clip.snapshots[4]!);
  return { film, photo, bytes: (await readFile(film)).length };
}

/** What the recorder of this footage says of itself. */
export function sceneryStatus(): Pick<StatusReport, 'state' | 'cameras' | 'remotes' | 'problems'> {
  const iso = (age: number) => new Date(NOW - age).toISOString();
  const fine = {
    recording: true,
    lastFrameAt: iso(600),
    lastVerifiedUploadAt: iso(HOUR),
    gaps24h: 0,
    gapSeconds24h: 0,
  };
  const backlog = { files: 11, bytes: 812_000_000, oldestAt: iso(HOUR) };
  return {
    state: 'degraded',
    cameras: CAMERAS.map((name) => ({
      ...{ name, ...fine, backlog },
      ...(name === 'garden' && { gaps24h: 1, gapSeconds24h: 2520 }),
      ...(name === 'gate' && { gaps24h: 1, gapSeconds24h: 900 }),
      ...(name === 'yard' && {
        recording: false,
        reason: 'The camera at 192.168.1.24 cannot be reached.',
        lastFrameAt: iso(7 * MINUTE),
      }),
    })),
    remotes: [
      {
        ...{ name: 'archive', state: 'sending', reason: null },
        motion24h: { deadlineSeconds: 60, sent: 42, late: 0, worstSeconds: 31 },
      },
    ],
    problems: ['Camera yard is not recording: it cannot be reached.', 'The oldest file that waits is an hour old.'],
  };
}
