import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FtpOptions, FtpRemote } from '../../lib/remote/ftps.js';
import { Stopwatch } from '../peers/stopwatch.js';
import { createAuthority, selfSigned } from '../simulators/certificates.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { FTP_PASSWORD, type FtpAnswer, type FtpScript, ScriptedFtpServer } from '../simulators/scripted-ftp-server.js';

const never = () => new AbortController().signal;
/** More than the system's buffers for a loopback connection hold. */
const SIZE = 12_000_000;

const authority = createAuthority();
const good = authority.issue('127.0.0.1');
const stranger = selfSigned('127.0.0.1');

let local: string;
let file: string;
let server: ScriptedFtpServer;
const remotes: FtpRemote[] = [];

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

function connect(options: Partial<FtpOptions> = {}): FtpRemote {
  const { host, port, username, password } = server;
  const tls = { ca: authority.ca };
  const remote = new FtpRemote({ host, port, username, password, tls, stallMs: 500, connectMs: 1_500, ...options });
  remotes.push(remote);
  return remote;
}

async function scripted(script: FtpScript, options: Partial<FtpOptions> = {}): Promise<FtpRemote> {
  server = await ScriptedFtpServer.start(script, good, stranger);
  return connect(options);
}

const put = (remote: FtpRemote, key = 'a.mp4') => remote.put(key, file, never());
const outcomeOf = (call: Promise<unknown>) =>
  call.then(
    (receipt) => ({ receipt }),
    (error) => error,
  );

/** Says `reply` to one command, and is honest otherwise. */
const says = (command: string, reply: FtpAnswer): FtpScript => ({
  answer: (asked) => (asked === command ? reply : undefined),
});

/** What an upload has no business with. */
const FORBIDDEN = [
  'DELE',
  'RMD',
  'RNFR',
  'RNTO',
  'APPE',
  'REST',
  'RETR',
  'SITE',
  'MDTM',
  'MFMT',
  'PORT',
  'EPRT',
  'ALLO',
];

