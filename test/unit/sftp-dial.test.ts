import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import ssh2 from 'ssh2';
import { afterEach, expect, it, vi } from 'vitest';
import { Attempt } from '../../lib/remote/attempt.js';
import { fingerprintOf, HostKeys } from '../../lib/remote/host-key.js';
import { generateKeyPair } from '../../lib/remote/key-pair.js';
import { dial } from '../../lib/remote/sftp-dial.js';

const SIGN_IN = '../../lib/remote/sftp-sign-in.js';
const host = generateKeyPair();
const hostKey = ssh2.utils.parseKey(host.private) as ssh2.ParsedKey;

afterEach(() => {
  vi.doUnmock(SIGN_IN);
  vi.resetModules();
});

/** Lets the library for signing in be loaded only after a later connection than ours has seen something. */
function loadedAfter(event: 'error' | 'data' | 'close', port: number): void {
  vi.doMock(SIGN_IN, async (load) => {
    const later = connect(port, '127.0.0.1');
    await once(later, event);
    later.destroy();
    return load();
  });
}

function dialled(port: number) {
  const endpoint = { host: '127.0.0.1', port, username: 'u', password: 'secret' };
  const hostKeys = new HostKeys([fingerprintOf(hostKey.getPublicSSH())]);
  return dial(endpoint, 'sftp://u@h:22', hostKeys, new Attempt(new AbortController().signal));
}

async function listening<T extends Server | ssh2.Server>(server: T): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

it('tells of a connection that is refused before the library is there', async () => {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  loadedAfter('error', port);
  await expect(dialled(port)).rejects.toMatchObject({ code: 'unreachable' });
});

it('loses nothing of what a server says before the library is there', async () => {
  const server = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) => accept().on('sftp', (open) => open()));
  });
  const port = await listening(server);
  loadedAfter('data', port);
  const { socket } = await dialled(port);
  socket.destroy();
  server.close();
});

it('tells of a server that hung up before the library is there', async () => {
  const server = createServer((socket) => socket.end());
  const port = await listening(server);
  loadedAfter('close', port);
  await expect(dialled(port)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('Connection lost before handshake'),
  });
  server.close();
});
