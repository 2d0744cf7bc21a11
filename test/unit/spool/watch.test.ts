import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpoolWatch } from '../../../src/spool/watch.js';
import { until } from '../../peers/until.js';
import { NOON, Storage } from '../../simulators/storage.js';

/** What chokidar would say, said by the test: the kernel loses events of a burst, and some systems have no watches left. */
const watcher = Object.assign(new EventEmitter(), { close: async () => undefined });
vi.mock('chokidar', () => ({ watch: () => watcher }));

let storage: Storage;
let stop: AbortController;
let running: Promise<void>;
let pokes = 0;
beforeEach(() => {
  storage = new Storage();
  stop = new AbortController();
  pokes = 0;
});
afterEach(async () => {
  stop.abort();
  await running;
  watcher.removeAllListeners();
  storage.close();
});

async function start(): Promise<void> {
  const { spool, ledger, clock, log } = storage;
  running = new SpoolWatch(spool, ledger, clock, log, () => {
    pokes += 1;
  }).run(stop.signal);
  await until('the first look is over', () => pokes > 0 && clock.sleeping > 0);
}

/** Put there by nobody that told the spool. */
async function burst(count: number): Promise<string[]> {
  const second = (n: number) => new Date(NOON + n * 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const names = Array.from({ length: count }, (_, n) => `gate_${second(n)}_snapshot.jpg`);
  await Promise.all(names.map((name) => writeFile(join(storage.layout.ready, name), 'picture')));
  return names;
}

const known = (names: readonly string[]) => names.filter((name) => storage.ledger.files.byName(name)).length;

describe('file events', () => {
  it('that are lost, all of them, cost a minute and no file', async () => {
    await start();
    const names = await burst(300);
    const before = pokes;
    await storage.clock.advance(59_000);
    expect(known(names)).toBe(0);
    await storage.clock.advance(1_000);
    await until('all are found', () => known(names) === names.length);
    await until('the uploaders are told', () => pokes > before);
  });

  it.each(['ENOSPC', 'EMFILE'])('that fail with %s are told of in the log, and the rescan goes on', async (code) => {
    await start();
    watcher.emit('error', Object.assign(new Error(`${code}: no watches left`), { code }));
    const names = await burst(3);
    await storage.clock.advance(60_000);
    await until('all are found', () => known(names) === names.length);
    expect(storage.lines.filter((line) => line.includes('file events fail') && line.includes(code))).toHaveLength(1);
  });

  it('that come tell the uploaders at once', async () => {
    await start();
    const before = pokes;
    watcher.emit('add', 'x.mp4');
    expect(pokes).toBe(before + 1);
  });
});
