import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Proof, Receipt, Remote, RemoteObject } from '../../lib/remote/remote.js';
import { Stopwatch } from '../peers/stopwatch.js';
import { until } from '../peers/until.js';
import { crc64nvme } from '../simulators/crc64nvme.js';

export interface RemoteUnderTest {
  remote: Remote;
  /** What is stored under `key`, read behind the remote's back. Rejects when there is nothing. */
  read(key: string): Promise<Buffer>;
  /** The peer goes away, and comes back: on the network, or the disk of a folder. */
  vanish(): Promise<void>;
  reappear(): Promise<void>;
  /** The peer stays connected and answers nothing from now on. Only asked for where `canFallSilent`. */
  silence?(): Promise<void>;
  stop(): Promise<void>;
}

export type RemoteFactory = (options: { stallMs: number }) => Promise<RemoteUnderTest>;

const MB = 1_000_000;
const CHUNK = 30_720;
const never = () => new AbortController().signal;

/** What not every remote does alike. */
export interface Abilities {
  canFallSilent: boolean;
  /** Whether a put replaces what its key held. Otherwise only the very same object may be put again. */
  replaces: boolean;
  lists: boolean;
  /** Whether this user may remove what it put. */
  removes: boolean;
  /** How many bytes are sent at most before the first are acknowledged. */
  acknowledgesBytes: number;
  proven: Proof;
  provenBy: Receipt['provenBy'];
}

const USUAL: Abilities = {
  canFallSilent: false,
  replaces: true,
  lists: true,
  removes: true,
  acknowledgesBytes: 2 * MB,
  proven: 'size',
  provenBy: 'stat',
};

