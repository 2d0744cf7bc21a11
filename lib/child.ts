import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type Clock, systemClock } from './clock.js';

/** How long a child may take to end by itself after SIGTERM before it is killed. */
const GRACE_MS = 4_000;

const SETPRIV = '/usr/bin/setpriv';

/**
 * Starts a program that does not outlive us: on Linux the kernel ends it when we are killed, so that no orphan goes on
 * recording into files nobody watches. Elsewhere, and without util-linux, it is an ordinary child.
 *
 * The kernel asks once for each of our threads that dies before the last (measured: one to six times). ffmpeg, asked more
 * than once, leaves without the end of its file: the last group of pictures is lost then as if it had been killed too.
 */
export function spawnDependent(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  if (process.platform === 'linux' && existsSync(SETPRIV)) {
    // A group of its own: Ctrl-C in a terminal reaches every process of ours, and a second signal, from us, would cost
    // ffmpeg the end of the file it is closing.
    return spawn(SETPRIV, ['--pdeathsig', 'TERM', command, ...args], { ...options, detached: true });
  }
  return spawn(command, args, options);
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Resolves when the child is gone and its output is read; rejects only if it could not be started. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/**
 * Asks the child to end (SIGTERM), then insists (SIGKILL) after `graceMs`. Returns at once. Never asks twice: the second
 * SIGTERM makes ffmpeg leave without writing the end of its file.
 */
export function stopChild(child: ChildProcess, clock: Clock = systemClock, graceMs = GRACE_MS): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const gone = new AbortController();
  child.once('exit', () => gone.abort());
  void clock.sleep(graceMs, gone.signal).then(() => {
    if (!gone.signal.aborted) child.kill('SIGKILL');
  });
}

export interface Output extends Ended {
  stdout: Buffer;
  /** The last 4 kB of what it wrote to standard error. */
  stderr: string;
}

export interface RunOptions {
  /** Written to the child's standard input, which is then closed. */
  input?: Buffer | string;
  /** More standard output than this ends the child and rejects. Default 64 MiB. */
  maxBytes?: number;
  clock?: Clock;
}

/** Runs a program to its end. A non-zero exit is a result, not an error; an aborted signal ends the child. */
export async function runChild(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  { input, maxBytes = 64 * 2 ** 20, clock = systemClock }: RunOptions = {},
): Promise<Output> {
  signal.throwIfAborted();
  const child = spawnDependent(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = () => stopChild(child, clock);
  signal.addEventListener('abort', stop);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout!.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) stop();
    else chunks.push(chunk);
  });
  const stderr = tail(child);
  // A child that ends before reading all its input breaks the pipe; its exit status tells the story.
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(input);
  try {
    const result = await ended(child);
    if (size > maxBytes) throw new Error(`${command} wrote more than ${maxBytes} bytes`);
    return { ...result, stdout: Buffer.concat(chunks), stderr: stderr() };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Keeps the last `bytes` a child writes to standard error; whole lines only, so that a secret is never cut in half. */
export function tail(child: ChildProcess, bytes = 4_096): () => string {
  let text = '';
  let cut = false;
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.length <= bytes) return;
    text = text.slice(-bytes);
    cut = true;
  });
  return () => (cut ? wholeLines(text) : text).trim();
}

function wholeLines(text: string): string {
  const first = text.indexOf('\n');
  return first < 0 ? '' : text.slice(first + 1);
}
