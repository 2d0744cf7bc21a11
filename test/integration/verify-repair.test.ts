import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { createLog } from '../../lib/log.js';
import { FolderRemote } from '../../lib/remote/folder.js';
import type { Remote } from '../../lib/remote/remote.js';
import { Throttle } from '../../lib/remote/throttle.js';
import { buildShards } from '../../src/archive/listing.js';
import { main } from '../../src/cli/program.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Spool } from '../../src/spool/commit.js';
import { SpoolIndexQueue } from '../../src/spool/index-queue.js';
import { createSpool, type SpoolLayout, spoolLayout } from '../../src/spool/layout.js';
import { rescan } from '../../src/spool/rescan.js';
import { Uploader } from '../../src/upload/uploader.js';
import { until } from '../peers/until.js';

const START = Date.UTC(2026, 4, 3, 12);
const log = createLog({ write: () => undefined });

let dir: string;
let vault: string;
let layout: SpoolLayout;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'repair-'));
  vault = join(dir, 'vault');
  layout = spoolLayout(join(dir, 'storage'));
  createSpool(layout);
  mkdirSync(vault);
});
afterEach(() => rmSync(dir, { recursive: true }));

const content = (n: number) => `film number ${n}\n`;
const keyOf = (n: number) => `home/gate/2026/05/03/gate_20260503T12${String(n).padStart(2, '0')}00Z_continuous.mp4`;
const stored = (n: number) => readFileSync(join(vault, keyOf(n)), 'utf8');

async function commit(count: number): Promise<void> {
  await withSpool(async (spool) => {
    for (let n = 0; n < count; n++) {
      const file = join(layout.work, `${n}`);
      writeFileSync(file, content(n));
      const start = START + n * 60_000;
      await spool.commitMedia(file, { camera: 'gate', kind: 'continuous', start, end: start + 60_000, source: 'rtsp' });
    }
  });
}

async function withSpool<Result>(work: (spool: Spool, ledger: Ledger) => Promise<Result>): Promise<Result> {
  const ledger = new Ledger(layout.ledger);
  try {
    return await work(new Spool(layout, 'home', ledger, ['nas'], systemClock), ledger);
  } finally {
    ledger.close();
  }
}

/** The recorder's uploader, until nothing is owed. */
async function deliver(
  remote: Remote = new FolderRemote({ path: vault, clock: systemClock }),
  isMoreDone: () => Promise<boolean> = async () => true,
  rescans = false,
): Promise<void> {
  await withSpool(async (spool, ledger) => {
    const uploader = new Uploader({
      ...{
        remoteName: 'nas',
        remote,
        ledger,
        clock: systemClock,
        log,
      },
      outbox: {
        folder: layout.ready,
        moveToSent: (name) => spool.moveToSent(name),
        rekey: (file) => spool.rekey(file),
      },
      ...{
        parallel: 2,
        line: { closed: () => undefined },
        throttle: new Throttle(systemClock, () => Number.POSITIVE_INFINITY),
        deadlineMs: 60_000,
      },
    });
    const stop = new AbortController();
    const running = uploader.run(stop.signal);
    await until('all is delivered', async () => {
      if (rescans) await rescan(spool, ledger, log);
      return ledger.files.backlog('gate').files === 0 && (await isMoreDone());
    });
    stop.abort();
    await running;
  });
}

async function verify(...more: string[]) {
  const config = join(dir, 'config.yaml');
  const archive = existsSync(config)
    ? undefined
    : `storage: { dir: ./storage }\ncameras: { gate: { streams: { main: "rtsp://127.0.0.1/a" } } }\n`;
  if (archive) writeFileSync(config, `${archive}remotes: { nas: { type: folder, path: ./vault } }\n`);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const exit = await main(['verify', '-c', config, '--json', ...more], {
    ...{ env: {}, stdin: new PassThrough(), stdout, stderr, clock: systemClock, signal: new AbortController().signal },
  } as unknown as Parameters<typeof main>[1]);
  return { exit, report: JSON.parse(String(stdout.read())) as Record<string, { key: string }[]> };
}

/** As a bucket with `If-None-Match` or Object Lock does. */
class Keeping extends FolderRemote {
  override async put(...args: Parameters<FolderRemote['put']>) {
    if (existsSync(join(vault, args[0]))) throw new Failure('It is there', { kind: 'permanent', code: 'key-taken' });
    return await super.put(...args);
  }
}

/** As the recorder's `IndexWriter` does: what was delivered is listed, and that is delivered too. */
async function index(): Promise<void> {
  await withSpool(async (spool, ledger) => {
    const queue = new SpoolIndexQueue(spool, ledger, systemClock);
    const pending = queue.pending('gate', 10);
    const entries = pending.map(({ entry }) => entry);
    const built = buildShards('home', 'gate', entries, queue.chain('gate'));
    await queue.commit({ camera: 'gate', ids: pending.map(({ id }) => id), ...built });
  });
  await deliver(undefined, isIndexed);
}

