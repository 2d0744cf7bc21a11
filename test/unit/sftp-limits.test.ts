import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { LEAST_WRITE, MOST_WRITE } from '../../lib/remote/sftp-limits.js';
import { ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';
import type { LimitsOffer } from '../simulators/sftp-limits-offer.js';

/** More than the server's window holds: some of it has to wait in ssh2. */
const SIZE = 6_000_017;
const OPENSSH: LimitsOffer = { packet: 262_144, write: 261_120 };

let dir: string;
let server: ScriptedSftpServer;
let remote: SftpRemote;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limits-'));
});
afterEach(async () => {
  await remote.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(limits?: LimitsOffer): Promise<void> {
  server = await ScriptedSftpServer.start({ limits });
  const { host, port, username, password, fingerprint } = server;
  remote = new SftpRemote({ host, port, username, password, hostKeys: [fingerprint] });
}

/** The sizes of the writes that arrived, each of which began where the last one ended. */
async function send(key: string): Promise<number[]> {
  const bytes = randomBytes(SIZE);
  await writeFile(join(dir, key), bytes);
  await remote.put(key, join(dir, key), new AbortController().signal);
  const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  expect(hash(server.files.get(key)!)).toBe(hash(bytes));
  const writes = server.requests.filter(({ type, path }) => type === 'write' && path === key);
  let end = 0;
  for (const { offset, bytes: length } of writes) {
    expect(offset).toBe(end);
    end += length!;
  }
  return writes.map(({ bytes: length }) => length!);
}

function sayPackets(connection: unknown, bytes: number): void {
  type Confirm = (to: number, from: number, window: number, packet: number) => void;
  const { _protocol: protocol } = connection as { _protocol: { channelOpenConfirm: Confirm } };
  const confirm = protocol.channelOpenConfirm.bind(protocol);
  protocol.channelOpenConfirm = (to, from, window) => confirm(to, from, window, bytes);
}

describe('how much goes into one write', () => {
  it('is what the server says it takes, once the line is known to carry that quickly', async () => {
    await start(OPENSSH);
    const sizes = await send('a');
    expect(sizes[0]).toBe(LEAST_WRITE);
    expect(Math.max(...sizes)).toBe(MOST_WRITE);
    // Of the second file, nothing has to be found out first.
    expect((await send('b')).filter((size) => size === MOST_WRITE).length).toBeGreaterThanOrEqual(20);
  });

  it('never is more than the server says, nor than its packets hold', async () => {
    await start({ packet: 262_144, write: 100_000 });
    expect(Math.max(...(await send('a')))).toBe(100_000);
    await remote.close();
    await server.stop();
    await start({ packet: 50_000, write: 261_120 });
    expect(Math.max(...(await send('a')))).toBe(50_000 - 281);
  });

  it.each<[string, LimitsOffer | undefined]>([
    ['does not offer to say so', undefined],
    ['refuses to say so', 'refuses'],
    ['knows no limit, or none it would tell', { packet: 0, write: 0 }],
    ['takes less than any server should', { packet: 1_000, write: 900 }],
  ])('is what any server takes where one %s', async (_, limits) => {
    await start(limits);
    expect(Math.max(...(await send('a')))).toBe(LEAST_WRITE);
  });

  it('travels in packets that any server takes, whatever it says of them', async () => {
    await start(OPENSSH);
    server.onConnection = (connection) => sayPackets(connection, 65_536);
    // Of larger ones than 35,000 bytes ssh2's server ends the connection.
    expect(Math.max(...(await send('a')))).toBe(MOST_WRITE);
  });

  it('is asked once for a connection, with its first file and not before it', async () => {
    await start(OPENSSH);
    await send('a');
    await send('b');
    const asked = server.requests.filter(({ path }) => path === 'EXTENDED');
    expect(asked.length).toBe(1);
    expect(server.requests.findIndex(({ type }) => type === 'write')).toBeGreaterThan(
      server.requests.findIndex(({ path }) => path === 'EXTENDED'),
    );
  });
});