/** Every sentence of the contract on `Remote` (lib/remote/remote.ts), for any implementation. */
export function remoteContract(name: string, factory: RemoteFactory, abilities: Partial<Abilities> = {}): void {
  const { canFallSilent, replaces, lists, removes, acknowledgesBytes, proven, provenBy } = { ...USUAL, ...abilities };
  describe(`Remote: ${name}`, () => {
    let under: RemoteUnderTest;
    let remote: Remote;
    let local: string;

    const make = async (stallMs = 30_000) => {
      under = await factory({ stallMs });
      remote = under.remote;
    };
    const file = async (bytes: number | Buffer, label = 'file') => {
      const path = join(local, label);
      const data = typeof bytes === 'number' ? randomBytes(bytes) : bytes;
      await writeFile(path, data);
      return { path, data };
    };
    const everything = async (prefix = '') => {
      // Nothing is known then, so nothing is claimed.
      if (!lists) return [];
      const found: RemoteObject[] = [];
      for await (const object of remote.list(prefix, never())) found.push(object);
      return found.sort((a, b) => (a.key < b.key ? -1 : 1));
    };

    /**
     * A server may publish what it had of a put that failed *after* the next one was stored, as Transfer Family does when a session
     * dies: then the size does not match, or the part lies over what had been whole. Others keep the file locked until they have
     * noticed. All of that passes, and is tried again.
     */
    const putAfterPartial = async ({ path, data }: { path: string; data: Buffer }) => {
      const passes = ['size-mismatch', 'remote-failure'];
      await until('the server to be done with the put that failed, and to keep the next one', async () => {
        try {
          await remote.put('k', path, never());
          return (await under.read('k')).equals(data);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'transient', code: expect.stringMatching(passes.join('|')) });
          return false;
        }
      });
    };

    beforeEach(async () => {
      local = await mkdtemp(join(tmpdir(), 'remote-'));
    });
    afterEach(async () => {
      await remote.close();
      await under.stop();
      await rm(local, { recursive: true, force: true });
    });

    it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1024 * 1024, 5 * MB + 7])('stores %i bytes whole', async (size) => {
      await make();
      const { path, data } = await file(size);
      const receipt = await remote.put('site/cam/2026/05/03/a.mp4', path, never());
      expect((await under.read('site/cam/2026/05/03/a.mp4')).equals(data)).toBe(true);
      expect(receipt).toMatchObject({
        key: 'site/cam/2026/05/03/a.mp4',
        bytes: size,
        proven,
        provenBy,
      });
      expect(receipt.sha256).toBe(createHash('sha256').update(data).digest('hex'));
      expect(receipt.crc64nvme).toBe(crc64nvme(data));
    });

    it('stores at the top and in folders that did not exist', async () => {
      await make();
      const { path, data } = await file(1000);
      for (const key of ['top.jpg', 'a/b/c/d/e.jpg', 'a/b/x.jpg', 'ünï/ço dé/日本.jpg']) {
        await remote.put(key, path, never());
        expect((await under.read(key)).equals(data)).toBe(true);
      }
    });

    it(
      replaces ? 'replaces what a key held before, also by something shorter' : 'never replaces what a key holds',
      async () => {
        await make();
        const long = await file(3 * MB, 'long');
        const short = await file(10, 'short');
        await remote.put('k', long.path, never());
        const second = remote.put('k', short.path, never());
        if (replaces) await second;
        else await expect(second).rejects.toMatchObject({ name: 'Failure', kind: 'permanent', code: 'key-taken' });
        expect((await under.read('k')).equals(replaces ? short.data : long.data)).toBe(true);
      },
    );

    it('takes the very same file again, and says so', async () => {
      await make();
      const { path } = await file(100_000);
      await remote.put('k', path, never());
      expect(await remote.put('k', path, never())).toMatchObject({ key: 'k', bytes: 100_000 });
    });

    it('reports progress that only grows and ends at the size', async () => {
      await make();
      const { path } = await file(4 * acknowledgesBytes);
      const seen: number[] = [];
      await remote.put('k', path, never(), (bytes) => seen.push(bytes));
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.at(-1)).toBe(4 * acknowledgesBytes);
      expect(seen.length).toBeGreaterThan(2);
    });

    it.each([
      ['is cut short', (path: string) => truncateSync(path, 10)],
      ['grows', (path: string) => appendFileSync(path, 'more')],
      ['is rewritten', (path: string) => writeFileSync(path, Buffer.alloc(6 * acknowledgesBytes))],
    ])('rejects when the file %s while it is sent', async (_what, change) => {
      await make();
      const { path } = await file(6 * acknowledgesBytes);
      let changed = false;
      const put = remote.put('k', path, never(), () => {
        if (!changed) change(path);
        changed = true;
      });
      await expect(put).rejects.toMatchObject({ name: 'Failure', kind: 'transient', code: 'file-changed' });
      const again = await file(1000);
      await putAfterPartial(again);
    });

    it('rejects a file that is missing or is a folder', async () => {
      await make();
      const missing = remote.put('k', join(local, 'missing'), never());
      await expect(missing).rejects.toMatchObject({ name: 'Failure', kind: 'permanent', code: 'file-missing' });
      await mkdir(join(local, 'folder'));
      const folder = remote.put('k', join(local, 'folder'), never());
      await expect(folder).rejects.toMatchObject({ name: 'Failure', kind: 'permanent' });
      expect(await everything()).toEqual([]);
    });

    it.each([
      '',
      '/etc/x',
      '../x',
      'a/../../x',
      'a/./x',
      'a//x',
      'a/',
      '..',
      '.',
      'a\0b',
      'a\nb',
      'a\rb',
      'a\\..\\x',
      'a\x7fb',
      '\ud800',
      'x'.repeat(1025),
    ])('refuses the key %j', async (key) => {
      await make();
      const { path } = await file(1);
      const refused = { name: 'Failure', kind: 'permanent', code: 'key-invalid' };
      await expect(remote.put(key, path, never())).rejects.toMatchObject(refused);
      await expect(remote.stat(key, never())).rejects.toMatchObject(refused);
      if (lists && key !== '' && key !== 'a/') await expect(everything(key)).rejects.toMatchObject(refused);
      expect(await everything()).toEqual([]);
    });

    it('rejects as aborted when the signal was aborted before', async () => {
      await make();
      const { path } = await file(1000);
      const put = remote.put('k', path, AbortSignal.abort());
      await expect(put).rejects.toMatchObject({ name: 'Failure', kind: 'aborted' });
      expect(await everything()).toEqual([]);
    });

    it('rejects as aborted within a second in the middle of a file, and works on', async () => {
      await make();
      const big = await file(30 * MB, 'big');
      const stop = new AbortController();
      let since: Stopwatch | undefined;
      const put = remote.put('k', big.path, stop.signal, () => {
        since ??= new Stopwatch();
        stop.abort();
      });
      await expect(put).rejects.toMatchObject({ name: 'Failure', kind: 'aborted' });
      expect(since!.stop()).toBeLessThan(1000);
      const { path, data } = await file(1000);
      await putAfterPartial({ path, data });
    });

    it('lets calls overlap', async () => {
      await make();
      const sizes = [0, 10, 3 * MB, CHUNK, 700_000, 9 * MB, 1, 200_000, 10 * MB, 5];
      const files = await Promise.all(sizes.map((size, index) => file(size, `f${index}`)));
      await Promise.all([
        ...files.map(({ path }, index) => remote.put(`cam/day/${index}`, path, never())),
        remote.stat('cam/day/none', never()),
        everything('cam'),
      ]);
      for (const [index, { data }] of files.entries()) {
        expect((await under.read(`cam/day/${index}`)).equals(data)).toBe(true);
      }
    });

    it('does not let one failing call end another', async () => {
      await make();
      const good = await file(20 * MB, 'good');
      const stop = new AbortController();
      const other = await file(20 * MB, 'other');
      const [kept, aborted, refused] = await Promise.allSettled([
        remote.put('good', good.path, never(), () => stop.abort()),
        remote.put('other', other.path, stop.signal, () => stop.abort()),
        remote.put('missing', join(local, 'missing'), never()),
      ]);
      expect([kept.status, aborted.status, refused.status]).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect((await under.read('good')).equals(good.data)).toBe(true);
    });

    it('finds objects, and no folders', async () => {
      await make();
      const { path } = await file(7);
      await remote.put('cam/day/x', path, never());
      expect(await remote.stat('cam/day/x', never())).toEqual({ key: 'cam/day/x', bytes: 7 });
      for (const key of ['cam/day/y', 'cam', 'cam/day', 'none/none', 'cam/day/x/below']) {
        expect(await remote.stat(key, never())).toBeUndefined();
      }
    });

    if (lists)
      it('lists all, or what is under a folder', async () => {
        await make();
        const { path } = await file(7);
        const keys = ['cam/1/x', 'cam/1/y', 'cam/2/z', 'cam10/1/x', 'top'];
        for (const key of keys) await remote.put(key, path, never());
        expect(await everything()).toEqual(keys.map((key) => ({ key, bytes: 7 })));
        expect((await everything('cam/')).map(({ key }) => key)).toEqual(keys.slice(0, 3));
        expect((await everything('cam/1')).map(({ key }) => key)).toEqual(keys.slice(0, 2));
        expect(await everything('none')).toEqual([]);
        expect(await everything('top')).toEqual([]);
      });

    it('removes one object, where it may', async () => {
      await make();
      const { path } = await file(7);
      await remote.put('cam/x', path, never());
      await remote.put('cam/y', path, never());
      if (removes) await remote.remove('cam/x', never());
      else await expect(remote.remove('cam/x', never())).rejects.toMatchObject({ code: 'permission-denied' });
      expect((await remote.stat('cam/x', never())) === undefined).toBe(removes);
      expect(await remote.stat('cam/y', never())).toEqual({ key: 'cam/y', bytes: 7 });
      await expect(remote.remove('../x', never())).rejects.toMatchObject({ code: 'key-invalid' });
    });

    it('can be closed, also twice, and used again', async () => {
      await make();
      const { path, data } = await file(1000);
      await remote.close();
      await remote.put('a', path, never());
      await remote.close();
      await remote.close();
      await remote.put('b', path, never());
      expect((await under.read('b')).equals(data)).toBe(true);
    });

    it('ends running calls when it is closed', async () => {
      await make();
      const { path } = await file(30 * MB);
      const put = remote.put('k', path, never(), () => void remote.close());
      await expect(put).rejects.toMatchObject({ name: 'Failure', kind: 'aborted' });
    });

    it('rejects while the peer is away, and works again when it is back', async () => {
      await make();
      const { path, data } = await file(1000);
      await remote.put('a', path, never());
      await under.vanish();
      const away = remote.put('b', path, never());
      await expect(away).rejects.toMatchObject({ name: 'Failure', kind: 'transient' });
      await expect(remote.put('b', path, never())).rejects.toMatchObject({ code: 'unreachable' });
      await under.reappear();
      await remote.put('b', path, never());
      expect((await under.read('b')).equals(data)).toBe(true);
    });

    // A disk cannot be told to hang here; test/unit/stall-watch.test.ts shows what happens then.
    if (!canFallSilent) return;

    it('rejects as stalled when the peer falls silent, then closes in no time', async () => {
      await make(700);
      const { path } = await file(30 * MB);
      await remote.put('a', (await file(10, 'first')).path, never());
      await under.silence!();
      const before = performance.now();
      const since = new Stopwatch();
      await expect(remote.put('k', path, never())).rejects.toMatchObject({ kind: 'transient', code: 'stalled' });
      expect(since.stop()).toBeLessThan(3000);
      expect(performance.now() - before).toBeGreaterThan(600);
    });

    it('rejects as aborted within a second though the peer is silent, and closes', async () => {
      await make();
      const { path } = await file(30 * MB);
      await remote.put('a', (await file(10, 'first')).path, never());
      await under.silence!();
      const stop = new AbortController();
      const calls = [
        remote.put('k', path, stop.signal),
        remote.stat('k', stop.signal),
        ...(lists ? [remote.list('', stop.signal)[Symbol.asyncIterator]().next()] : []),
      ];
      const outcome = Promise.allSettled(calls);
      const since = new Stopwatch();
      stop.abort();
      for (const { status, ...rest } of await outcome) {
        expect(status).toBe('rejected');
        expect(rest).toMatchObject({ reason: { kind: 'aborted' } });
      }
      await remote.close();
      expect(since.stop()).toBeLessThan(1000);
    });
  });
}
