import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SftpOptions, SftpRemote } from '../../lib/remote/sftp.js';
import { Stopwatch } from '../peers/stopwatch.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { type Answer, type Script, ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';

const { FAILURE, PERMISSION_DENIED, OP_UNSUPPORTED, NO_SUCH_FILE } = ssh2.utils.sftp.STATUS_CODE;
const never = () => new AbortController().signal;
/** More than the writer keeps in flight. */
const SIZE = 2_400_000;

let local: string;
let file: string;
let server: ScriptedSftpServer;
const remotes: SftpRemote[] = [];

beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 'lies-'));
  file = join(local, 'file');
  await writeFile(file, randomBytes(SIZE));
});
afterEach(async () => {
  for (const remote of remotes.splice(0)) await remote.close();
  await server.stop();
  await rm(local, { recursive: true, force: true });
});

function connect(options: Partial<SftpOptions> = {}): SftpRemote {
  const { host, port, username, password, fingerprint } = server;
  const remote = new SftpRemote({ host, port, username, password, hostKeys: [fingerprint], stallMs: 800, ...options });
  remotes.push(remote);
  return remote;
}

async function scripted(script: Script, options: Partial<SftpOptions> = {}): Promise<SftpRemote> {
  server = await ScriptedSftpServer.start(script);
  return connect(options);
}

const put = (remote: SftpRemote, key = 'cam/a.mp4') => remote.put(key, file, never());

describe('an honest server', () => {
  it('is asked for nothing but open, write in order, close and stat', async () => {
    const remote = await scripted({});
    await put(remote);
    const { WRITE, CREAT, TRUNC } = ssh2.utils.sftp.OPEN_MODE;
    const [open, ...rest] = server.requests;
    expect(open).toEqual({ type: 'open', path: 'cam/a.mp4', flags: WRITE | CREAT | TRUNC });
    const writes = rest.slice(0, -2);
    let offset = 0;
    for (const write of writes) {
      expect(write).toMatchObject({ type: 'write', offset });
      expect(write.bytes).toBeLessThanOrEqual(31_952);
      offset += write.bytes!;
    }
    expect(offset).toBe(SIZE);
    expect(rest.slice(-2).map(({ type }) => type)).toEqual(['close', 'stat']);
    expect(server.signInMethods).toEqual(['password']);
  });

  it('gets the next file while the close of the last is still unanswered, over one connection', async () => {
    const written = () => new Set(server.requests.filter(({ type }) => type === 'write').map(({ path }) => path));
    let closed = 0;
    const remote = await scripted({
      close: async (): Promise<Answer> => {
        closed += 1;
        if (closed === 1) await server.until(() => written().size > 1);
        return 'honest';
      },
    });
    await Promise.all(['1', '2', '3'].map((key) => put(remote, key)));
    expect(server.connections).toBe(1);
    // One after the other: no file's bytes between those of another.
    const paths = server.requests.filter(({ type }) => type === 'write').map(({ path }) => path);
    expect(paths.filter((path, index) => path !== paths[index - 1])).toHaveLength(3);
  });

  it('is left when nothing was sent for a while, and not before', async () => {
    const clock = new FakeClock();
    const remote = await scripted({}, { clock, stallMs: undefined });
    await put(remote);
    await clock.advance(800_000);
    await put(remote, 'again');
    await clock.advance(800_000);
    expect([server.connections, server.openConnections]).toEqual([1, 1]);
    await clock.advance(101_000);
    await server.until(() => server.openConnections === 0);
    await put(remote, 'later');
    expect(server.connections).toBe(2);
  });

  it('gets large files by turns, so that a small one need not wait for all of a large one', async () => {
    const remote = await scripted({});
    const large = join(local, 'large');
    await writeFile(large, Buffer.alloc(24_000_000));
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const first = remote.put('large', large, never()).then(note('large'));
    await server.until(() => server.requests.some(({ type }) => type === 'write'));
    await Promise.all([first, put(remote, 'small').then(note('small'))]);
    expect(order).toEqual(['small', 'large']);
  });

  it('makes missing folders once, from the deepest up, only where they are needed', async () => {
    const remote = await scripted({ needsFolders: true });
    await Promise.all(['a', 'b', 'c'].map((name) => put(remote, `site/cam/${name}`)));
    await put(remote, 'site/cam/d');
    const made = server.requests.filter(({ type }) => type === 'mkdir').map(({ path }) => path);
    expect(made).toEqual(['site/cam', 'site', 'site/cam']);
  });

  it('has a file opened behind the request for its folder, without waiting in between', async () => {
    const opened = () => server.requests.filter(({ type }) => type === 'open').length;
    const remote = await scripted({
      needsFolders: true,
      mkdir: async (): Promise<Answer> => {
        await server.until(() => opened() === 2);
        return 'honest';
      },
    });
    await put(remote, 'site/a');
    expect(server.requests.slice(0, 4).map(({ type }) => type)).toEqual(['open', 'mkdir', 'open', 'write']);
  });

  it('that opens a file before it has made the folder asked for first is asked again', async () => {
    let asked = 0;
    const remote = await scripted({
      needsFolders: true,
      open: () => (++asked === 2 ? { status: NO_SUCH_FILE } : 'honest'),
    });
    await put(remote, 'site/a');
    expect([...server.files.keys()]).toEqual(['site/a']);
  });

  it('that is slow but goes on is left alone, also by a call that waits behind another', async () => {
    const remote = await scripted({
      write: async (): Promise<Answer> => {
        await delay(20);
        return 'honest';
      },
    });
    const started = performance.now();
    const first = put(remote, 'first');
    await server.until(() => server.requests.filter(({ type }) => type === 'write').length > 60);
    await Promise.all([first, put(remote, 'second')]);
    expect(performance.now() - started).toBeGreaterThan(2000);
    expect([...server.files.keys()]).toEqual(['first', 'second']);
  });
});

