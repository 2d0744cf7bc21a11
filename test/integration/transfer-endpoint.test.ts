import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../lib/transfer-endpoint/object-store.js';
import { EndpointUnderTest, type EndpointUnderTestOptions, until } from '../simulators/endpoint-under-test.js';
import { OPEN_MODE, RawSftp, STATUS_CODE } from '../simulators/raw-sftp.js';

const { PERMISSION_DENIED, OP_UNSUPPORTED, FAILURE, NO_SUCH_FILE } = STATUS_CODE;

let under: EndpointUnderTest;
const clients: ssh2.Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await under.remove();
});

async function start(options?: EndpointUnderTestOptions): Promise<void> {
  under = await EndpointUnderTest.start(options);
}

async function connected(user = 'site'): Promise<ssh2.Client> {
  const client = await under.connect(user);
  // Tests cut connections on purpose.
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

const session = async (user = 'site') => RawSftp.on(await connected(user));

describe('uploads from OpenSSH', () => {
  it('takes a file below folders nobody made, without a violation', async () => {
    await start();
    const content = randomBytes(3_000_001);
    await writeFile(join(under.dir, 'clip.mp4'), content);
    const result = await under.openssh('site', `put ${under.dir}/clip.mp4 gate/2026/05/03/clip.mp4`);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(await under.stored('site-a/gate/2026/05/03/clip.mp4')).toEqual(content);
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
    expect(result.stdout).toMatch(/^-rw-r--r-- .* 700000 .* gate\/clip\.mp4$/m);
    expect(await readFile(back)).toEqual(content);
  });

  it('moves 200 MB in seconds', async () => {
    await start();
    const file = join(under.dir, 'large.bin');
    execFileSync('truncate', ['-s', '200M', file]);
    const started = performance.now();
    await under.openssh('site', `put ${file} large.bin`);
    expect(performance.now() - started).toBeLessThan(15_000);
    expect((await stat(join(under.dir, 'store/site-a/large.bin'))).size).toBe(200 * 2 ** 20);
  });
});

describe('an upload', () => {
  it('appears at CLOSE and not before, and replaces at CLOSE and not before', async () => {
    await start();
    const sftp = await session();
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
    const sftp = await session();
    const handle = await sftp.open('clip.mp4');
    await sftp.write(handle, 0, 'bytes');
    await expect(sftp.write(handle, offset, data)).rejects.toMatchObject({
      code: FAILURE,
      message: 'AWS Transfer does not support random access writes to S3 objects',
    });
    await expect(sftp.write(handle, 5, 'even in order')).rejects.toMatchObject({ code: FAILURE });
    await expect(sftp.close(handle)).rejects.toMatchObject({ code: FAILURE });
    expect(under.violations).toEqual(['out-of-order']);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
    expect(await under.event('upload-failed')).toMatchObject({ key: 'site-a/clip.mp4' });
  });

  it.each([
    ['the connection', (client: ssh2.Client) => client.destroy()],
    ['the channel', (_: ssh2.Client, sftp: RawSftp) => sftp.sftp.end()],
  ])('shows up truncated at its final key when %s ends first', async (_, cut) => {
    await start();
    const client = await connected();
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
    const client = await connected();
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
    const sftp = await session();
    const [a, b] = [await sftp.open('a'), await sftp.open('b')];
    await Promise.all([sftp.write(a, 0, 'aa'), sftp.write(b, 0, 'b'), sftp.write(a, 2, 'aa'), sftp.write(b, 1, 'bb')]);
    await Promise.all([sftp.close(a), sftp.close(b)]);
    expect(await under.stored('site-a/a')).toEqual(Buffer.from('aaaa'));
    expect(await under.stored('site-a/b')).toEqual(Buffer.from('bbb'));
    await expect(sftp.write(a, 4, 'late')).rejects.toMatchObject({ code: FAILURE });
  });

  it('leaves the bytes in the network while the store takes none', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    await start({ wrap: (store) => gated(store, gate) });
    const { host, port } = under.endpoint.address;
    const sock = connect(port, host);
    const client = await under.connect('site', { password: 'correct horse', sock });
    clients.push(client);
    const sftp = await RawSftp.on(client);
    const handle = await sftp.open('flood.bin');
    const chunk = Buffer.alloc(30_000);
    const writes = Array.from({ length: 2_000 }, (_, index) => sftp.write(handle, index * chunk.length, chunk));
    const sent = () => sock.bytesWritten - sock.writableLength;
    // What the limit and the socket's own buffers hold, then nothing for a while.
    await until(() => sent() > 8 * 2 ** 20);
    let quiet = 0;
    for (let last = 0; quiet < 30; last = sent()) {
      await until(() => true);
      await new Promise((resolve) => setImmediate(resolve));
      quiet = sent() === last ? quiet + 1 : 0;
    }
    expect(sent()).toBeLessThan(30 * 2 ** 20);
    open();
    await Promise.all(writes);
    await sftp.close(handle);
    expect(await under.event('uploaded')).toMatchObject({ bytes: 60_000_000 });
  });
});

