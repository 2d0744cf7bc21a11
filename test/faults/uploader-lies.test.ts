import { readdir } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FtpRemote } from '../../lib/remote/ftps.js';
import type { Remote } from '../../lib/remote/remote.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Throttle } from '../../lib/remote/throttle.js';
import type { FileRow } from '../../src/ledger/files.js';
import { Retention } from '../../src/spool/retain.js';
import { Uploader } from '../../src/upload/uploader.js';
import { until } from '../peers/until.js';
import { createAuthority } from '../simulators/certificates.js';
import { type FtpScript, ScriptedFtpServer } from '../simulators/scripted-ftp-server.js';
import { type Script, ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';
import { MINUTE, NOON, Storage } from '../simulators/storage.js';

const { FAILURE, PERMISSION_DENIED } = ssh2.utils.sftp.STATUS_CODE;
const authority = createAuthority();
const certificate = authority.issue('127.0.0.1');

/**
 * The real uploader with the real adapters on servers that lie: whatever they say, nothing counts as delivered, nothing is
 * freed although the policy would free everything at once (I1, I5), and once they are honest everything arrives.
 */
let storage: Storage;
let stop: AbortController;
let running: Promise<void>;
let end: () => Promise<void>;

beforeEach(() => {
  storage = new Storage(['far']);
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  await end();
  storage.close();
});

function start(remote: Remote): void {
  const { spool, ledger, clock, log, layout } = storage;
  const uploader = new Uploader({
    ...{ remoteName: 'far', remote, ledger, clock, log, parallel: 2, deadlineMs: 60_000 },
    outbox: {
      folder: layout.ready,
      moveToSent: (name: string) => spool.moveToSent(name),
      rekey: (file: FileRow) => spool.rekey(file),
    },
    line: { closed: () => undefined },
    throttle: new Throttle(clock, () => Number.POSITIVE_INFINITY),
  });
  running = uploader.run(stop.signal);
}

/** What is tried is over: each file was refused this often. */
const attempts = () => storage.lines.filter((line) => line.includes('upload failed')).length;

async function neverBelieved(honest: () => void): Promise<void> {
  const { ledger, spool, clock, log, layout } = storage;
  const retention = new Retention(spool, ledger, { keepMs: 0, minFreeBytes: Number.MAX_SAFE_INTEGER }, clock, log);
  const files = ledger.files.expectedNames(0, 100).map(({ name }) => name);
  await until('three attempts', async () => {
    await clock.advance(5_000);
    expect(await retention.freeOnce()).toBe(0);
    return attempts() >= 3;
  });
  expect(ledger.files.backlog('gate').files).toBe(files.length);
  expect((await readdir(layout.ready)).sort()).toEqual([...files].sort());
  honest();
  await until('everything delivered', async () => {
    await clock.advance(60_000);
    return ledger.files.backlog('gate').files === 0;
  });
  // The last is moved once it is verified.
  await until('all moved', async () => (await readdir(layout.sent)).length === files.length);
  await clock.advance(1);
  expect(await retention.freeOnce()).toBe(files.length);
}

const commit = async () => {
  for (const n of [0, 1]) await storage.commit({ start: NOON + n * MINUTE }, 'x'.repeat(200_000 + n));
};

describe('an uploader over FTPS', () => {
  const lies: [string, FtpScript][] = [
    ['truncates and says 226', { kept: (_path, bytes) => bytes - 1 }],
    ['stores nothing and says 226', { kept: () => -1 }],
    ['is full at the end', { answer: (asked) => (asked === 'STOR done' ? '452 Insufficient storage' : undefined) }],
    ['is full in the middle', { data: () => '552 Disk full' }],
    ['never says 226', { answer: (asked) => (asked === 'STOR done' ? 'silence' : undefined) }],
    ['stalls in the TLS handshake', { control: 'stall' }],
    ['resets in the middle', { data: () => 'reset' }],
    ['refuses PROT P', { answer: (asked) => (asked === 'PROT' ? '536 no' : undefined) }],
    ['refuses the sign-in', { answer: (asked) => (asked === 'PASS' ? '530 no' : undefined) }],
    ['hides the size', { answer: (asked) => (asked === 'SIZE' || asked === 'LIST' ? '550 denied' : undefined) }],
  ];

  it.each(lies)('to a server that %s keeps every file until it is really there', async (_what, script) => {
    const server = await ScriptedFtpServer.start(script, certificate);
    end = () => server.stop();
    await commit();
    const { host, port, username, password } = server;
    const tls = { ca: authority.ca };
    start(new FtpRemote({ host, port, username, password, tls, stallMs: 400, connectMs: 1_000 }));
    await neverBelieved(() => {
      server.script = {};
    });
    expect(server.commands.filter((command) => ['DELE', 'RMD', 'RNFR', 'APPE', 'REST'].includes(command))).toEqual([]);
  });
});

describe('an uploader over SFTP', () => {
  const lies: [string, Script][] = [
    ['truncates and says OK', { kept: (_path, bytes) => bytes - 1 }],
    ['stores nothing and says OK', { kept: () => -1 }],
    ['is full at WRITE', { write: () => ({ status: FAILURE, message: 'No space left on device' }) }],
    ['is full at CLOSE', { close: () => ({ status: FAILURE }) }],
    ['never answers CLOSE', { close: () => 'silence' }],
    ['resets at CLOSE', { close: () => 'reset' }],
    ['denies OPEN', { open: () => ({ status: PERMISSION_DENIED }) }],
    ['opens no channel', { noChannel: true }],
    ['lets nobody look', { stat: () => ({ status: PERMISSION_DENIED }), list: () => ({ status: PERMISSION_DENIED }) }],
  ];

  it.each(lies)('to a server that %s keeps every file until it is really there', async (_what, script) => {
    const server = await ScriptedSftpServer.start(script);
    end = () => server.stop();
    await commit();
    const { host, port, username, password, fingerprint } = server;
    start(
      new SftpRemote({
        ...{ host, port, username, password, hostKeys: [fingerprint] },
        stallMs: 400,
        connectMs: 1_000,
      }),
    );
    await neverBelieved(() => {
      server.script = {};
    });
    expect(server.requests.filter(({ path }) => ['REMOVE', 'RENAME', 'SETSTAT', 'FSETSTAT'].includes(path))).toEqual(
      [],
    );
  });
});
