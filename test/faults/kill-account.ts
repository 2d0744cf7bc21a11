import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { processesIn } from '../../lib/processes.js';
import { account } from '../../src/archive/timeline.js';
import { type FileRow, mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { digest } from '../../src/spool/commit.js';
import { packetHashes } from '../peers/rtsp.js';
import type { SentSession } from '../simulators/sent-frames.js';

/** One camera for each engine. */
export const ENGINES = { gate: 'auto', yard: 'ffmpeg' } as const;
export const CAMERAS = Object.keys(ENGINES) as (keyof typeof ENGINES)[];

/** Pictures in a group, and a second, of the simulated streams. */
export const GOP_FRAMES = 15;

/** ffmpeg knows where a picture ends when the next one begins: the newest it has read is in no group yet. */
const HELD_FRAMES = 1;

export interface Kill {
  kind: 'everything' | 'service' | 'hung';
  sessions: readonly SentSession[];
}

export interface KillReport {
  cycles: number;
  segments: number;
  gaps: number;
  /** Pictures in the archive. */
  frames: number;
  /** For each kind of kill and each recording killed: how many pictures it had read are not in the archive. */
  lostFrames: Record<Kill['kind'], number[]>;
  /** Everything that should not be; empty when all promises were kept. */
  violations: string[];
}

/** Holds archive, ledger, and what the cameras sent against each other. */
export async function examine(
  dir: string,
  kills: readonly Kill[],
  sessions: readonly SentSession[],
): Promise<KillReport> {
  const ledger = new Ledger(join(dir, 'recorder', 'ledger.db'));
  const lostFrames = { everything: [], service: [], hung: [] };
  const report: KillReport = { cycles: kills.length, segments: 0, gaps: 0, frames: 0, lostFrames, violations: [] };
  const stored = await filesBelow(join(dir, 'archive', 'test'));
  const media = new Map(stored.filter((key) => key.endsWith('.mp4')).map((key) => [`test/${key}`, 0]));
  const loop = await clipHashes(join(dir, 'clips'));
  for (const camera of CAMERAS) {
    const files = ledger.files.between(camera, 0, Number.MAX_SAFE_INTEGER).filter((file) => file.kind === 'continuous');
    report.segments += files.length;
    // What was finished while the last run stopped is waiting, and says so.
    const delivered = files.filter((file) => file.verifiedAt);
    for (const file of delivered) {
      if (!media.has(file.key)) report.violations.push(`${file.key} is verified in the ledger and not in the archive`);
      else if ((await digest(join(dir, 'archive', file.key))).sha256 !== file.sha256) {
        report.violations.push(`${file.key} in the archive is not what was recorded`);
      }
      media.set(file.key, (media.get(file.key) ?? 0) + 1);
    }
    const frames = new Frames(loop, sessions.find((one) => one.camera === camera)!);
    for (const file of delivered) frames.add(file, packetHashes(join(dir, 'archive', file.key), 'v'));
    report.frames += frames.count;
    report.violations.push(...frames.violations);
    judgeKills(camera, kills, frames, ledger, report);
    judgeTime(camera, files, ledger, report);
  }
  for (const [key, count] of media) {
    if (count !== 1) report.violations.push(`${key} is in the archive and ${count} times in the ledger`);
  }
  const left = (await processesIn(join(dir, 'recorder'))).length;
  if (left > 0) report.violations.push(`${left} processes are left over`);
  ledger.close();
  return report;
}

/** The pictures of one camera in the archive, by their position since the camera began: the clip repeats, positions do not. */
class Frames {
  readonly violations: string[] = [];
  readonly #loop: ReadonlyMap<string, number>;
  readonly #origin: SentSession;
  readonly #files = new Map<number, FileRow>();

  constructor(loop: ReadonlyMap<string, number>, origin: SentSession) {
    this.#loop = loop;
    this.#origin = origin;
  }

  get count(): number {
    return this.#files.size;
  }

  fileWith(position: number): FileRow | undefined {
    return this.#files.get(position);
  }

  add(file: FileRow, hashes: readonly string[]): void {
    const places = hashes.map((hash) => this.#loop.get(hash));
    if (places[0] === undefined) return void this.violations.push(`${file.key} begins with a picture never sent`);
    const first = this.#positionOf(places[0], file.start);
    for (const [index, place] of places.entries()) {
      const position = first + index;
      if (place !== position % this.#loop.size) this.violations.push(`${file.key}: picture ${index} is not the next`);
      if (this.#files.has(position)) this.violations.push(`${file.key} doubles ${this.#files.get(position)!.key}`);
      this.#files.set(position, file);
    }
  }

  /** Of all positions with this picture, the one sent nearest to `time`: they are a whole loop apart. */
  #positionOf(place: number, time: number): number {
    const { first, firstAt } = this.#origin;
    const near = first + ((time - firstAt) * GOP_FRAMES) / 1000;
    return place + Math.round((near - place) / this.#loop.size) * this.#loop.size;
  }
}

function judgeKills(camera: string, kills: readonly Kill[], frames: Frames, ledger: Ledger, report: KillReport): void {
  for (const { kind, sessions } of kills) {
    const { first, read } = sessions.find((one) => one.camera === camera)!;
    let last = read!;
    while (last >= first && !frames.fileWith(last)) last--;
    const lost = read! - last;
    report.lostFrames[kind].push(lost);
    if (lost > GOP_FRAMES + HELD_FRAMES) report.violations.push(`${camera} lost ${lost} pictures to a kill (${kind})`);
    for (let position = first; position <= last; position++) {
      if (!frames.fileWith(position)) report.violations.push(`${camera}: picture ${position} was read and is missing`);
    }
    const end = frames.fileWith(last)?.end ?? 0;
    const next = ledger.files.between(camera, end, Number.MAX_SAFE_INTEGER).find((file) => file.start > end);
    const named = ledger.gaps
      .between(camera, end, next?.start ?? Number.MAX_SAFE_INTEGER)
      .some((gap) => gap.cause === 'recorder-crashed');
    if (!named) report.violations.push(`${camera}: no gap names the kill after ${new Date(end).toISOString()}`);
  }
}

function judgeTime(camera: string, files: readonly FileRow[], ledger: Ledger, report: KillReport): void {
  const gaps = ledger.gaps.between(camera, 0, Number.MAX_SAFE_INTEGER);
  report.gaps += gaps.length;
  const first = Math.min(...gaps.map((gap) => gap.start), ...files.map((file) => file.start));
  const last = Math.max(...files.map((file) => file.end));
  const entries = [...files.map(mediaEntry), ...gaps.map((gap) => gapEntry(gap, last))];
  const { unaccountedMs } = account(entries, { start: first, end: last });
  if (unaccountedMs > 0) report.violations.push(`${camera}: ${unaccountedMs} ms are neither recorded nor a gap`);
}

/** The place of each picture in the loop, by its hash. */
async function clipHashes(folder: string): Promise<Map<string, number>> {
  const [clip] = (await readdir(folder)).filter((name) => name.endsWith('.h264'));
  const hashes = packetHashes(join(folder, clip!), 'v');
  const places = new Map(hashes.map((hash, place) => [hash, place]));
  if (places.size < hashes.length) throw new Error('two pictures of the clip are alike: frames cannot be told apart');
  return places;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
