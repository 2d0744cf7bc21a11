import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { Ledger } from '../../src/ledger/ledger.js';
import { fileName, type MediaKind, mediaKey, parseFileName } from '../../src/segment.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { sha256 } from '../simulators/entries.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
const CAMERAS = ['gate', 'yard', 'hall', 'shop'];
const CONTENT = 'a very short film';
const START = Date.UTC(2026, 0, 1);
const MOTION = 10;
const WATCHED = 400;
/** How many small files an uploader has under way. */
const AT_ONCE = 32;

export interface BacklogReport {
  files: number;
  readyMs: number;
  peakMegabytes: number;
  violations: string[];
}

/** What invariant I8 promises: neither memory nor the time to start grow with what waits; and what happened last goes first. */
export async function backlogProof(
  files: number,
  limits = { readyMs: 10_000, megabytes: 200 },
  say: (line: string) => void = () => undefined,
): Promise<BacklogReport> {
  const dir = await mkdtemp(join(tmpdir(), 'backlog-'));
  try {
    const config = await writeConfig(dir);
    say(`writing ${files} files`);
    await fill(join(dir, 'storage'), files);
    const child = spawn(process.execPath, [PROGRAM, 'run', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    const gone = once(child, 'exit');
    const report = await watch(child, files, limits);
    child.kill('SIGTERM');
    await gone;
    return report;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeConfig(dir: string): Promise<string> {
  await mkdir(join(dir, 'vault'));
  const settings = {
    site: 'home',
    storage: { dir: join(dir, 'storage'), min_free: '1MB' },
    cameras: Object.fromEntries(
      CAMERAS.map((name) => [name, { streams: { main: 'rtsp://127.0.0.1:9/none' }, record: { mode: 'off' } }]),
    ),
    remotes: { vault: { type: 'folder', path: join(dir, 'vault') } },
    web: { listen: '127.0.0.1:0' },
  };
  const file = join(dir, 'nvr-uplink.yaml');
  await writeFile(file, stringify(settings), { mode: 0o600 });
  return file;
}

/** Continuous footage of four cameras by turns, and some motion and pictures somewhere in the middle of it. */
async function fill(storage: string, files: number): Promise<void> {
  const layout = spoolLayout(storage);
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const hash = sha256(CONTENT);
  const kinds = (n: number): MediaKind =>
    n >= files / 2 && n < files / 2 + MOTION ? 'motion' : n % 10_000 === 77 ? 'snapshot' : 'continuous';
  for (let from = 0; from < files; from += 1_000) {
    const block = Array.from({ length: Math.min(1_000, files - from) }, (_, n) => from + n);
    ledger.transaction(() => {
      for (const n of block) {
        const parts = { camera: CAMERAS[n % CAMERAS.length]!, kind: kinds(n), start: START + n * 60_000 };
        const [key, name] = [mediaKey({ site: 'home', ...parts }), fileName(parts)];
        const times = { end: parts.start + 60_000, createdAt: parts.start + 60_000 };
        const id = ledger.files.begin({
          ...parts,
          ...times,
          key,
          name,
          bytes: CONTENT.length,
          sha256: hash,
          source: 'rtsp',
        });
        ledger.files.setState(id, 'ready');
        ledger.deliveries.add(id, ['vault']);
      }
    });
    await Promise.all(block.map((n) => writeFile(join(layout.ready, nameOf(n, kinds(n))), CONTENT)));
  }
  ledger.close();
}

function nameOf(n: number, kind: MediaKind): string {
  return fileName({ camera: CAMERAS[n % CAMERAS.length]!, kind, start: START + n * 60_000 });
}

async function watch(child: ChildProcess, files: number, limits: { readyMs: number; megabytes: number }) {
  const since = performance.now();
  const report: BacklogReport = { files, readyMs: Number.POSITIVE_INFINITY, peakMegabytes: 0, violations: [] };
  const delivered: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    const { msg, key } = JSON.parse(line) as { msg: string; key?: string };
    if (msg === 'pages are up') report.readyMs = Math.round(performance.now() - since);
    if (msg === 'delivered' && key && !key.includes('/index/')) delivered.push(key);
    if (delivered.length >= WATCHED) break;
  }
  report.peakMegabytes = await peakOf(child.pid!);
  if (report.readyMs > limits.readyMs) report.violations.push(`ready after ${report.readyMs} ms`);
  if (report.peakMegabytes > limits.megabytes) report.violations.push(`${report.peakMegabytes} MB at its peak`);
  report.violations.push(...outOfOrder(delivered));
  return report;
}

/** Largest resident size so far, as Linux counts it. */
async function peakOf(pid: number): Promise<number> {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
  return Math.round(Number(kilobytes) / 1_000);
}

function outOfOrder(delivered: readonly string[]): string[] {
  const parts = delivered.map((key) => parseFileName(key.slice(key.lastIndexOf('/') + 1))!);
  const violations: string[] = [];
  // They are started in order; so many are under way at once, and may arrive in any.
  const place = (of: (one: (typeof parts)[number]) => boolean) => parts.findIndex(of) + 1 || Number.POSITIVE_INFINITY;
  const motion = parts.filter(({ kind }) => kind === 'motion');
  if (motion.length < MOTION) violations.push(`${MOTION - motion.length} motion recordings waited behind a backlog`);
  for (const one of motion) {
    if (place((other) => other === one) > MOTION + AT_ONCE)
      violations.push(`motion of ${one.camera} waited behind a backlog`);
  }
  const newest = Math.max(...motion.map(({ start }) => start));
  if (place(({ start }) => start === newest) > AT_ONCE) violations.push('the newest motion was not among the first');
  const rest = parts.filter(({ kind }) => kind === 'continuous').slice(0, 200);
  const counts = CAMERAS.map((camera) => rest.filter((one) => one.camera === camera).length);
  if (Math.min(...counts) < 40) violations.push(`cameras had unequal turns: ${counts.join(', ')} of ${rest.length}`);
  return violations;
}
