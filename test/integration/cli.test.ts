import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesIn } from '../../lib/processes.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { StatusReport } from '../../src/browse/api.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'cli-')));
});
afterAll(() => rm(dir, { recursive: true }));

/** The environment of whoever runs the tests must not decide anything here. */
const bare = { PATH: process.env.PATH, HOME: process.env.HOME };

function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  // A group of its own, as a terminal gives each command: Ctrl-C goes to all of it.
  return spawn(process.execPath, [PROGRAM, ...args], {
    ...{ cwd: dir, env: { ...bare, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
}

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = start(args, env);
  const [stdout, stderr, [exit]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { exit, stdout, stderr };
}

async function config(name: string, content: string): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, content);
  return file;
}

const VALID = `
site: shop
storage: { dir: ./stored }
cameras:
  gate: { streams: { main: rtsp://127.0.0.1:9/x } }
  yard: { streams: { main: rtsp://127.0.0.1:9/y }, record: { mode: off } }
remotes: { nas: { type: folder, path: ./nas } }
`;

describe('nvr-uplink config validate', () => {
  it('exits 0 and says what the file amounts to', async () => {
    const file = await config('valid.yaml', VALID);
    const { exit, stdout } = await run(['config', 'validate', '-c', file]);
    expect(exit).toBe(0);
    expect(stdout).toContain(`${file} is valid.`);
    expect(stdout).toContain('gate, yard');
    const json = await run(['config', 'validate', '--json', '-c', file]);
    expect(JSON.parse(json.stdout)).toEqual({
      ...{ valid: true, origin: file, site: 'shop', cameras: ['gate', 'yard'], remotes: ['nas'] },
    });
  });

  it('exits 2 and names every fault, for people and for scripts, and no secret', async () => {
    const faulty = `${VALID}timezone: Mars\nweb: { listen: nowhere, password: CANARY }\n`;
    const file = await config('faulty.yaml', faulty);
    const { exit, stdout, stderr } = await run(['config', 'validate', '-c', file]);
    expect(exit).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('3 faults');
    for (const part of ['timezone (line 8)', 'web.listen (line 9)', 'web.password (line 9)', '→ ']) {
      expect(stderr).toContain(part);
    }
    const json = await run(['config', 'validate', '--json', '-c', file]);
    expect(json.exit).toBe(2);
    const { error } = JSON.parse(json.stdout) as { error: { code: string; faults: unknown[] } };
    expect(error).toMatchObject({ code: 'config-invalid', faults: [{ path: 'timezone', line: 8 }, {}, {}] });
    expect(stderr + json.stdout + json.stderr).not.toContain('CANARY');
  });

  it('exits 2 where there is nothing to read', async () => {
    const { exit, stderr } = await run(['config', 'validate', '-c', join(dir, 'nowhere.yaml')]);
    expect(exit).toBe(2);
    expect(stderr).toContain('ENOENT');
    expect((await run(['config', 'validate'])).stderr).toContain('There is no configuration');
  });
});

describe('nvr-uplink', () => {
  it.each([
    ['an unknown command', ['recrod']],
    ['an unknown option', ['status', '--jsn']],
    ['nothing', []],
  ])('exits 2 and points to the help for %s', async (_, args) => {
    const { exit, stderr } = await run(args);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/--help|Usage/);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  it('tells its version and its commands', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { exit, stdout } = await run(['--help']);
    expect(exit).toBe(0);
    for (const command of ['demo', 'run', 'status', 'config']) expect(stdout).toContain(command);
  });
});

describe('nvr-uplink status', () => {
  it('exits 3 without a service, and prints the shape scripts rely on', async () => {
    const file = await config('valid.yaml', VALID);
    const { exit, stdout } = await run(['status', '--json', '-c', file]);
    expect(exit).toBe(3);
    const report = JSON.parse(stdout) as StatusReport;
    expect(report).toMatchObject({
      state: 'down',
      cameras: [
        {
          ...{ name: 'gate', recording: false, lastFrameAt: null, lastVerifiedUploadAt: null, gaps24h: 0 },
          backlog: { files: 0, bytes: 0, oldestAt: null },
        },
        { name: 'yard' },
      ],
      remotes: [{ name: 'nas', state: 'idle', reason: null }],
    });
    expect(report.disk).toEqual({ usedBytes: 0, freeBytes: expect.any(Number) });
    // Looking changes nothing.
    expect(existsSync(join(dir, 'stored'))).toBe(false);
    const people = await run(['status', '-c', file]);
    expect(people.exit).toBe(3);
    expect(people.stdout).toContain('shop: down');
  });

  it('does not trip over what a killed service left behind', async () => {
    const file = await config('left.yaml', VALID.replace('./stored', './left'));
    const folder = join(dir, 'left');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const content of ['{', JSON.stringify({ url: 'http://127.0.0.1:1', token: 'x' })]) {
      await writeFile(join(folder, 'service.json'), content);
      const { exit, stdout } = await run(['status', '--json', '-c', file]);
      expect(exit).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({ state: 'down' });
    }
  });
});

