import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant } from './contestants.js';
import type { FileSet } from './files.js';
import type { Line } from './line.js';

export interface Usage {
  wallSeconds: number;
  cpuSeconds: number;
  /** Of the largest process. */
  peakMegabytes: number;
}

/** Nobody takes this long and is still a contestant. */
const LIMIT_S = 600;

/** Runs one upload as a whole process, and holds what arrived against what was sent. */
export async function measure(line: Line, one: Contestant, set: FileSet, work: string, target: string): Promise<Usage> {
  const command = await one.command(set, target);
  const report = join(work, 'usage');
  const timed = ['/usr/bin/time', '-q', '-o', report, '-f', '%e %U %S %M', 'timeout', `${LIMIT_S}`, ...command];
  const [file, ...args] = line.near(timed);
  // Node reads the certificates that this names at each start, 0.03 s for a whole bundle; on a recorder it is not set.
  const env = { ...process.env, LC_ALL: 'C', NODE_EXTRA_CA_CERTS: undefined };
  const child = spawn(file!, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  child.stderr!.on('data', (data: Buffer) => {
    said += data;
  });
  const [exit] = (await once(child, 'exit')) as [number | null];
  if (exit !== 0)
    throw new Error(`${one.name} (${one.protocol}, ${set.name}) ended with ${exit}: ${said.slice(-2_000)}`);
  await check(one.stored(target), set, one.name);
  await rm(one.stored(target), { recursive: true });
  const [wall, user, system, peak] = (await readFile(report, 'utf8')).trim().split(' ').map(Number);
  return { wallSeconds: wall!, cpuSeconds: user! + system!, peakMegabytes: peak! / 1_000 };
}

async function check(folder: string, set: FileSet, name: string): Promise<void> {
  const stored = await readdir(folder);
  for (const file of set.names) {
    const { size } = await stat(join(folder, file));
    if (size !== set.bytes) throw new Error(`${name} stored ${size} of ${set.bytes} bytes of ${file}`);
  }
  if (stored.length !== set.names.length)
    throw new Error(`${name} stored ${stored.length} files of ${set.names.length}`);
}

const SINK = `require('net').createServer({ allowHalfOpen: true }, (s) => s.resume().on('end', () => s.end('k')))
  .listen(7777, process.argv[1], () => console.log('ready'))`;
const SOURCE = `const s = require('net').connect(7777, process.argv[1], () => {
  let left = Number(process.argv[2]); const block = Buffer.alloc(65536); const since = performance.now();
  const more = () => { while (left > 0) { const n = Math.min(left, block.length); left -= n;
    if (!s.write(block.subarray(0, n))) return s.once('drain', more); } s.end(); };
  s.once('data', () => console.log((performance.now() - since) / 1000)); more(); })`;

/** Seconds that plain TCP takes for as many bytes: the line's limit. */
export async function rawSeconds(line: Line, bytes: number): Promise<number> {
  const [sinkFile, ...sinkArgs] = line.far([process.execPath, '-e', SINK, line.address]);
  const sink = spawn(sinkFile!, sinkArgs, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(sink.stdout!, 'data');
    const [file, ...args] = line.near([process.execPath, '-e', SOURCE, line.address, `${bytes}`]);
    const source = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [seconds] = (await once(source.stdout!, 'data')) as [Buffer];
    return Number(String(seconds));
  } finally {
    sink.kill();
  }
}