describe('a lying or broken server', () => {
  const lies: [string, Script, Record<string, unknown>][] = [
    ['never answers OPEN', { open: () => 'silence' }, { kind: 'transient', code: 'stalled' }],
    ['never answers WRITE', { write: () => 'silence' }, { kind: 'transient', code: 'stalled' }],
    [
      'stops answering WRITE in the middle',
      { write: (_path, offset) => (offset > 1_000_000 ? 'silence' : 'honest') },
      { kind: 'transient', code: 'stalled' },
    ],
    ['loses one WRITE answer', { write: (_p, o) => (o === 921_600 ? 'silence' : 'honest') }, { code: 'stalled' }],
    ['never answers CLOSE', { close: () => 'silence' }, { kind: 'transient', code: 'stalled' }],
    ['never answers STAT', { stat: () => 'silence' }, { kind: 'transient', code: 'stalled' }],
    ['keeps half and says OK', { kept: (_p, bytes) => bytes / 2 }, { kind: 'transient', code: 'size-mismatch' }],
    ['loses the last byte', { kept: (_p, bytes) => bytes - 1 }, { kind: 'transient', code: 'size-mismatch' }],
    ['keeps nothing of it', { kept: () => 0 }, { kind: 'transient', code: 'size-mismatch' }],
    ['stores no file at all', { kept: () => -1 }, { kind: 'transient', code: 'not-stored' }],
    [
      'refuses the third WRITE without a reason',
      { write: (_p, offset) => (offset === 61_440 ? { status: FAILURE } : 'honest') },
      { kind: 'transient', code: 'remote-failure' },
    ],
    [
      'refuses only the last WRITE',
      { write: (_p, offset, bytes) => (offset + bytes === SIZE ? { status: FAILURE } : 'honest') },
      { kind: 'transient', code: 'remote-failure' },
    ],
    [
      'has a full disk and says so',
      { write: () => ({ status: FAILURE, message: 'No space left on device' }) },
      { kind: 'transient', code: 'remote-full' },
    ],
    ['refuses CLOSE', { close: () => ({ status: FAILURE }) }, { kind: 'transient', code: 'remote-failure' }],
    [
      'denies CLOSE, as S3 without the KMS permission',
      { close: () => ({ status: PERMISSION_DENIED }) },
      { kind: 'permanent', code: 'permission-denied' },
    ],
    ['denies OPEN', { open: () => ({ status: PERMISSION_DENIED }) }, { kind: 'permanent', code: 'permission-denied' }],
    ['knows no such mode', { open: () => ({ status: OP_UNSUPPORTED }) }, { kind: 'permanent', code: 'not-supported' }],
    ['has no folder and makes none', { open: () => ({ status: NO_SUCH_FILE }) }, { code: 'remote-failure' }],
    [
      'denies making folders',
      { needsFolders: true, mkdir: () => ({ status: PERMISSION_DENIED }) },
      { kind: 'permanent', code: 'permission-denied' },
    ],
    ['resets at OPEN', { open: () => 'reset' }, { kind: 'transient', code: 'connection-lost' }],
    [
      'resets in the middle',
      { write: (_p, offset) => (offset > 1_000_000 ? 'reset' : 'honest') },
      { kind: 'transient', code: 'connection-lost' },
    ],
    ['resets at CLOSE', { close: () => 'reset' }, { kind: 'transient', code: 'connection-lost' }],
    ['resets at STAT', { stat: () => 'reset' }, { kind: 'transient', code: 'connection-lost' }],
    [
      'lets nobody look',
      { stat: () => ({ status: PERMISSION_DENIED }), list: () => ({ status: PERMISSION_DENIED }) },
      { kind: 'permanent', code: 'permission-denied' },
    ],
    [
      'keeps half, and lets nobody stat it',
      { stat: () => ({ status: PERMISSION_DENIED }), kept: (_p, bytes) => bytes / 2 },
      { code: 'size-mismatch' },
    ],
    [
      'fails at STAT, and hides the file',
      { stat: () => ({ status: FAILURE }), kept: () => -1 },
      { code: 'not-stored' },
    ],
  ];

  it.each(lies)('that %s is never believed', async (_what, script, failure) => {
    const remote = await scripted(script);
    const since = new Stopwatch();
    const outcome = await put(remote).then(
      (receipt) => ({ receipt }),
      (error) => error,
    );
    expect(outcome).toMatchObject({ name: 'Failure', ...failure });
    expect(outcome.hint).toMatch(/^[A-Z].*[.?]$/);
    expect(since.stop()).toBeLessThan(4000);
    // And the same remote works once the server is honest again.
    server.script = {};
    const receipt = await put(remote);
    expect(receipt.bytes).toBe(SIZE);
    expect(server.files.get('cam/a.mp4')?.length).toBe(SIZE);
  });

  it.each([PERMISSION_DENIED, FAILURE])('that answers STAT with %i is looked at by listing', async (status) => {
    const remote = await scripted({ stat: () => ({ status }) });
    expect(await put(remote)).toMatchObject({ bytes: SIZE, provenBy: 'list' });
    expect(await remote.stat('cam/a.mp4', never())).toEqual({ key: 'cam/a.mp4', bytes: SIZE });
    expect(await remote.stat('cam/b.mp4', never())).toBeUndefined();
  });

  it('that stops serving one file does not keep another', async () => {
    let givenUp: () => void = () => undefined;
    const refused = new Promise<void>((resolve) => {
      givenUp = resolve;
    });
    const remote = await scripted({
      // As where the object store behind the server hangs on one object.
      close: (path) => (path === 'stuck' ? 'silence' : 'honest'),
      // The others go on, and are far from done before the stuck one is given up: that takes 800 ms, they take 11 s.
      write: async (path): Promise<Answer> => {
        if (path !== 'stuck') await Promise.race([refused, delay(50)]);
        return 'honest';
      },
    });
    const stuck = put(remote, 'stuck');
    stuck.then(givenUp, givenUp);
    await server.until(() => server.requests.some(({ type }) => type === 'close'));
    const others = ['a', 'b', 'c'].map((key) => put(remote, key));
    await expect(stuck).rejects.toMatchObject({ code: 'stalled' });
    expect(server.files.size).toBe(0);
    for (const receipt of await Promise.all(others)) expect(receipt.bytes).toBe(SIZE);
    expect(server.connections).toBe(1);
    await put(remote, 'later');
  });

  it('that refuses one file keeps the others, and never sees the refused one closed', async () => {
    const remote = await scripted({
      write: (path, offset) => (path === 'bad' && offset > 0 ? { status: FAILURE } : 'honest'),
    });
    const [good, bad] = await Promise.allSettled([put(remote, 'good'), put(remote, 'bad')]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'remote-failure' } });
    await server.until(() => server.openConnections === 0);
    expect(server.files.has('bad')).toBe(false);
  });

  it('is given 30 s of silence by default, measured on the clock', async () => {
    const clock = new FakeClock();
    const remote = await scripted({ write: () => 'silence' }, { clock, stallMs: undefined });
    const outcome = put(remote).catch((error) => error);
    await server.until(() => server.requests.some(({ type }) => type === 'write'));
    let settled = false;
    void outcome.then(() => {
      settled = true;
    });
    await clock.advance(29_000);
    expect(settled).toBe(false);
    await clock.advance(1_500);
    expect(await outcome).toMatchObject({ code: 'stalled' });
    await server.until(() => server.openConnections === 0);
  });

  it('that signs in but opens no channel is unreachable', async () => {
    const remote = await scripted({ noChannel: true }, { connectMs: 400 });
    await expect(put(remote)).rejects.toMatchObject({ kind: 'transient', code: 'unreachable' });
    await server.until(() => server.openConnections === 0);
  });
});

