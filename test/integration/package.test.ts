import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let dir: string;
let program: string;

/** What is published, unpacked, beside the packages that an installation of it would bring. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'package-'));
  // Not its own build: the tests run with the one that is there.
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', dir], { cwd: ROOT });
  execFileSync('tar', ['xzf', `nvr-uplink-${version()}.tgz`], { cwd: dir });
  await symlink(join(ROOT, 'node_modules'), join(dir, 'package', 'node_modules'));
  program = join(dir, 'package', 'dist', 'bin', 'nvr-uplink.js');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function version(): string {
  return execFileSync('npm', ['pkg', 'get', 'version'], { cwd: ROOT, encoding: 'utf8' }).trim().replaceAll('"', '');
}

it('knows its version', async () => {
  expect((await run(process.execPath, [program, '--version'])).stdout.trim()).toBe(version());
});

it('sends files', async () => {
  await mkdir(join(dir, 'vault'));
  await writeFile(join(dir, 'film'), 'a film');
  const config = join(dir, 'nvr-uplink.yaml');
  const cameras = 'cameras: { gate: { streams: { main: "rtsp://127.0.0.1/unused" } } }';
  const remotes = `remotes: { vault: { type: folder, path: ${join(dir, 'vault')} } }`;
  await writeFile(config, `storage: { dir: ${join(dir, 'storage')} }\n${cameras}\n${remotes}\n`, { mode: 0o600 });
  const { stdout } = await run(process.execPath, [program, 'upload', join(dir, 'film'), '--json', '-c', config]);
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ event: 'finished', stored: 1, failed: 0 });
});

it('keeps the names of our functions, for traces', async () => {
  const folder = join(dir, 'package', 'dist', 'src');
  const parts = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), 'utf8')));
  expect(texts.some((text) => /^ {2}async write\(lane, handle, source/m.test(text))).toBe(true);
});

/** What is loaded with a part, not later: the files that the build put into it, and the packages it left alone. */
async function loadedWith(part: RegExp): Promise<string[]> {
  const folder = join(dir, 'package', 'dist', 'src');
  const parts = (await readdir(folder)).filter((name) => part.test(name));
  expect(parts).toHaveLength(1);
  const loaded = new Set<string>();
  for (const name of parts) {
    const text = await readFile(join(folder, name), 'utf8');
    // The build names each file it takes above what it takes of it.
    for (const [, file] of text.matchAll(/^\/\/ (\S+\.[jt]s|required:\S+)$/gm)) loaded.add(file!);
    for (const [, from] of text.matchAll(/^(?:import|export) (?:[^;'"]*? from )?["']([^"']+)["'];$/gms)) {
      if (!from!.startsWith('./')) loaded.add(from!);
      else if (!parts.includes(from!.slice(2))) parts.push(from!.slice(2));
    }
  }
  return [...loaded];
}

it('loads no logger for a command that logs nothing', async () => {
  const logger = 'node_modules/pino/pino.js';
  expect(await loadedWith(/^program-\w+\.js$/)).not.toContain(logger);
  expect(await loadedWith(/^upload-\w{8}\.js$/)).not.toContain(logger);
  expect(await loadedWith(/^run-\w+\.js$/)).toContain(logger);
});

it('connects to an SFTP server before it loads the library for that', async () => {
  const sftp = await loadedWith(/^sftp-\w{8}\.js$/);
  expect(sftp).toContain('node:net');
  expect(sftp).not.toContain('required:ssh2');
  expect(await loadedWith(/^sftp-sign-in-\w+\.js$/)).toContain('required:ssh2');
});

it('imports no package that can be required, which is quicker', async () => {
  const s3 = await loadedWith(/^s3-\w{8}\.js$/);
  expect(s3).toContain('required:@aws-sdk/client-s3');
  expect(s3).not.toContain('@aws-sdk/client-s3');
  expect(await loadedWith(/^run-\w+\.js$/)).toContain('p-queue');
});
