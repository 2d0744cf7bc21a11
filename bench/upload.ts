import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../lib/errors.js';
import { requirePeers } from './peers.js';
import type { BenchOptions, Measured } from './results.js';
import { type Contestant, contestants, OURS } from './upload/contestants.js';
import { type FileSet, makeFiles } from './upload/files.js';
import { type Line, loopback, wan } from './upload/line.js';
import { measure, rawSeconds, type Usage } from './upload/measure.js';
import { type Kind, type Section, type Stage, stages } from './upload/sections.js';
import { startServers } from './upload/servers.js';

export { belongs } from './upload/sections.js';

const PROGRAM = fileURLToPath(new URL('../dist/bin/nvr-uplink.js', import.meta.url));

/** curl waits for each block of SFTP, and signs in for each file of FTPS: minutes over a long line, which show nothing new. */
function isPatient({ name, protocol }: Contestant, line: Line, kind: Kind, quick: boolean): boolean {
  if (name !== 'curl') return false;
  return protocol === 'sftp' ? quick || line.name !== 'loopback' : quick && kind === 'small';
}

/** Ours beside OpenSSH, rclone, lftp and curl: the same files, servers and lines in one run, each a whole process. */
export async function run({ quick, only, say }: BenchOptions): Promise<Measured[]> {
  requirePeers('upload');
  if (!existsSync(PROGRAM)) throw new Error('Build first: npm run build');
  const wanted = stages(quick, only);
  const dir = await mkdtemp(join(tmpdir(), 'bench-upload-'));
  const results: Measured[] = [];
  try {
    for (const stage of wanted) {
      const line = stage.wan ? await wan(stage.wan) : loopback();
      try {
        results.push(...(await onLine(line, stage, dir, quick, say)));
      } finally {
        await line.close();
      }
    }
    return results;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function onLine(line: Line, { sections }: Stage, dir: string, quick: boolean, say: Say) {
  const work = join(dir, line.name);
  await mkdir(work);
  const servers = await startServers(line, join(work, 'far'));
  const results: Measured[] = [];
  try {
    const everybody = contestants(servers, work);
    for (const section of sections) {
      const all = everybody.filter((one) => !isPatient(one, line, section.kind, quick));
      const set = await makeFiles(join(dir, 'files'), ...section.files);
      results.push(...(await contest(line, all, section, set, work, say)));
      await rm(set.folder, { recursive: true });
    }
    return [...results, ...growth(results)];
  } finally {
    await servers.stop();
  }
}

type Say = (text: string) => void;

/** How much memory a file of 2 GB takes beside one of 20 MB. */
function growth(results: readonly Measured[]): Measured[] {
  return (['sftp', 'ftps'] as const).flatMap((protocol) => {
    const peak = (kind: string) => results.find(({ metric }) => metric === `${protocol}-${kind}-loopback-rss`)?.ours;
    const [short, huge] = [peak('short'), peak('huge')];
    if (short === undefined || huge === undefined) return [];
    const unit = `${protocol}: peak MB with a huge file`;
    return [{ metric: `${protocol}-rss-growth`, unit, better: 'lower', ours: huge, peers: { 'a short file': short } }];
  });
}

async function contest(
  line: Line,
  everybody: readonly Contestant[],
  { id, protocol, kind, rounds }: Section,
  set: FileSet,
  work: string,
  say: Say,
): Promise<Measured[]> {
  const alone = kind === 'short' || kind === 'huge';
  const all = everybody.filter((one) => one.protocol === protocol && (!alone || one.name === OURS));
  const usages = new Map<Contestant, Usage[]>(all.map((one) => [one, []]));
  const raw: number[] = [];
  for (let round = 1; round <= (alone ? 1 : rounds); round++) {
    raw.push(await rawSeconds(line, set.bytes * set.names.length));
    for (const one of all) {
      const usage = await measureWhole(line, one, set, work, `${id}-${round}`, say);
      if (usage) usages.get(one)!.push(usage);
    }
  }
  return measured(id, `${protocol} ${set.name} ${line.name}`, all, usages, raw);
}

/** Undefined where a peer failed, or did not store every byte: no time of such a run counts. Ours ends the benchmark. */
async function measureWhole(
  line: Line,
  one: Contestant,
  set: FileSet,
  work: string,
  id: string,
  say: Say,
): Promise<Usage | undefined> {
  const what = `${line.name}, ${set.name}, ${one.protocol}, ${one.name}`;
  try {
    const usage = await measure(line, one, set, work, `${id}-${one.name.replaceAll(/\W/g, '')}`);
    const { wallSeconds, cpuSeconds, peakMegabytes } = usage;
    say(`${what}: ${wallSeconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, ${peakMegabytes.toFixed(0)} MB`);
    return usage;
  } catch (error) {
    if (one.name === OURS) throw error;
    say(`${what}: not counted: ${messageOf(error)}`);
    return undefined;
  }
}

function measured(
  id: string,
  what: string,
  all: Contestant[],
  usages: Map<Contestant, Usage[]>,
  raw: number[],
): Measured[] {
  const of = (one: Contestant, figure: keyof Usage) => median(usages.get(one)!.map((usage) => usage[figure]));
  const ours = all.find(({ name }) => name === OURS)!;
  const whole = all.filter((one) => usages.get(one)!.length > 0);
  const peers = (figure: keyof Usage) =>
    Object.fromEntries(whole.filter((one) => one !== ours).map((one) => [one.name, of(one, figure)]));
  const row = (metric: string, unit: string, figure: keyof Usage): Measured => ({
    ...{ metric, unit: `${what}: ${unit}`, better: 'lower', ours: of(ours, figure), peers: peers(figure) },
  });
  return [
    row(`${id}-wall`, 's', 'wallSeconds'),
    { ...row(`${id}-raw`, 's beside plain TCP', 'wallSeconds'), peers: { 'plain TCP': median(raw) } },
    row(`${id}-cpu`, 'CPU s', 'cpuSeconds'),
    row(`${id}-rss`, 'peak MB', 'peakMegabytes'),
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
