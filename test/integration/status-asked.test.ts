import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
/** Nobody: root may read everything, and so could not be refused. */
const STRANGER = 65_534;

let dir: string;
let file: string;
let service: ChildProcess;
let url: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'asked-'));
  await chmod(dir, 0o755);
  await mkdir(join(dir, 'nas'));
  file = join(dir, 'c.yaml');
  await writeFile(
    file,
    `storage: { dir: ./data }\ncameras: { one: { address: "127.0.0.1:1" } }\nremotes: { nas: { type: folder, path: ./nas } }\narchive: { type: folder, path: ./nas }\nweb: { listen: "127.0.0.1:0" }\n`,
  );
  service = spawn(process.execPath, [PROGRAM, 'run', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  service.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  await until('the pages', () => log.includes('pages are up'), 30_000);
  const line = log.split('\n').find((one) => one.includes('pages are up'))!;
  url = (JSON.parse(line) as { url: string }).url;
  await until('an answer', async () => (await ask(['status', '--json'])).stdout.includes('"camera-silent:one"'));
});
afterAll(async () => {
  service.kill('SIGCONT');
  const gone = once(service, 'exit');
  service.kill('SIGTERM');
  await gone;
  await rm(dir, { recursive: true });
});

async function ask(args: string[], as: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args, '-c', file], {
    ...{ cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], ...as },
  });
  const [stdout, stderr, [exit]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { exit, stdout, stderr };
}

const SPAN = '--camera one --from 2026-05-03T12:00Z --to 2026-05-03T12:10Z';
/** What reads the storage folder: not to be able to is not to find nothing there. */
const COMMANDS = [
  ...['status', 'gaps', 'verify', 'verify --repair', `erase ${SPAN} --yes`, `export ${SPAN} -o out`],
  ...['upload test', 'remote forget old', 'token list'],
];

describe('a recorder that is asked how it is', () => {
  it('answers while visitors hold every connection of the pages', async () => {
    const { hostname, port } = new URL(url);
    const held: Socket[] = [];
    for (let n = 0; n < 205; n++) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');
      held.push(socket);
    }
    try {
      const { exit, stdout } = await ask(['status', '--json']);
      expect(exit).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({ state: 'degraded', conditions: [{ id: 'camera-silent:one' }] });
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  it('is not said to be stopped by somebody who may not look', async () => {
    const isRoot = process.getuid!() === 0;
    if (!isRoot) await chmod(join(dir, 'data'), 0);
    try {
      for (const command of COMMANDS) {
        const { exit, stdout, stderr } = await ask(command.split(' '), isRoot ? { uid: STRANGER, gid: STRANGER } : {});
        expect({ command, exit, stderr }).toMatchObject({ exit: 2 });
        expect(stdout).toMatch(command === 'upload test' ? /^nas \(folder\)\n$/ : /^$/);
        expect(stderr).toMatch(/storage\.dir: \S*\/data may not be read by \w+: .*\n→ Run this as the user/);
      }
    } finally {
      await chmod(join(dir, 'data'), 0o750);
    }
  });

  it('is not said to be stopped while it hangs', async () => {
    service.kill('SIGSTOP');
    const { exit, stdout } = await ask(['status', '--json']);
    service.kill('SIGCONT');
    expect(exit).toBe(3);
    const { conditions, cameras } = JSON.parse(stdout);
    expect(conditions[0]).toMatchObject({ id: 'not-answering', text: expect.stringContaining(`-p ${service.pid}`) });
    expect(conditions[0].text).toContain('The recorder runs, and does not answer: nothing came within 5 s');
    expect(JSON.stringify(conditions)).not.toContain('Start it');
    expect(cameras[0].reason).toBe('the recorder does not answer');
  });
});

it('a recorder that was killed is not asked where a stranger listens now', async () => {
  const heard: (string | undefined)[] = [];
  const stranger = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const elsewhere = await mkdtemp(join(tmpdir(), 'asked-'));
  try {
    const config = join(elsewhere, 'c.yaml');
    await writeFile(config, 'storage: { dir: ./data }\ncameras: { one: { address: "127.0.0.1:1" } }\n');
    await mkdir(join(elsewhere, 'data'));
    const { port } = stranger.address() as AddressInfo;
    const told = { pid: 1, url: `http://127.0.0.1:${port}`, token: 'secret' };
    await writeFile(spoolLayout(join(elsewhere, 'data')).service, JSON.stringify(told));
    const child = spawn(process.execPath, [PROGRAM, 'status', '--json', '-c', config], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(await text(child.stdout!)).toContain('"not-running"');
    expect(heard).toEqual([]);
  } finally {
    stranger.close();
    await rm(elsewhere, { recursive: true });
  }
});

it('a ledger that may be read and not written is not called damaged', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'asked-'));
  const isRoot = process.getuid!() === 0;
  try {
    const config = join(elsewhere, 'c.yaml');
    await writeFile(config, 'storage: { dir: ./data }\ncameras: { one: { address: "127.0.0.1:1" } }\n');
    const data = join(elsewhere, 'data');
    await mkdir(data);
    await writeFile(spoolLayout(data).ledger, '', { mode: 0o444 });
    await chmod(data, 0o555);
    await chmod(elsewhere, 0o755);
    const as = isRoot ? { uid: STRANGER, gid: STRANGER } : {};
    const child = spawn(process.execPath, [PROGRAM, 'verify', '-c', config], {
      ...{ cwd: elsewhere, stdio: ['ignore', 'ignore', 'pipe'], ...as },
    });
    const said = await text(child.stderr!);
    expect(said).toMatch(/The ledger .* may not be written by \w+, not even to be read\n→ Run this as the user/);
    expect(said).not.toContain('Move the file aside');
  } finally {
    await chmod(join(elsewhere, 'data'), 0o755);
    await rm(elsewhere, { recursive: true });
  }
});