describe('signing in', () => {
  it('sends no credential to a host whose key is not pinned, and says which it showed', async () => {
    const remote = await scripted({});
    await put(remote);
    await remote.close();
    server.passwordsSeen.length = 0;
    server.signInMethods.length = 0;
    await server.changeHostKey();
    const failure = await put(remote).catch((error) => error);
    expect(failure).toMatchObject({ kind: 'permanent', code: 'host-key-changed' });
    expect(failure.hint).toContain(server.fingerprint);
    await server.until(() => server.openConnections === 0);
    expect(server.passwordsSeen).toEqual([]);
    expect(server.signInMethods).toEqual([]);
  });

  it('accepts any of several pins, padded or not', async () => {
    server = await ScriptedSftpServer.start();
    const other = `SHA256:${'A'.repeat(43)}`;
    await put(connect({ hostKeys: [other, `${server.fingerprint}=`] }));
    await expect(put(connect({ hostKeys: [other] }))).rejects.toMatchObject({ code: 'host-key-changed' });
    await expect(put(connect({ hostKeys: [] }))).rejects.toMatchObject({ kind: 'permanent', code: 'host-key-unknown' });
    expect(server.passwordsSeen).toHaveLength(1);
  });

  it('trusts a first use only when told to, tells its fingerprint, and then nothing else', async () => {
    server = await ScriptedSftpServer.start();
    const told: string[] = [];
    const remote = connect({ hostKeys: { trustOnFirstUse: (fingerprint) => void told.push(fingerprint) } });
    await put(remote);
    expect(told).toEqual([server.fingerprint]);
    await remote.close();
    await put(remote);
    expect(told).toHaveLength(1);
    await remote.close();
    await server.changeHostKey();
    await expect(put(remote)).rejects.toMatchObject({ code: 'host-key-changed' });
  });

  it('stores nothing on a host whose first key could not be pinned', async () => {
    server = await ScriptedSftpServer.start();
    const pin = async () => {
      throw new Error('disk full');
    };
    await expect(put(connect({ hostKeys: { trustOnFirstUse: pin } }))).rejects.toMatchObject({
      code: 'host-key-not-pinned',
    });
    expect(server.requests).toEqual([]);
  });

  it('says when the password is refused, without repeating it', async () => {
    server = await ScriptedSftpServer.start();
    const failure = await put(connect({ password: 'wrong-canary' })).catch((error) => error);
    expect(failure).toMatchObject({ kind: 'permanent', code: 'sign-in-refused' });
    const told = JSON.stringify([failure.message, failure.hint, failure.stack, String(failure.cause)]);
    expect(told).not.toContain('canary');
    expect(server.signInMethods).toEqual(['password']);
  });

  it('says when the private key cannot be read', async () => {
    server = await ScriptedSftpServer.start();
    const { private: privateKey } = ssh2.utils.generateKeyPairSync('ed25519', {
      passphrase: 'x',
      cipher: 'aes256-cbc',
      rounds: 4,
    });
    const unreadable = { kind: 'permanent', code: 'key-unreadable' };
    await expect(put(connect({ privateKey }))).rejects.toMatchObject(unreadable);
    await expect(put(connect({ privateKey: 'no key' }))).rejects.toMatchObject(unreadable);
    expect(server.connections).toBe(0);
  });
});

