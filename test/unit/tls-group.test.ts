import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { groupOf, secured, startTls } from '../../lib/remote/tls-trust.js';
import { createAuthority } from '../simulators/certificates.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

it('a server that wants another key exchange says so once: connections after it begin with that one', async () => {
  const authority = createAuthority();
  const { key, cert } = authority.issue('localhost');
  const server = createTlsServer({ key, cert, ecdhCurve: 'prime256v1' }, (socket) => socket.resume());
  const port = await listening(server);
  let hellos = 0;
  const counting = await listening(
    createServer((near) => {
      const far = connect(port);
      near.on('data', (bytes) => {
        hellos += hellosIn(bytes);
      });
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
    }),
  );
  const open = async (group?: string) => {
    const socket = startTls(raw(counting), 'localhost', { ca: authority.ca }, { group });
    closing.push(() => socket.destroy());
    await secured(socket);
    return groupOf(socket);
  };

  const group = await open();
  expect(group).toBe('prime256v1');
  expect(hellos).toBe(2);
  expect(await open(group)).toBe('prime256v1');
  expect(hellos).toBe(3);
});

/** In what a client sends at once: a ClientHello stands alone, or behind the change of ciphers that nobody needs any more. */
function hellosIn(bytes: Buffer): number {
  const at = bytes[0] === 0x14 ? 6 : 0;
  return bytes[at] === 0x16 && bytes[at + 5] === 1 ? 1 : 0;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function raw(port: number): Socket {
  return connect(port, '127.0.0.1');
}
