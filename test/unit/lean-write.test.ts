import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'ssh2';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { type Script, ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';

const require = createRequire(import.meta.url);
const { SFTP } = require('ssh2/lib/protocol/SFTP.js') as { SFTP: { prototype: { write: () => void } } };
const crypto = require('ssh2/lib/protocol/crypto.js') as { bindingAvailable: boolean };
const SIZE = 3_000_017;
/** What ssh2's server takes before it says more, less what is around the chunks. */
const WINDOW = 2_000_000;

const write = Socket.prototype._write;

let dir: string;
let server: ScriptedSftpServer;
let remote: SftpRemote;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lean-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await remote.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

async function start(script: Script = {}): Promise<void> {
  server = await ScriptedSftpServer.start(script);
  const { host, port, username, password, fingerprint } = server;
  remote = new SftpRemote({ host, port, username, password, hostKeys: [fingerprint] });
}

async function send(key: string): Promise<Buffer> {
  const bytes = randomBytes(SIZE);
  await writeFile(join(dir, key), bytes);
  await remote.put(key, join(dir, key), new AbortController().signal);
  return bytes;
}

const hash = (bytes: Buffer | undefined) => createHash('sha256').update(bytes!).digest('hex');

it('puts every byte where it belongs, in memory of its own and not through what ssh2 would leave behind', async () => {
  const plain = vi.spyOn(SFTP.prototype, 'write');
  const positionOf = ([, , , , position]: unknown[]) => position;
  const large = vi.spyOn(Buffer, 'allocUnsafe');
  await start();
  const bytes = await send('a');
  expect(hash(server.files.get('a'))).toBe(hash(bytes));
  // Of what goes out at once: past the server's first window, of 2 MB, chunks may have to wait, and ssh2 lets them.
  expect(plain.mock.calls.map(positionOf).filter((position) => Number(position) < WINDOW)).toEqual([]);
  // Only the server, which is ssh2's, still takes new memory for each of 98 chunks; with its native part, ssh2 encrypts in place.
  const chunks = large.mock.calls.filter(([size]) => size > 30_720 && size < 31_000);
  if (!crypto.bindingAvailable)
    expect(chunks.length).toBeLessThanOrEqual(Math.ceil(SIZE / 30_720) + 3 * plain.mock.calls.length);
});

it('gives no part of a packet to the network by itself, nor of the requests between the writes', async () => {
  const alone: number[] = [];
  const single = vi.spyOn(Socket.prototype, '_write');
  let isSending = false;
  single.mockImplementation(function (this: Socket, ...args) {
    const isOurs = this.remotePort === server.port;
    if (isSending && isOurs) alone.push((args[0] as Buffer).length);
    return write.apply(this, args);
  });
  await start({
    write: () => {
      isSending = true;
      return 'honest';
    },
  });
  await send('a');
  expect(isSending).toBe(true);
  // A request that nothing else goes out beside is a whole packet: its length, blocks of 16 bytes, and a tag of 16.
  expect(alone.filter((bytes) => bytes < 36 || bytes % 16 !== 4)).toEqual([]);
});

it('goes on after the keys were exchanged anew in the middle of a file', async () => {
  let connection: Connection | undefined;
  let exchanges = 0;
  await start({
    write: (_, offset) => {
      if (offset > SIZE / 3 && exchanges === 0) {
        exchanges += 1;
        (connection as unknown as { rekey(): void }).rekey();
      }
      return 'honest';
    },
  });
  server.onConnection = (one) => {
    connection = one;
  };
  const [one, other] = [await send('a'), await send('b')];
  expect(exchanges).toBe(1);
  expect(hash(server.files.get('a'))).toBe(hash(one));
  expect(hash(server.files.get('b'))).toBe(hash(other));
});
