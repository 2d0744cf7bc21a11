import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesIn } from '../../lib/processes.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { StatusReport } from '../../src/browse/api.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { mediaKey } from '../../src/segment.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';
import { sha256 } from '../simulators/entries.js';
import { MINUTE, NOON, newFile } from '../simulators/storage.js';

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
      abandoned: [],
      warnings: [
        {
          path: 'remotes.nas.path',
          value: JSON.stringify(join(dir, 'nas')),
          remedy: expect.stringContaining('there is no such folder'),
        },
      ],
    });
  });

  it('reads .env beside the configuration, then in the current folder, and leaves alone what is set', async () => {
    await mkdir(join(dir, 'elsewhere'));
    const remotes = `remotes: { one: { type: folder, path: "./\${A}-\${B}-\${C}" } }`;
    const file = await config('elsewhere/c.yaml', `${VALID.replace(/remotes:.*/, remotes)}`);
    await config('elsewhere/.env', 'A=beside\nB=beside\n');
    await config('.env', 'A=here\nB=here\nC=here\n');
    try {
      const { stdout, stderr } = await run(['config', 'validate', '--json', '-c', file], { A: 'set' });
      expect(JSON.parse(stdout), stderr).toMatchObject({
        warnings: [{ value: JSON.stringify(join(dir, 'elsewhere/set-beside-here')) }],
      });
    } finally {
      await rm(join(dir, '.env'));
    }
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
    // Somebody has the port of the pages: that keeps nothing from being recorded.
    const other = createServer((_, reply) => reply.end()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const service = start(['run'], { ...env, PORT: String(port) });
    const [stdout, stderr] = [text(service.stdout!), text(service.stderr!)];
    const gone = once(service, 'exit') as Promise<[number | null]>;
    await until('the service', () => existsSync(join(data(), 'service.json')));
    let report = await status();
    await until('recording', async () => {
      report = await status();
      return report.cameras[0]!.recording;
    });
    expect(report).toMatchObject({ state: 'degraded', site: 'home', cameras: [{ name: 'camera' }], remotes: [] });
    expect(report.problems).toEqual([
      expect.stringContaining('No remote is configured'),
      expect.stringMatching(
        `127.0.0.1:${port} is in use. The pages are at http://127.0.0.1:[0-9]+ until it can be had. See what has it: ss -ltnp`,
      ),
    ]);
    await new Promise((resolve) => other.close(resolve));
    await until('the pages to be where they should be', async () => (await status()).problems.length === 1);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).ok).toBe(true);

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
    // Nothing of what was seen before Ctrl-C is missing, and nothing is damaged. What a busy recorder had not received by then
    // may be; to the frame it is counted in test/faults/kill.test.ts.
    expect(stoppedAt - files.at(-1)!.end).toBeLessThan(5_000);
    expect(gaps).toMatchObject([
      { cause: 'starting', end: files[0]!.start },
      { cause: 'recorder-stopped', start: files.at(-1)!.end, end: undefined },
    ]);
    expect(await readdir(join(data(), 'quarantine'))).toEqual([]);
    expect(await readdir(join(data(), 'spool'))).toEqual(expect.arrayContaining(files.map(({ name }) => name)));
    expect(await processesIn(data())).toEqual([]);
    expect(existsSync(join(data(), 'service.json'))).toBe(false);
    const told = (await stdout) + (await stderr);
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

describe('nvr-uplink upload', () => {
  const footage = 'gate_20260503T120000Z_continuous.mp4';
  let file: string;
  beforeAll(async () => {
    await mkdir(join(dir, 'nas'), { recursive: true });
    await mkdir(join(dir, 'old/sub'), { recursive: true });
    await writeFile(join(dir, 'old', footage), 'footage');
    await writeFile(join(dir, 'old/sub/note.txt'), 'a note');
    file = await config('upload.yaml', VALID);
  });
  const keys = ['shop/gate/2026/05/03/gate_20260503T120000Z_continuous.mp4', 'shop/uploads/sub/note.txt'];

  it('says what it would send and sends nothing', async () => {
    const { exit, stdout } = await run(['upload', '-n', 'old', '-c', file]);
    expect(exit).toBe(0);
    for (const key of keys) expect(stdout).toContain(key);
    expect(stdout).toContain('2 files, 13 B, would go to nas. Nothing was sent.');
    const scripted = await run(['upload', '--dry-run', '--json', 'old', '-c', file]);
    const preview = JSON.parse(scripted.stdout) as { files: { key: string; bytes: number }[] };
    expect(preview).toMatchObject({ dryRun: true, remotes: ['nas'] });
    expect(preview.files.map(({ key, bytes }) => [key, bytes]).sort()).toEqual(keys.map((key, n) => [key, [7, 6][n]]));
    expect(await readdir(join(dir, 'nas'))).toEqual([]);
  });

  it('sends, verifies, and leaves out what is there when it is asked again', async () => {
    const first = await run(['upload', 'old', '-c', file, '--json']);
    expect(first.exit).toBe(0);
    const lines = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toEqual({ event: 'planned', remotes: ['nas'], files: 2, bytes: 13 });
    const begun = lines.filter(({ event }) => event === 'started').map(({ key }) => key);
    expect(begun.sort()).toEqual(keys);
    const stored = lines.filter(({ event }) => event === 'stored');
    expect(stored.map(({ key }) => key).sort()).toEqual(keys);
    expect(stored[0]).toMatchObject({ remote: 'nas', proven: 'size', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(lines.at(-1)).toMatchObject({ event: 'finished', stored: 2, skipped: 0, failed: 0, bytes: 13 });
    const again = await run(['upload', 'old', '-c', file]);
    expect(again).toMatchObject({ exit: 0, stdout: expect.stringContaining('2 there already, byte for byte') });
    await writeFile(join(dir, 'old/sub/note.txt'), 'A NOTE');
    const other = await run(['upload', 'old', '-c', file]);
    expect(other).toMatchObject({ exit: 1, stderr: expect.stringContaining('is there already, with other bytes') });
  });

  it('names what it leaves out, goes on with the others, and exits 1 where a name has no key', async () => {
    await mkdir(join(dir, 'mixed'));
    for (const name of ['good.txt', 'two\nlines.txt']) await writeFile(join(dir, 'mixed', name), name);
    await symlink('good.txt', join(dir, 'mixed/link'));
    const { exit, stdout, stderr } = await run(['upload', 'mixed', '-c', file]);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^1 stored and verified .*, 1 failed, 1 left out$/m);
    expect(stderr).toContain('mixed/link is not sent: it is a symbolic link');
    expect(stderr).toMatch(/"mixed\/two\\nlines\.txt" is not sent: .* rename it/);
    const told = (await run(['upload', 'mixed', '-c', file, '--json'])).stdout.trim().split('\n');
    const left = told.map((line) => JSON.parse(line)).filter(({ event }) => event === 'left-out');
    expect(left.map(({ code }) => code).sort()).toEqual(['key-invalid', 'link']);
    await rm(join(dir, 'mixed'), { recursive: true });
  });

  it('exits 1 and says which file failed when one would be overwritten', async () => {
    await writeFile(join(dir, 'old/sub/note.txt'), 'a longer note');
    const { exit, stdout, stderr } = await run(['upload', 'old', '-c', file]);
    expect(exit).toBe(1);
    expect(stderr).toContain('shop/uploads/sub/note.txt');
    expect(stderr).toContain('Nothing is overwritten');
    expect(stdout).toContain('1 failed');
  });

  it('names a remote or file that does not exist', async () => {
    const remote = await run(['upload', 'old', '-c', file, '--remote', 'moon']);
    expect(remote).toMatchObject({ exit: 2, stderr: expect.stringContaining('Configured are: nas') });
    const missing = await run(['upload', 'nothing.mp4', '-c', file]);
    expect(missing).toMatchObject({ exit: 1, stderr: expect.stringContaining('nothing.mp4') });
  });
});

describe('nvr-uplink verify', () => {
  it('holds disk, ledger and store against each other, names each difference, and exits 3', async () => {
    const file = await config('verify.yaml', VALID.replaceAll('./stored', './verified').replace('./nas', './vault'));
    const storage = join(dir, 'verified');
    const layout = spoolLayout(storage);
    createSpool(layout);
    await mkdir(join(dir, 'vault'));
    const ledger = new Ledger(layout.ledger);
    const rows = [0, 1, 2, 3].map((n) => newFile(NOON + n * MINUTE, { bytes: 7, sha256: sha256(`film ${n}\n`) }));
    for (const [n, row] of rows.entries()) {
      const key = mediaKey({ site: 'shop', camera: 'gate', kind: 'continuous', start: row.start });
      const id = ledger.files.begin({ ...row, key });
      ledger.files.setState(id, 'ready');
      ledger.deliveries.add(id, ['nas']);
      ledger.deliveries.verified(id, 'nas', NOON, 'stat');
      ledger.files.verified(id, NOON, undefined);
      await mkdir(join(dir, 'vault', dirname(key)), { recursive: true });
      await writeFile(join(dir, 'vault', key), `film ${n}\n`);
      await writeFile(join(layout.sent, row.name), `film ${n}\n`);
    }
    ledger.close();
    const verify = async (...more: string[]) => {
      const { exit, stdout } = await run(['verify', '-c', file, '--json', ...more]);
      return { exit, report: JSON.parse(stdout) as Record<string, { key: string; where: string }[]> };
    };
    const fine = await verify('--checksum');
    expect(fine).toMatchObject({
      exit: 0,
      report: { checked: 8, missing: [], truncated: [], altered: [], unindexed: [], gaps: [] },
    });

    const [a, b, c, d] = rows.map(({ name }) => `shop/gate/2026/05/03/${name}`);
    await rm(join(dir, 'vault', a!));
    await writeFile(join(dir, 'vault', b!), 'fi');
    await writeFile(join(dir, 'vault', c!), 'fixm 2\n');
    await rm(join(layout.sent, rows[3]!.name));
    const { exit, report } = await verify('--checksum');
    const vault = `folder:${join(dir, 'vault')}`;
    expect(exit).toBe(3);
    expect(report.missing).toMatchObject([
      { key: d, where: 'disk' },
      { key: a, where: vault },
    ]);
    expect(report.truncated).toMatchObject([{ key: b, where: vault }]);
    expect(report.altered).toMatchObject([{ key: c, where: vault }]);
    expect((await verify('--camera', 'yard')).exit).toBe(0);
    const people = await run(['verify', '-c', file, '--download', '100%']);
    expect(people.stdout).toMatch(/^altered +folder:.*gate_20260503T120200Z_continuous\.mp4: its SHA-256 is/m);
    expect(people.stdout).toContain('4 differences.');
    expect(await run(['verify', '-c', file, '--day', 'yesterday'])).toMatchObject({ exit: 2 });
    expect(await run(['verify', '-c', file, '--download', 'much'])).toMatchObject({ exit: 2 });
  });
});

describe('nvr-uplink gaps', () => {
  it('says what is missing and why, adds it up, and exits 3 where time is not accounted for', async () => {
    const file = await config('gaps.yaml', VALID.replace('./stored', './with-gaps'));
    const layout = spoolLayout(join(dir, 'with-gaps'));
    createSpool(layout);
    const ledger = new Ledger(layout.ledger);
    const film = (n: number) => ledger.files.setState(ledger.files.begin(newFile(NOON + n * MINUTE)), 'ready');
    for (const n of [0, 1, 4]) film(n);
    const fetched = newFile(NOON + 3 * MINUTE, { source: 'backfilled' });
    ledger.files.setState(ledger.files.begin(fetched), 'ready');
    const gap = { camera: 'gate', start: NOON + 2 * MINUTE, end: NOON + 3 * MINUTE };
    ledger.gaps.add(gap.camera, gap.start, gap.end, 'silent', 'nothing came');
    const outcome = { state: 'nothing', attempts: 1, nextAt: 0, detail: 'it has no card' } as const;
    ledger.backfills.note({ ...gap, end: NOON + 4 * MINUTE }, undefined, outcome);
    const gaps = (...more: string[]) =>
      run(['gaps', '-c', file, '--from', '2026-05-03', '--to', '2026-05-04', ...more]);
    const people = await gaps();
    expect(people.exit).toBe(0);
    expect(people.stdout).toMatch(
      /^gate +2026-05-03 12:02:00 +2026-05-03 12:03:00 +60 s +the camera sent nothing \(not filled: it has no card\)$/m,
    );
    expect(people.stdout).toMatch(/12:03:00 +2026-05-03 12:04:00 +60 s +filled from the camera's own recordings$/m);
    expect(people.stdout).toContain(
      'gate: 4 min recorded, 60 s missing; until the last finished file, 2026-05-03 12:05:00',
    );
    film(6);
    ledger.close();
    const scripts = await gaps('--json', '--camera', 'gate');
    expect(scripts.exit).toBe(3);
    expect(JSON.parse(scripts.stdout)).toEqual([
      {
        camera: 'gate',
        gaps: [
          {
            ...{ start: '2026-05-03T12:02:00.000Z', end: '2026-05-03T12:03:00.000Z' },
            ...{ cause: 'silent', detail: 'nothing came', lasts: false },
            backfill: { state: 'nothing', detail: 'it has no card' },
          },
        ],
        backfilled: [{ start: '2026-05-03T12:03:00.000Z', end: '2026-05-03T12:04:00.000Z' }],
        ...{ recordedSeconds: 300, offSeconds: 0, gapSeconds: 60, unaccountedSeconds: 60 },
        unaccounted: [{ start: '2026-05-03T12:05:00.000Z', end: '2026-05-03T12:06:00.000Z' }],
        ...{ until: '2026-05-03T12:07:00.000Z', delivered: false },
      },
    ]);
    expect(await gaps('--camera', 'moon')).toMatchObject({ exit: 2, stderr: expect.stringContaining('moon') });
    expect(await gaps('--to', 'soon')).toMatchObject({ exit: 2, stderr: expect.stringContaining('--to soon') });
    const reversed = await gaps('--from', 'now', '--to', '1h');
    expect(reversed).toMatchObject({ exit: 2, stdout: '' });
    expect(reversed.stderr).toMatch(/--to 1h is not after --from now.*\n?.*the earlier moment after --from/);
    const ahead = await gaps('--from', '2999-01-01', '--to', '2999-01-02');
    expect(ahead).toMatchObject({ exit: 2, stdout: '' });
    expect(ahead.stderr).toMatch(/--from 2999-01-01 .*is not over yet.*\n?.*Write a moment before/);
  });
});