describe('what Transfer over S3 cannot do', () => {
  const { READ, WRITE, CREAT, TRUNC, APPEND, EXCL } = OPEN_MODE;
  it.each([
    [READ | WRITE, 'READ, WRITE', 'read-write'],
    [READ | WRITE | CREAT | TRUNC, 'READ, WRITE, CREAT, TRUNC', 'read-write'],
    [READ | WRITE | CREAT | EXCL, 'READ, WRITE, CREAT, EXCL', 'read-write'],
    [WRITE | CREAT | APPEND, 'WRITE, APPEND, CREAT', 'append'],
    [APPEND, 'APPEND', 'append'],
    [WRITE | CREAT | EXCL, 'WRITE, CREAT, EXCL', undefined],
  ])('refuses to open with flags %i', async (flags, names, violation) => {
    await start();
    const sftp = await session();
    await expect(sftp.open('clip.mp4', flags)).rejects.toMatchObject({
      code: OP_UNSUPPORTED,
      message: `Cannot open file in mode: ${names}`,
    });
    expect(under.violations).toEqual(violation ? [violation] : []);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
  });

  it.each([
    ['denied', PERMISSION_DENIED],
    ['unsupported', OP_UNSUPPORTED],
  ] as const)('refuses attributes as %s', async (setStat, code) => {
    await start({ behaviour: { setStat } });
    const sftp = await session();
    const handle = await sftp.open('clip.mp4');
    await expect(sftp.setTimesOpen(handle)).rejects.toMatchObject({ code });
    await sftp.close(handle);
    await expect(sftp.setTimes('clip.mp4')).rejects.toMatchObject({ code });
    expect(under.violations).toEqual(['set-attributes', 'set-attributes']);
  });

  it('ignores attributes where it is told to', async () => {
    await start({ behaviour: { setStat: 'ignored' } });
    await writeFile(join(under.dir, 'clip.mp4'), 'x');
    expect(await under.openssh('site', `put -p ${under.dir}/clip.mp4`)).toMatchObject({ code: 0, stderr: '' });
    expect(under.violations).toContain('set-attributes');
  });

  it.each(['site', 'drop'])('lets %s neither rename nor remove', async (user) => {
    await start();
    const sftp = await session(user);
    await sftp.put('dir/clip.mp4', 'x');
    await expect(sftp.rename('dir/clip.mp4', 'b')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.unlink('dir/clip.mp4')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.rmdir('dir')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    expect(under.violations).toEqual(['rename', 'remove', 'remove']);
    expect(await sftp.list('dir')).toEqual(['clip.mp4']);
  });

  it.each([
    ['marked', ['made']],
    ['ignored', []],
    ['denied', []],
  ] as const)('answers mkdir as %s', async (mkdir, shown) => {
    await start({ behaviour: { mkdir } });
    const sftp = await session();
    const made = sftp.mkdir('made');
    if (mkdir === 'denied') await expect(made).rejects.toMatchObject({ code: PERMISSION_DENIED });
    else await made;
    expect(await sftp.list('/')).toEqual(shown);
    expect(under.violations).toEqual(['mkdir']);
    if (mkdir === 'marked') expect((await sftp.stat('made')).isDirectory()).toBe(true);
  });

  it('opens ten channels in a connection and no more, until one is closed', async () => {
    await start();
    const client = await connected();
    const sessions: RawSftp[] = [];
    for (let count = 0; count < 10; count++) sessions.push(await RawSftp.on(client));
    await expect(RawSftp.on(client)).rejects.toThrow();
    expect(under.violations).toEqual(['too-many-channels']);
    const closed = once(sessions[3]!.sftp, 'close');
    sessions[3]!.sftp.end();
    await closed;
    await (await RawSftp.on(client)).put('clip.mp4', 'x');
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('x'));
  });
});

