import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../lib/transfer-endpoint/object-store.js';
import { EndpointUnderTest, type EndpointUnderTestOptions, until } from '../simulators/endpoint-under-test.js';
import { RawSftp, STATUS_CODE } from '../simulators/raw-sftp.js';

const { FAILURE } = STATUS_CODE;

let under: EndpointUnderTest;

afterEach(() => under.remove());

async function start(options?: EndpointUnderTestOptions): Promise<void> {
  under = await EndpointUnderTest.start(options);
}

describe('uploads from OpenSSH', () => {
  it('takes a file below folders nobody made, without a violation', async () => {
    await start();
    const content = randomBytes(3_000_001);
    await writeFile(join(under.dir, 'clip.mp4'), content);
    const result = await under.openssh('site', `put ${under.dir}/clip.mp4 gate/2026/05/03/clip.mp4`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect((await under.stored('site-a/gate/2026/05/03/clip.mp4'))!.equals(content)).toBe(true);
    await under.event('disconnected');
    expect(under.events).toEqual([
      { type: 'signed-in', user: 'site', method: 'publickey' },
      { type: 'uploaded', user: 'site', key: 'site-a/gate/2026/05/03/clip.mp4', bytes: 3_000_001 },
      { type: 'disconnected', user: 'site', reason: 'client' },
    ]);
  });

  it('takes them from a put-only user as well', async () => {
    await start();
    await writeFile(join(under.dir, 'clip.mp4'), 'moving pictures');
    const result = await under.openssh('drop', `put ${under.dir}/clip.mp4 gate/clip.mp4`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(await under.stored('site-b/cameras/gate/clip.mp4')).toEqual(Buffer.from('moving pictures'));
    expect(under.violations).toEqual([]);
  });

  it('lists and returns them', async () => {
    await start();
    const content = randomBytes(700_000);
    await writeFile(join(under.dir, 'clip.mp4'), content);
    await under.openssh('site', `put ${under.dir}/clip.mp4 gate/clip.mp4`);
    const back = join(under.dir, 'back.mp4');
    const result = await under.openssh('site', 'ls -l gate', 'cd gate', `get clip.mp4 ${back}`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^-rw-r--r-- .* 700000 .* clip\.mp4$/m);
    expect((await readFile(back)).equals(content)).toBe(true);
  });

  it('moves 200 MB in seconds', async () => {
    await start();
    const file = join(under.dir, 'large.bin');
    execFileSync('truncate', ['-s', '200M', file]);
    const [started, before] = [performance.now(), process.cpuUsage()];
    await under.openssh('site', `put ${file} large.bin`);
    // Our own work, whatever else the machine has to do; and a minute by the clock for a machine that has a lot.
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000_000).toBeLessThan(15);
    expect(performance.now() - started).toBeLessThan(60_000);
    expect((await stat(join(under.dir, 'store/site-a/large.bin'))).size).toBe(200 * 2 ** 20);
  });
});

describe('an upload', () => {
  it('appears at CLOSE and not before, and replaces at CLOSE and not before', async () => {
    await start();
    const sftp = await under.session();
    for (const content of ['first', 'the second']) {
      const before = await under.stored('site-a/clip.mp4');
      const handle = await sftp.open('clip.mp4');
      await sftp.write(handle, 0, content);
      expect(await under.stored('site-a/clip.mp4')).toEqual(before);
      await sftp.close(handle);
      expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from(content));
    }
  });

  it.each([
    ['leaves a gap', 6, 'more'],
    ['overlaps', 4, 'more'],
    ['starts again', 0, 'bytes'],
  ])('is refused when it %s, and nothing is stored', async (_, offset, data) => {
    await start();
    const sftp = await under.session();
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'bytes');
    await expect(sftp.write(handle, offset, data)).rejects.toMatchObject({
      code: FAILURE,
      message: 'AWS Transfer does not support random access writes to S3 objects',
    });
    await expect(sftp.write(handle, 5, 'even in order')).rejects.toMatchObject({ code: FAILURE });
    // Counted once for a file, however many writes were under way.
    await expect(sftp.write(handle, 99, 'or not')).rejects.toMatchObject({ code: FAILURE });
    await expect(sftp.close(handle)).rejects.toMatchObject({ code: FAILURE });
    expect(under.violations).toEqual(['out-of-order']);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
    expect(await under.event('upload-failed')).toMatchObject({ key: 'site-a/clip.mp4' });
    expect(await readdir(join(under.dir, 'store/.incoming'))).toEqual([]);
  });

  it.each([
    ['the connection', (client: ssh2.Client) => client.destroy()],
    ['the channel', (_: ssh2.Client, sftp: RawSftp) => sftp.sftp.end()],
  ])('shows up truncated at its final key when %s ends first', async (_, cut) => {
    await start();
    const client = await under.connect('site');
    const sftp = await RawSftp.on(client);
    await sftp.put('gate/clip.mp4', 'an earlier, whole clip');
    const handle = await sftp.open('gate/clip.mp4');
    await sftp.write(handle, 0, 'half of');
    cut(client, sftp);
    expect(await under.event('partial-upload')).toEqual({
      type: 'partial-upload',
      user: 'site',
      key: 'site-a/gate/clip.mp4',
      bytes: 7,
    });
    expect(await under.stored('site-a/gate/clip.mp4')).toEqual(Buffer.from('half of'));
  });

  it('shows up truncated when the endpoint is stopped, which waits for that', async () => {
    await start();
    const client = await under.connect('site');
    const sftp = await RawSftp.on(client);
    await sftp.write(await sftp.open('clip.mp4'), 0, 'half of');
    const closed = once(client, 'close');
    await under.stop();
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('half of'));
    expect(under.events.slice(-2)).toMatchObject([
      { type: 'partial-upload' },
      { type: 'disconnected', reason: 'stopped' },
    ]);
    await closed;
    await expect(under.connect('site')).rejects.toThrow();
  });

  it('may be one of several at once in a channel', async () => {
    await start();
    const sftp = await under.session();
    const [a, b] = [await sftp.open('a'), await sftp.open('b')];
    await Promise.all([sftp.write(a, 0, 'aa'), sftp.write(b, 0, 'b'), sftp.write(a, 2, 'aa'), sftp.write(b, 1, 'bb')]);
    await Promise.all([sftp.close(a), sftp.close(b)]);
    expect(await under.stored('site-a/a')).toEqual(Buffer.from('aaaa'));
    expect(await under.stored('site-a/b')).toEqual(Buffer.from('bbb'));
    await expect(sftp.write(a, 4, 'late')).rejects.toMatchObject({ code: FAILURE });
  });

  it('has no hole where the store failed once', async () => {
    let writes = 0;
    await start({
      wrap: (store) =>
        intercepted(store, async (pass) => {
          if (++writes === 2) throw new Error('The disk hiccuped');
          await pass();
        }),
    });
    const client = await under.connect('site');
    const sftp = await RawSftp.on(client);
    const handle = await sftp.open('clip.mp4');
    const results = await Promise.allSettled(['a', 'b', 'c'].map((data, index) => sftp.write(handle, index, data)));
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    client.destroy();
    expect(await under.event('partial-upload')).toMatchObject({ bytes: 1 });
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('a'));
  });

  it('leaves the bytes in the network while the store takes none', async () => {
    const gate = new AbortController();
    let writing = 0;
    let mostWriting = 0;
    await start({
      wrap: (store) =>
        intercepted(store, async (pass) => {
          mostWriting = Math.max(mostWriting, ++writing);
          if (!gate.signal.aborted) await once(gate.signal, 'abort');
          await pass();
          writing--;
        }),
    });
    const { host, port } = under.endpoint.address;
    const sock = connect(port, host);
    const client = await under.connect('site', { password: 'correct horse', sock });
    const sftp = await RawSftp.on(client);
    const handle = await sftp.open('flood.bin');
    const chunk = Buffer.alloc(30_000);
    const writes = Array.from({ length: 2_000 }, (_, index) => sftp.write(handle, index * chunk.length, chunk));
    const sent = () => sock.bytesWritten - sock.writableLength;
    // What the limit and the socket's own buffers hold, then nothing for a while.
    await until(() => sent() > 8 * 2 ** 20);
    let quiet = 0;
    for (let last = 0; quiet < 30; last = sent()) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = sent() === last ? quiet + 1 : 0;
    }
    expect(sent()).toBeLessThan(30 * 2 ** 20);
    gate.abort();
    await Promise.all(writes);
    await sftp.close(handle);
    expect(await under.event('uploaded')).toMatchObject({ bytes: 60_000_000 });
    // The store is promised that writes of one file do not overlap.
    expect(mostWriting).toBe(1);
  });
});

/** The store, with `around` called for each write to it. */
function intercepted(store: ObjectStore, around: (pass: () => Promise<void>) => Promise<void>): ObjectStore {
  return {
    name: store.name,
    head: (key) => store.head(key),
    list: (folder) => store.list(folder),
    mark: (folder) => store.mark(folder),
    open: (key) => store.open(key),
    close: () => store.close(),
    async begin(key) {
      const writer = await store.begin(key);
      return {
        write: (chunk) => around(() => writer.write(chunk)),
        commit: () => writer.commit(),
        publishPartial: () => writer.publishPartial(),
        discard: () => writer.discard(),
      };
    },
  };
}
