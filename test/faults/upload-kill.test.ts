import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { Ledger } from '../../src/ledger/ledger.js';
import { fileName, mediaKey } from '../../src/segment.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';
import { sha256 } from '../simulators/entries.js';
import { type Script, ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';
import { NOON } from '../simulators/storage.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
const CONTENTS = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000));

/**
 * The real program, killed outright at the very step: rows 3 to 6 of the fault matrix. Whatever it was about to say, do or
 * note, the next start ends with each object there once and whole, and each local file where it belongs.
 */
describe('SIGKILL', { timeout: 120_000 }, () => {
  let dir: string;
  let server: ScriptedSftpServer;
  let child: ChildProcess | undefined;
  let names: string[];
  let keys: string[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'upload-kill-'));
    server = await ScriptedSftpServer.start();
    ({ names, keys } = await fill(join(dir, 'storage')));
  });
  afterEach(async () => {
    await kill();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const layout = () => spoolLayout(join(dir, 'storage'));
  const media = async (folder: string) => (await readdir(folder)).filter((name) => names.includes(name)).sort();

  async function start(keep: string, ...traced: string[]): Promise<ChildProcess> {
    const config = await writeConfig(dir, server, keep);
    const [file, ...args] = [...traced, process.execPath, PROGRAM, 'run', '-c', config, '-q'];
    child = spawn(file!, args, { stdio: 'ignore' });
    return child;
  }

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Starts it once more with nothing in its way, and waits until all is delivered. */
  async function goOn(keep = '1d'): Promise<void> {
    server.script = {};
    await start(keep);
    await until('all is delivered', async () => (await media(layout().ready)).length === 0, 60_000);
    await until('all is put away', async () => (await media(layout().sent)).length === (keep === '0s' ? 0 : 3), 60_000);
    await kill('SIGTERM');
  }

  function expectEachOnceAndWhole(): void {
    const stored = [...server.files.keys()].filter((key) => !key.includes('/index/'));
    expect(stored.sort()).toEqual([...keys].sort());
    keys.forEach((key, n) => {
      expect(server.files.get(key)!.equals(Buffer.from(CONTENTS[n]!)), key).toBe(true);
    });
  }

  function states(): (string | undefined)[] {
    const ledger = new Ledger(layout().ledger);
    try {
      return keys.map((key) => ledger.files.byKey(key)?.state);
    } finally {
      ledger.close();
    }
  }

  /** Kills at the first request of this kind for footage, and answers then as told: to nobody. */
  const at = (when: (path: string, offset: number) => boolean, answer: 'silence' | 'honest') => {
    let over = false;
    return async (path: string, offset = 0) => {
      if (over || path.includes('/index/') || !when(path, offset)) return 'honest' as const;
      over = true;
      await kill();
      return answer;
    };
  };

  it.each<[string, () => Script]>([
    ['in the middle of a file (3)', () => ({ write: at((_path, offset) => offset > 100_000, 'honest') })],
    [
      'with every byte sent, before CLOSE is answered: nothing is stored (4)',
      () => ({ close: at(() => true, 'silence') }),
    ],
    ['with every byte sent, before CLOSE is answered: it is stored (4)', () => ({ close: at(() => true, 'honest') })],
    [
      'with the object there and proven, before that is noted (5)',
      () => ({ stat: at((path) => server.files.has(path), 'honest') }),
    ],
  ])('%s', async (_when, script) => {
    server.script = script();
    const victim = await start('1d');
    await until('it is killed', () => victim.signalCode === 'SIGKILL', 60_000);
    // Nothing is called delivered that was not: at most what was answered before the kill has left the spool.
    expect((await media(layout().ready)).length).toBeGreaterThan(0);
    await goOn();
    expectEachOnceAndWhole();
    expect(await media(layout().sent)).toEqual([...names].sort());
  });

  it.each(['rename', 'unlink'] as const)('while a delivered file is put away or removed: at %s (6)', async (call) => {
    if (call === 'unlink') await goOn();
    const path = join(call === 'rename' ? layout().ready : layout().sent, names[1]!);
    const calls = call === 'rename' ? 'rename,renameat,renameat2' : 'unlink,unlinkat';
    const victim = await start(
      call === 'unlink' ? '0s' : '1d',
      ...['strace', '-f', '-qq', '-o', join(dir, 'trace'), '-P', path],
      ...['-e', `trace=${calls}`, '-e', `inject=${calls}:signal=SIGKILL:when=1`],
    );
    await until('it is killed', () => victim.exitCode !== null || victim.signalCode !== null, 60_000);
    expect(await readFile(join(dir, 'trace'), 'utf8')).toContain('killed by SIGKILL');
    await goOn(call === 'unlink' ? '0s' : '1d');
    expectEachOnceAndWhole();
    // It is not sent a second time, whichever folder the kill left it in.
    expect(server.requests.filter(({ type, path: key }) => type === 'open' && key === keys[1])).toHaveLength(1);
    if (call === 'unlink') await until('noted', () => states().every((state) => state === 'removed'));
    expect(await readdir(layout().quarantine)).toEqual([]);
  });
});

async function fill(storage: string): Promise<{ names: string[]; keys: string[] }> {
  const layout = spoolLayout(storage);
  createSpool(layout);
  const ledger = new Ledger(layout.ledger);
  const all = CONTENTS.map((content, n) => {
    const parts = { camera: 'gate', kind: 'continuous' as const, start: NOON + n * 60_000 };
    return { content, parts, key: mediaKey({ site: 'home', ...parts }), name: fileName(parts) };
  });
  for (const { content, parts, key, name } of all) {
    const times = { end: parts.start + 60_000, createdAt: parts.start + 60_000 };
    const row = {
      ...parts,
      ...times,
      key,
      name,
      bytes: content.length,
      sha256: sha256(content),
      source: 'rtsp' as const,
    };
    const id = ledger.files.begin(row);
    ledger.files.setState(id, 'ready');
    ledger.deliveries.add(id, ['far']);
    await writeFile(join(layout.ready, name), content);
  }
  ledger.close();
  return { names: all.map(({ name }) => name), keys: all.map(({ key }) => key) };
}

async function writeConfig(dir: string, server: ScriptedSftpServer, keep: string): Promise<string> {
  const { host, port, username, password, fingerprint } = server;
  const file = join(dir, 'nvr-uplink.yaml');
  const settings = {
    site: 'home',
    storage: { dir: join(dir, 'storage'), min_free: '1MB', keep_uploaded: keep },
    cameras: { gate: { streams: { main: 'rtsp://127.0.0.1:9/none' }, record: { mode: 'off' } } },
    remotes: {
      far: { type: 'sftp', host, port, username, password, host_key: fingerprint, parallel: 1, settle: '2s' },
    },
    web: { listen: '127.0.0.1:0' },
  };
  await writeFile(file, stringify(settings), { mode: 0o600 });
  return file;
}