describe('nvr-uplink run', () => {
  let simulator: Simulator;
  let env: NodeJS.ProcessEnv;
  const password = "p@ss:w/rd 'q'%41";
  const data = () => join(dir, 'nvr-uplink-data');
  const status = async () => JSON.parse((await run(['status', '--json'], env)).stdout) as StatusReport;

  beforeAll(async () => {
    const small = { width: 320, height: 180, rateBps: 200_000, loopMs: 16_000 };
    simulator = await startSimulator(
      {
        ...{ cameras: [{ name: 'camera' }], cacheDir: join(dir, 'clips'), onvif: false, password },
        ...{ main: small, sub: small },
      },
      new AbortController().signal,
    );
    const { host } = new URL(simulator.cameras[0]!.mainUrl.replace('rtsp', 'http'));
    env = { CAMERA_IP: host, USRNAME: 'admin', PASSWORD: password, PORT: '0', CALM_PERIOD: '60' };
  });
  afterAll(() => simulator.stop());

  it('records a camera named in the environment alone, once at a time, and saves all of it on Ctrl-C', async () => {
    const service = start(['run'], env);
    const [stdout, stderr] = [text(service.stdout!), text(service.stderr!)];
    const gone = once(service, 'exit') as Promise<[number | null]>;
    await until('the service', () => existsSync(join(data(), 'service.json')));
    let report = await status();
    await until('recording', async () => {
      report = await status();
      return report.cameras[0]!.recording;
    });
    expect(report).toMatchObject({ state: 'degraded', site: 'home', cameras: [{ name: 'camera' }], remotes: [] });
    expect(report.problems).toEqual([expect.stringContaining('No remote is configured')]);

    const second = await run(['run'], env);
    expect(second.exit).toBe(1);
    expect(second.stderr).toContain('Another nvr-uplink is running on this storage folder');
    expect(second.stderr).toContain('→ See what it does with `nvr-uplink status`');

    process.kill(-service.pid!, 'SIGINT');
    const stoppedAt = Date.now();
    expect(await gone).toEqual([0, null]);
    const ledger = new Ledger(join(data(), 'ledger.db'));
    const files = ledger.files.between('camera', 0, stoppedAt * 2).filter(({ kind }) => kind === 'continuous');
    const gaps = ledger.gaps.between('camera', 0, stoppedAt * 2);
    ledger.close();
    expect(files.length).toBeGreaterThanOrEqual(1);
    // Nothing of what was seen before Ctrl-C is missing, and nothing is damaged.
    expect(stoppedAt - files.at(-1)!.end).toBeLessThan(2_000);
    expect(gaps).toMatchObject([
      { cause: 'starting', end: files[0]!.start },
      { cause: 'recorder-stopped', start: files.at(-1)!.end, end: undefined },
    ]);
    expect(await readdir(join(data(), 'quarantine'))).toEqual([]);
    expect(await readdir(join(data(), 'spool'))).toEqual(expect.arrayContaining(files.map(({ name }) => name)));
    expect(await processesIn(data())).toEqual([]);
    expect(existsSync(join(data(), 'service.json'))).toBe(false);
    const told = (await stdout) + (await stderr);
    expect(told).toContain('CALM_PERIOD');
    expect(told).not.toContain('p@ss');
    expect(told).not.toContain(encodeURIComponent(password));
  });

  it('says what is recorded when it is over', async () => {
    const report = await status();
    expect(report.state).toBe('down');
    expect(report.cameras[0]).toMatchObject({ recording: false, backlog: { files: expect.any(Number) }, gaps24h: 2 });
    expect(report.cameras[0]!.backlog.files).toBeGreaterThan(0);
    expect(report.cameras[0]!.lastFrameAt).not.toBeNull();
  });
});
