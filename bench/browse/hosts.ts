import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import type { Line } from '../upload/line.js';
import { makeFilm, makePhoto } from './material.js';

const run = promisify(execFile);
const PORT = 9000;
/** Ceph takes its time to go. */
const END_MS = 20_000;

export interface Counts {
  lists: number;
  gets: number;
  /** Of films. */
  bytes: number;
}

export interface Hosts {
  /** Where the buckets are, as the browser reaches them. */
  bucket: string;
  browser: Browser;
  /** What has been asked of the bucket. */
  counts(): Promise<Counts>;
  /** The pages over some of its sites, started anew: with nothing in memory. */
  pages(...sites: string[]): Promise<Pages>;
  stop(): Promise<void>;
}

/** What `nvr-uplink browse` shows, on the near side of the line. */
export interface Pages {
  /** The pages, signed in by `cookie`. */
  url: string;
  cookie: { name: string; value: string; url: string };
  /** In a browser that has never been here, signed in. */
  open(options?: BrowserContextOptions): Promise<Page>;
  /** Asks for one answer, compressed, without a browser. */
  ask(path: string): Promise<{ seconds: number; bytes: number }>;
  stop(): Promise<void>;
}

type Run = (...args: string[]) => Promise<string>;

/** On the far side of `line` a bucket with what `contents` names (`bucket.ts`); on the near side Chromium. */
export async function startHosts(line: Line, dir: string, contents: readonly string[]): Promise<Hosts> {
  const [film, photo] = [await makeFilm(dir), await makePhoto(dir)];
  const built = join(dir, 'pages');
  await build({ logLevel: 'error', build: { outDir: built, emptyOutDir: true } });
  const bucket = `http://${line.address}:${PORT}`;
  const near: Run = async (...args) => {
    const [file, ...rest] = line.near(['curl', '-sS', '--fail', ...args]);
    return (await run(file!, rest, { maxBuffer: 64e6 })).stdout;
  };
  const far = await start(line.far(program('bucket.ts', line.address, `${PORT}`, film, photo, ...contents)));
  let browser: Browser;
  try {
    browser = await launch(line, dir);
  } catch (error) {
    await end(far.child);
    throw error;
  }
  return {
    ...{ bucket, browser },
    counts: async () => JSON.parse(await near(`${bucket}/counts`)) as Counts,
    async pages(...sites) {
      const scratch = await mkdtemp(join(dir, 'scratch-'));
      const { child, said } = await start(line.near(program('pages.ts', bucket, far.said, built, scratch, ...sites)));
      const url = new URL(said).origin;
      const cookie = { ...(await signIn(near, said)), url };
      return { url, cookie, ...visits(browser, near, url, cookie), stop: () => end(child) };
    },
    async stop() {
      await browser.close();
      await end(far.child);
    },
  };
}

function visits(browser: Browser, near: Run, url: string, cookie: Pages['cookie']): Pick<Pages, 'open' | 'ask'> {
  return {
    async open(options = { viewport: { width: 1280, height: 800 } }) {
      const context = await browser.newContext(options);
      await context.addCookies([cookie]);
      return context.newPage();
    },
    async ask(path) {
      const headers = ['-H', `Cookie: ${cookie.name}=${cookie.value}`, '-H', 'Accept-Encoding: gzip'];
      const told = await near(...headers, '-o', '/dev/null', '-w', '%{time_total} %{size_download}', url + path);
      const [seconds, bytes] = told.split(' ').map(Number) as [number, number];
      return { seconds, bytes };
    },
  };
}

function program(name: string, ...args: string[]): string[] {
  return [process.execPath, '--import', 'tsx', fileURLToPath(new URL(name, import.meta.url)), ...args];
}

/** Resolves with the first line it prints. */
async function start([file, ...args]: string[]): Promise<{ child: ChildProcess; said: string }> {
  // What the AWS SDK says of this version of Node is no finding.
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  const child = spawn(file!, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! });
  const [said] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${args.join(' ')} did not start`))),
  ])) as [string];
  return { child, said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  AbortSignal.timeout(END_MS).addEventListener('abort', () => child.kill('SIGKILL'));
  await gone;
}

async function signIn(near: Run, ticket: string) {
  const headers = await near('-D', '-', '-o', '/dev/null', ticket);
  const [, name, value] = /^set-cookie: ([^=]+)=([^;]+)/im.exec(headers)!;
  return { name: name!, value: value! };
}

/** Chromium on the near host: Playwright talks to it over pipes, which know no network. */
async function launch(line: Line, dir: string): Promise<Browser> {
  const wrapper = join(dir, 'chromium');
  await writeFile(wrapper, `#!/bin/sh\nexec ${line.near(['/usr/bin/chromium']).join(' ')} "$@"\n`);
  await chmod(wrapper, 0o755);
  return chromium.launch({
    executablePath: wrapper,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--mute-audio'],
  });
}