const isIndexed = () => withSpool(async (_, ledger) => ledger.files.pendingIndex('gate').length === 0);

describe('verify --repair', () => {
  it('sends again what the remote lost or holds a part of, and all is as it was', async () => {
    await commit(4);
    await deliver();
    expect((await verify('--checksum')).exit).toBe(0);
    rmSync(join(vault, keyOf(0)));
    rmSync(join(vault, keyOf(1)));
    const { exit, report } = await verify('--checksum', '--repair');
    expect(exit).toBe(3);
    expect(report.missing!.map(({ key }) => key)).toEqual([keyOf(0), keyOf(1)]);
    expect(report.requeued).toEqual([0, 1].map((n) => ({ key: keyOf(n), remote: 'nas' })));
    // They wait again, and cannot be freed until they are verified again (invariant I1).
    expect(readdirSync(layout.ready)).toHaveLength(2);
    await withSpool(async (_, ledger) => expect(ledger.files.removable(10)).toHaveLength(2));
    await deliver();
    expect([stored(0), stored(1)]).toEqual([content(0), content(1)]);
    expect((await verify('--checksum')).exit).toBe(0);
  });

  it('misses a shard the ledger says was delivered, and sends it again', async () => {
    await commit(2);
    await deliver();
    await index();
    expect((await verify()).exit).toBe(0);
    rmSync(join(vault, 'home/index'), { recursive: true });
    const { exit, report } = await verify('--repair');
    expect(exit).toBe(3);
    expect(report.missing).toEqual([
      expect.objectContaining({ key: expect.stringMatching(/^home\/index\/gate\/2026/) }),
    ]);
    expect(report.requeued).toHaveLength(1);
    await deliver(undefined, isIndexed);
    expect((await verify()).exit).toBe(0);
  });

  it('puts the right bytes back in their place where the remote lets it', async () => {
    await commit(2);
    await deliver();
    writeFileSync(join(vault, keyOf(0)), 'fi');
    writeFileSync(join(vault, keyOf(1)), content(1).replace('film', 'FILM'));
    const { report } = await verify('--checksum', '--repair');
    expect([report.truncated, report.altered]).toMatchObject([[{ key: keyOf(0) }], [{ key: keyOf(1) }]]);
    await deliver();
    expect([stored(0), stored(1)]).toEqual([content(0), content(1)]);
    expect((await verify('--checksum')).exit).toBe(0);
  });

  it('never replaces other bytes where the remote keeps them: the footage gets a key of its own', async () => {
    await commit(1);
    await deliver();
    writeFileSync(join(vault, keyOf(0)), content(0).replace('film', 'FILM'));
    expect((await verify('--checksum', '--repair')).report.altered).toHaveLength(1);
    // While it gets its new name, it is not part of the backlog.
    const allSent = async () => readdirSync(layout.ready).length === 0;
    await deliver(new Keeping({ path: vault, clock: systemClock }), allSent);
    expect(stored(0)).toBe(content(0).replace('film', 'FILM'));
    const names = readdirSync(dirname(join(vault, keyOf(0)))).sort();
    expect(names).toEqual(['gate_20260503T120000Z_continuous-2.mp4', 'gate_20260503T120000Z_continuous.mp4']);
    // The index is to name the new place too.
    await withSpool(async (_, ledger) => expect(ledger.chains.pending('gate', 10)).toHaveLength(1));
  });

  it('takes what was set aside as damaged back where it is whole after all, and sends it over what lies there', async () => {
    await commit(1);
    const name = readdirSync(layout.ready)[0]!;
    writeFileSync(join(layout.ready, name), content(0).replace('film', 'FILM'));
    await deliver(undefined, async () => readdirSync(layout.quarantine).length === 1, true);
    const { exit, report } = await verify();
    expect([exit, report.altered, report.gaps]).toMatchObject([3, [{ key: keyOf(0) }], []]);
    expect((await verify('--repair')).report.beyondRepair).toMatchObject([{ key: keyOf(0) }]);
    // As where memory, and not the disk, was at fault.
    writeFileSync(join(layout.quarantine, readdirSync(layout.quarantine)[0]!), content(0));
    const repaired = await verify('--repair');
    expect(repaired.report.requeued).toEqual([{ key: keyOf(0), remote: 'nas' }]);
    await withSpool((spool, ledger) => rescan(spool, ledger, log));
    await deliver();
    expect(stored(0)).toBe(content(0));
    expect((await verify('--checksum')).exit).toBe(0);
  });

  it('leaves alone what this disk no longer has whole, and says so', async () => {
    await commit(2);
    await deliver();
    rmSync(join(vault, keyOf(0)));
    rmSync(join(vault, keyOf(1)));
    const [first, second] = readdirSync(layout.sent).sort();
    writeFileSync(join(layout.sent, first!), 'rotten bytes here');
    rmSync(join(layout.sent, second!));
    const { report } = await verify('--repair');
    expect(report.requeued).toEqual([]);
    const beyond = report.beyondRepair as unknown as { key: string; reason: string }[];
    expect(new Set(beyond.map(({ reason }) => reason))).toEqual(
      new Set(['this disk has no whole copy any more', 'it is this disk that lost it']),
    );
    expect(readdirSync(layout.ready)).toEqual([]);
  });

  /** The ledger is gone, and the first film damaged on this disk: the same number of bytes. */
  async function adoptDamaged(): Promise<string> {
    const [name] = readdirSync(layout.sent).sort();
    writeFileSync(join(layout.sent, name!), content(0).replace('film', 'FILM'));
    for (const end of ['', '-wal', '-shm']) rmSync(layout.ledger + end, { force: true });
    await withSpool(async (spool) => {
      for (const one of readdirSync(layout.sent).sort()) {
        if (!one.endsWith('.mp4')) continue;
        await spool.takeBack(one);
        await spool.adopt(one, 60_000);
      }
    });
    await deliver();
    return createHash('sha256').update(content(0).replace('film', 'FILM')).digest('hex');
  }
  const whole = createHash('sha256').update(content(0)).digest('hex');

  it.each([
    ['that the index lists', true, 'recorded with'],
    ['of which nobody knows better', false, 'nothing vouches for'],
  ])('never replaces an object %s by a file that was adopted after the ledger was lost', async (_, listed, why) => {
    await commit(2);
    await deliver();
    if (listed) await index();
    const damaged = await adoptDamaged();
    const { exit, report } = await verify('--checksum', '--repair');
    expect(exit).toBe(3);
    const [altered] = report.altered as unknown as { key: string; message: string }[];
    expect(altered!.key).toBe(keyOf(0));
    for (const hash of [whole, damaged]) expect(altered!.message).toContain(hash);
    expect(report.altered).toHaveLength(1);
    expect(report).toMatchObject({
      requeued: [],
      beyondRepair: [{ key: keyOf(0), reason: expect.stringContaining(why) }],
    });
    await deliver();
    expect(stored(0)).toBe(content(0));
  });

  it('sends an adopted file again that the index lists as it is', async () => {
    await commit(2);
    await deliver();
    await index();
    await adoptDamaged();
    writeFileSync(join(vault, keyOf(1)), content(1).replace('film', 'FILM'));
    expect((await verify('--checksum', '--repair')).report.requeued).toMatchObject([{ key: keyOf(1) }]);
    await deliver();
    expect(stored(1)).toBe(content(1));
  });

  it('nor sends a damaged one where the object is gone', async () => {
    await commit(2);
    await deliver();
    await index();
    await adoptDamaged();
    rmSync(join(vault, keyOf(0)));
    expect((await verify('--checksum', '--repair')).report.requeued).toEqual([]);
  });

  it('without it changes nothing', async () => {
    await commit(1);
    await deliver();
    rmSync(join(vault, keyOf(0)));
    expect((await verify()).exit).toBe(3);
    expect(readdirSync(layout.ready)).toEqual([]);
  });

  it('is done by the next rescan where it was killed before the file was moved', async () => {
    await commit(1);
    await deliver();
    await withSpool(async (spool, ledger) => {
      const [name] = readdirSync(layout.sent);
      expect(ledger.deliveries.again(ledger.files.byName(name!)!.id, 'nas')).toBe(true);
      expect(await rescan(spool, ledger, log)).toMatchObject({ moved: 1, lost: 0 });
      expect(readdirSync(layout.ready)).toEqual([name]);
    });
  });

  it('counts what was taken without proof as delivered, once the store shows it', async () => {
    await commit(3);
    await withSpool(async (_, ledger) => {
      for (const [n, name] of readdirSync(layout.ready).sort().entries()) {
        mkdirSync(dirname(join(vault, keyOf(n))), { recursive: true });
        // Of one only a part is there.
        writeFileSync(join(vault, keyOf(n)), n === 2 ? 'film' : content(n));
        ledger.deliveries.unproven(ledger.files.byName(name)!.id, 'nas', START, 'answer', 'accepted');
      }
    });
    expect((await verify()).report.unproven).toEqual([{ remote: 'nas', files: 3 }]);
    const { report } = await verify('--repair');
    expect(report.proven).toEqual([0, 1].map((n) => ({ key: keyOf(n), remote: 'nas' })));
    await withSpool(async (_, ledger) => {
      expect(ledger.deliveries.unprovenCount('nas')).toBe(1);
      expect(ledger.files.byKey(keyOf(0))!.verifiedAt).toBeDefined();
      expect(ledger.files.byKey(keyOf(2))!.verifiedAt).toBeUndefined();
    });
  });
});
