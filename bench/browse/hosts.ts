import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';
import { WEEK_CAMERAS, weekEntries, weekShards } from '../../test/simulators/week.js';
import type { Line } from '../upload/line.js';

const run = promisify(execFile);
const PORT = 9000;

export interface Counts {
  lists: number;
  gets: number;
  /** Of films. */
  bytes: number;
}

export interface Hosts {
  /** The bucket as the browser reaches it. */
  bucket: string;
  /** The pages, signed in by `cookie`. */
  url: string;
  cookie: { name: string; value: string; url: string };
  browser: Browser;
  /** What has been asked of the bucket. */
  counts(): Promise<Counts>;
  /** The size in bytes of a reply of the pages. */
  bytesOf(path: string): Promise<number>;
  stop(): Promise<void>;
}

/** On the far side of `line` a bucket with a week of eight cameras; on the near side the pages over it, and Chromium. */
export async function startHosts(line: Line, dir: string): Promise<Hosts> {
  const film = await makeFilm(dir);
  const bytes = await readFile(film);
  const objects = Object.fromEntries(
    WEEK_CAMERAS.flatMap((camera) =>
      weekShards(camera, weekEntries(camera, { film: bytes })).map(({ key, text }) => [key, text]),
    ),
  );
  await writeFile(join(dir, 'objects.json'), JSON.stringify(objects));
  await build({ logLevel: 'error', build: { outDir: join(dir, 'pages'), emptyOutDir: true } });
  const bucket = `http://${line.address}:${PORT}`;
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children) {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  };
  try {
    await start(children, line.far(program('bucket.ts', line.address, `${PORT}`, join(dir, 'objects.json'), film)));
    const ticket = await start(children, line.near(program('pages.ts', bucket, join(dir, 'pages'))));
    const url = new URL(ticket).origin;
    const near = async (...args: string[]) => {
      const [file, ...rest] = line.near(['curl', '-sS', '--fail', ...args]);
      return (await run(file!, rest, { maxBuffer: 64e6 })).stdout;
    };
    const cookie = { ...(await signIn(near, ticket)), url };
    const browser = await launch(line, dir);
    return {
      ...{ bucket, url, browser, cookie },
      counts: async () => JSON.parse(await near(`${bucket}/counts`)) as Counts,
      bytesOf: async (path) =>
        Number(
          await near(
            ...['-H', `Cookie: ${cookie.name}=${cookie.value}`, '-H', 'Accept-Encoding: gzip'],
            ...['-o', '/dev/null', '-w', '%{size_download}', url + path],
          ),
        ),
      async stop() {
        await browser.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function program(name: string, ...args: string[]): string[] {
  return [process.execPath, '--import', 'tsx', fileURLToPath(new URL(name, import.meta.url)), ...args];
}

/** Resolves to the first line it prints. */
async function start(children: ChildProcess[], [file, ...args]: string[]): Promise<string> {
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout! });
  const [first] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${args.join(' ')} did not start`))),
  ])) as [string];
  return first;
}

async function signIn(near: (...args: string[]) => Promise<string>, ticket: string) {
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

/** Five minutes of 720p at 2 Mbit/s, a keyframe every two seconds: twenty seconds encoded, and those fifteen times. */
async function makeFilm(dir: string): Promise<string> {
  const [short, film] = [join(dir, 'short.mp4'), join(dir, 'film.mp4')];
  const rate = ['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M', '-nal-hrd', 'cbr'];
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=15:duration=20,noise=alls=12:allf=t'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=300:duration=20', '-c:v', 'libx264', '-preset', 'veryfast'],
    ...['-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30', ...rate, '-c:a', 'aac', '-b:a', '48k', short],
  ]);
  await run('ffmpeg', [
    ...['-v', 'error', '-stream_loop', '14', '-i', short, '-c', 'copy', '-movflags', '+faststart', film],
  ]);
  return film;
}