describe('the view of a user', () => {
  it('shows a verifying user what is stored', async () => {
    await start();
    const sftp = await session();
    await sftp.put('gate/clip.mp4', 'moving pictures');
    expect(await sftp.stat('gate/clip.mp4')).toMatchObject({ size: 15 });
    expect((await sftp.stat('gate')).isDirectory()).toBe(true);
    const handle = await sftp.open('gate/clip.mp4', OPEN_MODE.READ);
    expect((await sftp.read(handle, 7, 100)).toString()).toBe('pictures');
    expect(await sftp.read(handle, 15, 100)).toHaveLength(0);
    await expect(sftp.stat('gate/other.mp4')).rejects.toMatchObject({ code: NO_SUCH_FILE });
    await expect(sftp.open('gate/other.mp4', OPEN_MODE.READ)).rejects.toMatchObject({ code: NO_SUCH_FILE });
    await expect(sftp.list('nowhere')).rejects.toMatchObject({ code: NO_SUCH_FILE });
  });

  it('shows a put-only user names and sizes, and no object', async () => {
    await start();
    const sftp = await session('drop');
    await sftp.put('gate/clip.mp4', 'moving pictures');
    expect(await sftp.list('/gate')).toEqual(['clip.mp4']);
    expect((await sftp.stat('gate')).isDirectory()).toBe(true);
    for (const path of ['gate/clip.mp4', 'gate/other.mp4']) {
      await expect(sftp.stat(path)).rejects.toMatchObject({ code: PERMISSION_DENIED });
      await expect(sftp.open(path, OPEN_MODE.READ)).rejects.toMatchObject({ code: PERMISSION_DENIED });
    }
  });

  it('shows a put-only user nothing where listing is off', async () => {
    await start({ behaviour: { dropboxListing: false } });
    const sftp = await session('drop');
    await sftp.put('gate/clip.mp4', 'moving pictures');
    await expect(sftp.list('/gate')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.stat('/gate')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    expect((await sftp.stat('/')).isDirectory()).toBe(true);
    await expect((await session('site')).list('/')).resolves.toEqual([]);
  });

  it('ends at its root', async () => {
    await start();
    await (await session('drop')).put('secret', 'of another site');
    const sftp = await session();
    expect(await sftp.realpath('.')).toBe('/');
    expect(await sftp.realpath('../../gate/..')).toBe('/');
    for (const path of ['/../site-b/cameras/secret', '../site-b/cameras/secret', 'x/../../site-b/cameras/secret']) {
      await expect(sftp.stat(path)).rejects.toMatchObject({ code: NO_SUCH_FILE });
    }
    await sftp.put('../../../../escaped', 'x');
    expect(await under.stored('site-a/escaped')).toEqual(Buffer.from('x'));
    expect(await sftp.list('..')).toEqual(['escaped']);
  });

  it('does not reach what the store keeps for itself, or names it cannot hold', async () => {
    await start();
    const sftp = await session('whole');
    for (const path of ['.incoming/x', 'a\\b', 'a\nb', 'a\uFFFDb', '/']) {
      await expect(sftp.open(path), path).rejects.toMatchObject({ code: expect.any(Number) });
    }
    expect(await sftp.list('/')).toEqual([]);
  });

  it('lists a large folder in pages', async () => {
    await start();
    const sftp = await session();
    const names = Array.from({ length: 250 }, (_, index) => `n${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => sftp.put(`many/${name}`, '')));
    expect(await sftp.list('many')).toEqual(names);
  });
});

/** A store that takes no byte until `gate` opens. */
function gated(store: ObjectStore, gate: Promise<void>): ObjectStore {
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
        write: async (chunk) => {
          await gate;
          await writer.write(chunk);
        },
        commit: () => writer.commit(),
        publishPartial: () => writer.publishPartial(),
        discard: () => writer.discard(),
      };
    },
  };
}