describe('an honest server', () => {
  it('is asked for what an upload needs and no more, over TLS sessions that are resumed', async () => {
    const remote = await scripted({});
    await put(remote, 'a');
    await put(remote, 'b');
    const transfer = ['EPSV', 'STOR', 'SIZE'];
    expect(server.commands).toEqual([
      ...['AUTH', 'USER', 'PASS', 'FEAT', 'OPTS', 'TYPE', 'PBSZ', 'PROT', 'PWD'],
      ...transfer,
      ...transfer,
    ]);
    expect(server.dataConnections).toEqual({ resumed: 2, all: 2 });
    expect(server.plain).toBe('AUTH TLS\r\n');
  });

  it('gets small files side by side over as many connections as are allowed, and they are kept', async () => {
    const remote = await scripted({}, { connections: 3 });
    await writeFile(file, 'small');
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 12 }, (_, index) => put(remote, `${round}-${index}`)));
    }
    expect(server.files.size).toBe(24);
    expect(server.commands.filter((command) => command === 'USER')).toHaveLength(3);
  });

  it('that takes one connection only is served over that one', async () => {
    const remote = await scripted({ answer: (command) => greetOnce(command) });
    let greeted = 0;
    const greetOnce = (command: string): FtpAnswer => {
      if (command === '') greeted += 1;
      return command === '' && greeted > 1 ? '421 Too many connections from this address' : undefined;
    };
    await writeFile(file, 'small');
    // The first is there before the others ask.
    await put(remote, 'first');
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => put(remote, key)));
    expect(server.files.size).toBe(5);
    expect(server.openConnections).toBe(1);
  });

  it('is asked for the next port along with the size while others wait, and told to store before the data connection stands', async () => {
    let sizes = 0;
    const remote = await scripted({}, { connections: 1, stallMs: 5_000 });
    server.script = {
      answer: async (command) => {
        // Answered only once the next question is there as well, but for the last.
        if (command === 'SIZE' && ++sizes < 3)
          await server.until(() => server.commands.slice(server.commands.lastIndexOf('SIZE')).includes('EPSV'));
        return undefined;
      },
    };
    await writeFile(file, 'small');
    await Promise.all(['a', 'b', 'c'].map((key) => put(remote, key)));
    expect(server.commands.slice(9)).toEqual(['EPSV', 'STOR', 'SIZE', 'EPSV', 'STOR', 'SIZE', 'EPSV', 'STOR', 'SIZE']);
    expect(server.files.size).toBe(3);
    // With a port where nobody is, once with haste and once without.
    server.script = { answer: (command) => (command === 'EPSV' ? '229 Extended (|||1|)' : undefined) };
    expect(await outcomeOf(put(remote, 'd'))).toMatchObject({ code: 'data-connection-failed' });
    expect(server.commands.filter((command) => command === 'STOR')).toHaveLength(4);
  });

  it('is told at once how a session is to be, and asked for the port of the first file', async () => {
    const remote = await scripted({}, { stallMs: 5_000 });
    server.script = {
      answer: async (command) => {
        if (command === 'FEAT') await server.until(() => server.commands.includes('EPSV'));
        return undefined;
      },
    };
    expect(await put(remote)).toMatchObject({ bytes: SIZE });
    expect(server.commands.slice(-3)).toEqual(['EPSV', 'STOR', 'SIZE']);
  });

  it('that forgets all but the first of several commands is served step by step', async () => {
    const clock = new FakeClock();
    let forgets = false;
    const remote = await scripted({}, { clock, stallMs: 30_000, connectMs: 20_000 });
    server.script = {
      answer: async (command) => {
        if (command === '') forgets = false;
        if (command === 'FEAT') {
          await delay(100);
          forgets = server.commands.at(-1) !== 'FEAT';
        } else if (forgets) return 'silence';
        return undefined;
      },
    };
    const receipt = put(remote);
    await server.until(() => server.commands.includes('EPSV'));
    await delay(300);
    await clock.advance(5_000);
    expect(await receipt).toMatchObject({ bytes: SIZE });
    expect(server.commands.filter((command) => command === 'USER')).toHaveLength(2);
  });

  it.each([['425 Use PASV first.'], ['503 Bad sequence of commands.']])(
    'that cannot take such haste is served step by step: it says %s',
    async (refusal) => {
      let refused = 0;
      const remote = await scripted({
        answer: (command) => (command === 'STOR' && refused++ === 0 ? refusal : undefined),
      });
      expect(await put(remote)).toMatchObject({ bytes: SIZE });
      expect(refused).toBe(2);
      // With a port where nobody is, only who is hasty says STOR.
      server.script = { answer: (command) => (command === 'EPSV' ? '229 Extended (|||1|)' : undefined) };
      expect(await outcomeOf(put(remote, 'b'))).toMatchObject({ code: 'data-connection-failed' });
      expect(server.commands.filter((command) => command === 'STOR')).toHaveLength(2);
    },
  );

  it('is left when nothing was sent for a while', async () => {
    const clock = new FakeClock();
    const remote = await scripted({}, { clock, idleMs: undefined });
    await put(remote);
    expect(server.openConnections).toBe(1);
    await clock.advance(61_000);
    await server.until(() => server.openConnections === 0);
    await put(remote, 'again');
  });

  it('that is slow but goes on is left alone', async () => {
    // Each answer well within the time allowed, all of them together far beyond it.
    const answer = async (command: string) => {
      if (command !== '') await delay(300);
      return undefined;
    };
    const remote = await scripted({ answer }, { stallMs: 1_500, connectMs: 10_000 });
    const receipt = await put(remote);
    expect(receipt.bytes).toBe(SIZE);
  });

  it('that knows no EPSV is asked for PASV, and whatever address it names, only its own host is called', async () => {
    let called = 0;
    const elsewhere = createServer(() => {
      called += 1;
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.2', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    const remote = await scripted(says('EPSV', '500 what?'));
    await put(remote);
    const there = `227 Passive (127,0,0,2,${port >> 8},${port & 255})`;
    server.script = {
      answer: (command) => (command === 'PASV' ? there : command === 'EPSV' ? '500 what?' : undefined),
    };
    expect(await outcomeOf(put(remote))).toMatchObject({ kind: 'transient', code: 'data-connection-failed' });
    expect(called).toBe(0);
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  it.each([
    ['no SIZE', says('SIZE', '502 Command not implemented.')],
    ['a SIZE that is refused', says('SIZE', '550 Access denied.')],
  ])('with %s is looked at by listing', async (_what, script) => {
    const remote = await scripted(script);
    expect(await put(remote)).toMatchObject({ bytes: SIZE, proven: 'size', provenBy: 'list' });
    server.script = { ...script, kept: (_path, bytes) => bytes / 2 };
    expect(await outcomeOf(put(remote))).toMatchObject({ code: 'size-mismatch' });
  });
});

describe('a lying or broken server', () => {
  const transient = (code: string) => ({ kind: 'transient', code });
  const permanent = (code: string) => ({ kind: 'permanent', code });
  const lies: [string, FtpScript, Record<string, unknown>][] = [
    ['keeps half and says 226', { kept: (_path, bytes) => bytes / 2 }, transient('size-mismatch')],
    ['loses the last byte and says 226', { kept: (_path, bytes) => bytes - 1 }, transient('size-mismatch')],
    ['keeps nothing of it and says 226', { kept: () => 0 }, transient('size-mismatch')],
    ['stores no file at all and says 226', { kept: () => -1 }, transient('not-stored')],
    ['has a full disk at STOR', says('STOR', '552 Disk full'), transient('remote-full')],
    [
      'has a full disk in the middle',
      { data: (_path, bytes) => (bytes > 1_000_000 ? '452 Insufficient storage space' : undefined) },
      transient('remote-full'),
    ],
    ['has a full disk at the end', says('STOR done', '552 Quota exceeded'), transient('remote-full')],
    ['says 451 at the end', says('STOR done', '451 Local error'), transient('remote-failure')],
    [
      'says 426 at the end',
      says('STOR done', '426 Failure reading network stream.'),
      transient('data-connection-failed'),
    ],
    ['says 200 where 226 is due', says('STOR done', '200 NOOP ok'), transient('remote-failure')],
    ['says 331 where 226 is due', says('STOR done', '331 And now?'), transient('remote-failure')],
    ['says 226 before anything was sent', says('STOR', '226 stored'), transient('remote-failure')],
    [
      'says 226 in the middle',
      { data: (_path, bytes) => (bytes > 1_000_000 ? '226 stored' : undefined) },
      transient('remote-failure'),
    ],
    ['never says 226', says('STOR done', 'silence'), transient('stalled')],
    ['never answers STOR', says('STOR', 'silence'), transient('stalled')],
    ['never answers EPSV', says('EPSV', 'silence'), transient('stalled')],
    ['never answers SIZE', says('SIZE', 'silence'), transient('stalled')],
    [
      'reads no more, and keeps its control connection alive',
      { data: (_path, bytes) => (bytes > 100_000 ? 'stop' : undefined) },
      transient('stalled'),
    ],
    ['stalls in the TLS handshake', { control: 'stall' }, transient('stalled')],
    ['stalls in the TLS handshake of the data', { dataTls: 'stall' }, transient('stalled')],
    ['never greets', says('', 'silence'), transient('stalled')],
    ['never answers USER', says('USER', 'silence'), transient('stalled')],
    ['resets at the greeting', says('', 'reset'), transient('unreachable')],
    ['resets at AUTH', says('AUTH', 'reset'), transient('unreachable')],
    ['resets at PASS', says('PASS', 'reset'), transient('connection-lost')],
    ['resets at EPSV', says('EPSV', 'reset'), transient('connection-lost')],
    ['resets at STOR', says('STOR', 'reset'), transient('connection-lost')],
    [
      'resets in the middle',
      { data: (_path, bytes) => (bytes > 1_000_000 ? 'reset' : undefined) },
      transient('connection-lost'),
    ],
    ['resets at the end', says('STOR done', 'reset'), transient('connection-lost')],
    ['resets at SIZE', says('SIZE', 'reset'), transient('connection-lost')],
    ['greets as a web server', says('', 'HTTP/1.1 400 Bad Request'), transient('stalled')],
    ['is full of people', says('', '421 Too many users'), transient('too-many-connections')],
    ['names no port', says('EPSV', '229 Extended passive, somewhere'), transient('remote-failure')],
    ['names port 0', says('EPSV', '229 Extended (|||0|)'), transient('remote-failure')],
    ['names a port where nobody is', says('EPSV', '229 Extended (|||1|)'), transient('data-connection-failed')],
    ['tells a size that is none', says('SIZE', '213 plenty'), transient('remote-failure')],
    ['never ends a reply', says('FEAT', `211-${'x'.repeat(70_000)}`), transient('connection-lost')],
    ['denies STOR', says('STOR', '550 Permission denied.'), permanent('permission-denied')],
    ['lets nobody replace a file', says('STOR', '550 a.mp4: Overwrite permission denied'), permanent('key-taken')],
    ['ends the session', says('STOR', '421 Timeout'), transient('connection-lost')],
    ['speaks no TLS', says('AUTH', '502 Not implemented'), permanent('not-encrypted')],
    ['agrees to another AUTH', says('AUTH', '334 Challenge'), permanent('not-encrypted')],
    ['agrees to TLS and goes on in the clear', { control: 'plain' }, permanent('no-tls')],
    ['refuses PROT P', says('PROT', '536 Not supported'), permanent('not-encrypted')],
    ['does not know PROT', says('PROT', '500 what?'), permanent('not-encrypted')],
    ['takes PROT P and sends no TLS on data connections', { dataTls: 'plain' }, transient('stalled')],
    ['has another one answer data connections', { dataTls: 'stranger' }, permanent('certificate-refused')],
  ];

  it.each(lies)('that %s is never believed', async (_what, script, failure) => {
    const remote = await scripted(script);
    const since = new Stopwatch();
    const outcome = await outcomeOf(put(remote));
    expect(outcome).toMatchObject({ name: 'Failure', ...failure });
    expect(outcome.hint).toMatch(/^[A-Z].*[.?]$/);
    expect([outcome.message, outcome.hint, outcome.stack].join()).not.toContain(FTP_PASSWORD);
    // Twice 500 ms of silence, 1.5 s to connect, 2 s to hear a reason.
    expect(since.stop()).toBeLessThan(8000);
    // Not one byte of password or footage in the clear, and nothing asked of the server that could lose anything.
    // The beginnings of TLS handshakes are no secret.
    expect(server.plain.length).toBeLessThan(2_000);
    expect(server.plain).not.toContain('PASS');
    expect(server.plain).not.toContain('STOR');
    expect(server.commands.filter((command) => FORBIDDEN.includes(command))).toEqual([]);
    expect(existsSync(file)).toBe(true);
    // And the same remote works once the server is honest again.
    server.script = {};
    const receipt = await put(remote);
    expect(receipt.bytes).toBe(SIZE);
    expect(server.files.get('a.mp4')?.length).toBe(SIZE);
  });

  it('is given 20 s to connect, the TLS handshake included, measured on the clock', async () => {
    const clock = new FakeClock();
    const remote = await scripted({ control: 'stall' }, { clock, stallMs: undefined, connectMs: undefined });
    const outcome = outcomeOf(put(remote));
    await server.until(() => server.commands.includes('AUTH'));
    let settled = false;
    void outcome.then(() => {
      settled = true;
    });
    await clock.advance(19_000);
    expect(settled).toBe(false);
    await clock.advance(1_500);
    expect(await outcome).toMatchObject({ code: 'unreachable' });
    await server.until(() => server.openConnections === 0);
  });

  it('is given 30 s of silence by default, and 60 s for the last reply', async () => {
    const clock = new FakeClock();
    const silent = await scripted(says('STOR', 'silence'), { clock, stallMs: undefined });
    const first = outcomeOf(put(silent));
    await server.until(() => server.commands.includes('STOR'));
    await clock.advance(31_000);
    expect(await first).toMatchObject({ code: 'stalled' });
    let all = false;
    server.script = {
      answer: (command) => {
        all ||= command === 'STOR done';
        server.notify();
        return command === 'STOR done' ? 'silence' : undefined;
      },
    };
    const second = outcomeOf(put(silent));
    await server.until(() => all);
    let settled = false;
    void second.then(() => {
      settled = true;
    });
    await clock.advance(50_000);
    expect(settled).toBe(false);
    await clock.advance(12_000);
    expect(await second).toMatchObject({ code: 'stalled' });
    await server.until(() => server.openConnections === 0);
  });

  it('that refuses the sign-in is told of without the password', async () => {
    const remote = await scripted({}, { password: 'wrong-canary' });
    const failure = await outcomeOf(put(remote));
    expect(failure).toMatchObject({ kind: 'permanent', code: 'sign-in-refused' });
    expect(JSON.stringify([failure.message, failure.hint, failure.stack, String(failure.cause)])).not.toContain(
      'canary',
    );
  });
});

describe('the certificate', () => {
  it.each([
    ['has expired', () => authority.issue('127.0.0.1', { days: -1 }), /expired/],
    ['was issued for another host', () => authority.issue('ftp.example.com'), /another host/],
    ['is signed by itself', () => stranger, /by itself/],
    ['comes from an unknown authority', () => createAuthority().issue('127.0.0.1'), /authority/],
  ])('that %s is refused before any credential is sent', async (_what, certificate, why) => {
    server = await ScriptedFtpServer.start({}, certificate());
    const remote = connect();
    const failure = await outcomeOf(put(remote));
    expect(failure).toMatchObject({
      kind: 'permanent',
      code: 'certificate-refused',
      message: expect.stringMatching(why),
    });
    await server.until(() => server.openConnections === 0);
    expect(server.commands).toEqual(['AUTH']);
    server.certificate = good;
    await put(remote);
  });

  it('of an authority this machine does not know is refused where none is named', async () => {
    const remote = await scripted({}, { tls: {} });
    expect(await outcomeOf(put(remote))).toMatchObject({ kind: 'permanent', code: 'certificate-refused' });
    expect(server.commands).toEqual(['AUTH']);
  });

  it('may be pinned, by itself or as one of several: then it alone counts, and for data connections too', async () => {
    server = await ScriptedFtpServer.start({}, stranger, good);
    const pinned = connect({ tls: { fingerprints: [good.fingerprint, stranger.fingerprint.toLowerCase()] } });
    await put(pinned);
    const other = connect({ tls: { fingerprints: [stranger.fingerprint] } });
    await put(other);
    server.script = { dataTls: 'stranger' };
    expect(await outcomeOf(put(other))).toMatchObject({ kind: 'permanent', code: 'certificate-changed' });
    server.script = {};
    server.certificate = good;
    await other.close();
    server.requests.length = 0;
    const failure = await outcomeOf(put(other));
    expect(failure).toMatchObject({ kind: 'permanent', code: 'certificate-changed' });
    expect(failure.hint).toContain(good.fingerprint);
    expect(server.commands.filter((command) => command !== 'QUIT')).toEqual(['AUTH']);
  });

  it('is shown over TLS 1.2 or newer only', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const remote = await scripted({ tls: old });
    expect(await outcomeOf(put(remote))).toMatchObject({ kind: 'permanent', code: 'algorithms-refused' });
    expect(server.commands).toEqual(['AUTH']);
    server.script = { tls: { maxVersion: 'TLSv1.2' } };
    await put(remote);
    expect(server.dataConnections).toEqual({ resumed: 1, all: 1 });
  });
});

describe('plain FTP', () => {
  it('asks for no TLS, and sends all in the clear, as it was told to', async () => {
    const remote = await scripted({}, { tls: 'none' });
    await put(remote);
    expect(remote.name).toMatch(/^ftp:/);
    expect(server.commands).not.toContain('AUTH');
    expect(server.plain).toContain(FTP_PASSWORD);
  });
});
