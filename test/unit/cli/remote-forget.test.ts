import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../../src/cli/program.js';
import { rescan } from '../../../src/spool/rescan.js';
import { Retention } from '../../../src/spool/retain.js';
import { until } from '../../peers/until.js';
import { Storage } from '../../simulators/storage.js';

let storage: Storage;
let config: string;
beforeEach(async () => {
  storage = new Storage(['old', 'nas']);
  config = join(storage.root, 'nvr-uplink.yaml');
  await configure('nas: { type: folder, path: /srv/nas }');
});
afterEach(() => storage.close());

async function configure(remotes: string): Promise<void> {
  const lines = ['site: home', `storage: { dir: ${storage.root} }`, `remotes: { ${remotes} }`];
  await writeFile(config, [...lines, 'cameras: { gate: { streams: { main: rtsp://127.0.0.1:9/x } } }', ''].join('\n'));
}

async function run(args: string[], answer?: string) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const written = { out: '', err: '' };
  stdout.on('data', (chunk) => (written.out += String(chunk)));
  stderr.on('data', (chunk) => (written.err += String(chunk)));
  const terminal = answer !== undefined;
  const { signal } = new AbortController();
  const running = main(['remote', 'forget', ...args, '-c', config], {
    env: {},
    stdin: Object.assign(stdin, { isTTY: terminal }),
    stdout: Object.assign(stdout, { isTTY: terminal }),
    stderr: Object.assign(stderr, { isTTY: terminal }),
    clock: storage.clock,
    signal,
  });
  if (terminal) {
    await until('the question', () => written.err.includes('[y/N]'));
    stdin.write(`${answer}\n`);
  }
  return { exit: await running, ...written };
}

/** One file that `nas` has verified, and one that it has not; both owed to `old`. */
async function footage() {
  const whole = await storage.commit();
  const half = await storage.commit({ start: storage.clock.now() + 60_000 });
  storage.ledger.deliveries.verified(whole.id, 'nas', storage.clock.now(), 'stat');
  return { whole, half };
}

describe('nvr-uplink remote forget', () => {
  it('says what it would do, and does nothing', async () => {
    await footage();
    const { exit, out } = await run(['old']);
    expect(exit).toBe(0);
    expect(out).toMatch(/gate +1 file, \d+ B +1 file, \d+ B/);
    expect(out).toContain('Nothing was changed');
    expect(storage.ledger.owed.to('old').files).toBe(2);
  });

  it('does it with --yes: what the others verified is freed in time, anything else stays', async () => {
    const { whole, half } = await footage();
    expect((await run(['old', '--yes'])).out).toContain('old is forgotten');
    expect(storage.ledger.owed.remotes()).toEqual(['nas']);
    await rescan(storage.spool, storage.ledger, storage.log);
    await storage.clock.advance(1);
    const policy = { keepMs: 0, minFreeBytes: 0 };
    const retention = new Retention(storage.spool, storage.ledger, policy, storage.clock, storage.log);
    expect(await retention.freeOnce()).toBe(1);
    expect(storage.ledger.files.byId(whole.id)!.state).toBe('removed');
    expect(storage.ledger.files.byId(half.id)!.state).toBe('ready');
    expect((await readFile(join(storage.layout.ready, half.name))).length).toBe(half.bytes);
  });

  it.each([
    ['y', 0],
    ['n', 2],
    ['', 2],
  ])('asks at a terminal, and takes %j for an answer', async (answer, left) => {
    await footage();
    expect((await run(['old'], answer)).exit).toBe(0);
    expect(storage.ledger.owed.to('old').files).toBe(left);
  });

  it('tells scripts the same, and never asks them', async () => {
    await footage();
    const told = JSON.parse((await run(['old', '--json'])).out);
    expect(told).toMatchObject({ remote: 'old', dryRun: true, cameras: [{ camera: 'gate', released: { files: 1 } }] });
    expect(storage.ledger.owed.to('old').files).toBe(2);
    expect(JSON.parse((await run(['old', '--json', '-y'])).out)).toMatchObject({ dryRun: false });
    expect(storage.ledger.owed.to('old').files).toBe(0);
  });

  it('frees nothing for a remote that was added since and has seen nothing', async () => {
    await footage();
    await configure('nas: { type: folder, path: /srv/nas }, far: { type: folder, path: /srv/far }');
    await run(['old', '-y']);
    expect(storage.ledger.files.removable(10)).toEqual([]);
    expect(storage.ledger.owed.to('far').files).toBe(2);
  });

  it('refuses a remote that is configured, and one that nothing is owed to, naming those that something is', async () => {
    await footage();
    expect(await run(['nas', '-y'])).toMatchObject({ exit: 2, err: expect.stringContaining('is configured') });
    const unknown = await run(['odl', '-y']);
    expect(unknown.exit).toBe(2);
    expect(unknown.err).toContain('owed something: old');
    expect(storage.ledger.owed.to('old').files).toBe(2);
  });
});