describe('something else than an SFTP server', () => {
  const sockets = new Set<Socket>();
  let other: Server;

  const listen = async (serve: (socket: Socket) => void): Promise<number> => {
    server = await ScriptedSftpServer.start();
    other = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      serve(socket);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    return (other.address() as AddressInfo).port;
  };
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    other?.close();
  });

  it('that accepts and says nothing is unreachable in time, and aborts at once', async () => {
    const port = await listen(() => undefined);
    await expect(put(connect({ port, connectMs: 300 }))).rejects.toMatchObject({
      kind: 'transient',
      code: 'unreachable',
    });
    const stop = new AbortController();
    const aborted = connect({ port }).put('k', file, stop.signal);
    stop.abort();
    await expect(aborted).rejects.toMatchObject({ kind: 'aborted' });
  });

  it.each([
    ['closes at once', (socket: Socket) => socket.destroy()],
    ['speaks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends noise', (socket: Socket) => socket.end(Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), randomBytes(4000)]))],
  ])('that %s is unreachable', async (_what, serve) => {
    const port = await listen(serve);
    await expect(put(connect({ port }))).rejects.toMatchObject({ kind: 'transient', code: 'unreachable' });
  });

  it('that is not there at all is unreachable', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => other.close(resolve));
    await expect(put(connect({ port }))).rejects.toMatchObject({ kind: 'transient', code: 'unreachable' });
    const nowhere = connect({ host: 'no-such-host.invalid', connectMs: 5000 });
    await expect(put(nowhere)).rejects.toMatchObject({ kind: 'transient', code: 'unreachable' });
  });

  it('is offered today’s algorithms only', async () => {
    let offered = '';
    const port = await listen((socket) => {
      socket.write('SSH-2.0-x\r\n');
      socket.on('data', (data) => {
        offered += data.toString('latin1');
        if (offered.includes('none')) socket.destroy();
      });
    });
    await expect(put(connect({ port }))).rejects.toMatchObject({ code: 'unreachable' });
    expect(offered).toMatch(/[^,]aes128-gcm@openssh\.com,/);
    expect(offered).toContain('kex-strict-c-v00@openssh.com');
    expect(offered).not.toMatch(/sha1|-cbc|chacha20|ssh-rsa|ssh-dss|md5|group14|group1-|arcfour|zlib/);
  });
});
