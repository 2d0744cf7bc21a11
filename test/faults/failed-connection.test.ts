import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cut } from '../../lib/remote/cut.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import type { ObjectStore } from '../../lib/transfer-endpoint/object-store.js';
import { until } from '../peers/until.js';
import { EndpointUnderTest, PASSWORD } from '../simulators/endpoint-under-test.js';
import { ScriptedSftpServer } from '../simulators/scripted-sftp-server.js';

/** What is left of an upload that failed must be over, for the server too, before the same file is sent again. */
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'failed-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal: never } = new AbortController();
const file = async (name: string, bytes: number) => {
  const path = join(dir, name);
  await writeFile(path, randomBytes(bytes));
  return path;
};

it('a file is opened again only once the connection of its failed upload has ended, which another may still need', async () => {
  const opened: string[] = [];
  const wrap = (store: ObjectStore): ObjectStore => ({
    name: store.name,
    begin: (key) => {
      opened.push(key);
      return store.begin(key);
    },
    mark: (folder) => store.mark(folder),
    head: (key) => store.head(key),
    list: (folder) => store.list(folder),
    open: (key) => store.open(key),
    close: () => store.close(),
  });
  const under = await EndpointUnderTest.start({ wrap });
  const { host, port } = under.endpoint.address;
  const account = { host, port, username: 'site', password: PASSWORD, hostKeys: [under.endpoint.fingerprint] };
  const remote = new SftpRemote(account);
  try {
    const [a, b] = [await file('a', 100_000), await file('b', 40_000)];
    under.faults.set({ holdClose: true, failWriteAfterBytes: 50_000 });
    const other = remote.put('b', b, never);
    await under.event('uploaded');
    await expect(remote.put('a', a, never)).rejects.toMatchObject({ name: 'Failure' });
    under.faults.set({ holdClose: true });
    const again = remote.put('a', a, never);
    // A later call goes at once, over a connection of its own.
    await remote.stat('c', never);
    expect(opened).toEqual(['site-a/b', 'site-a/a']);
    under.faults.set({});
    await Promise.all([other, again]);
    expect(opened).toEqual(['site-a/b', 'site-a/a', 'site-a/a']);
    expect(await under.stored('site-a/a')).toHaveLength(100_000);
  } finally {
    under.faults.set({});
    await remote.close();
    await under.remove();
  }
});

describe('an SFTP connection', () => {
  let server: ScriptedSftpServer;
  let remote: SftpRemote;
  beforeEach(async () => {
    server = await ScriptedSftpServer.start();
    const { host, port, username, password, fingerprint } = server;
    remote = new SftpRemote({ host, port, username, password, hostKeys: [fingerprint] });
  });
  afterEach(async () => {
    await remote.close();
    await server.stop();
  });

  it('is reset when the upload is given up, so that nothing of it arrives any more', async () => {
    const errors: string[] = [];
    server.onConnection = (connection) => connection.on('error', (error) => errors.push(String(error)));
    server.script = { write: () => 'silence' };
    const stop = new AbortController();
    const put = remote.put('a', await file('a', 3_000_000), stop.signal);
    await server.until(() => server.requests.some(({ type }) => type === 'write'));
    stop.abort();
    await expect(put).rejects.toMatchObject({ kind: 'aborted' });
    await until('the server to notice', () => server.openConnections === 0);
    expect(errors.join()).toContain('ECONNRESET');
  });
});

it('a connection that is cut delivers nothing of what the system still holds, and an orderly end does', async () => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  /** How much arrives of what was written before the end. */
  const arrives = async (end: (socket: Socket) => void) => {
    const arrived = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[there]] = await Promise.all([arrived, once(socket, 'connect')]);
    // More than any system holds for one connection.
    socket.write(Buffer.alloc(64_000_000));
    end(socket);
    await once(socket, 'close');
    there.on('error', () => undefined);
    there.resume();
    await once(there, 'close');
    return there.bytesRead;
  };
  try {
    expect(await arrives(cut)).toBeLessThan((await arrives((socket) => socket.destroy())) / 2);
  } finally {
    server.close();
  }
});
