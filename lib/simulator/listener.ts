import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Failure, messageOf } from '../errors.js';

/** Listens on `host:port` (0 for any free one) and resolves with the port; rejects if that is not possible. */
export async function openListener(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure(`a simulated camera cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
      kind: 'permanent',
      code: 'cannot-listen',
      hint: HINTS[cause.code ?? ''],
      cause,
    });
  });
  return (server.address() as AddressInfo).port;
}

const HINTS: Record<string, string> = {
  EACCES: 'Ports below 1024 are for root; other ports are for everybody.',
  EADDRINUSE: 'Something else listens there: choose another port or address.',
  EADDRNOTAVAIL: 'The address is not of this machine: ip addr shows which are.',
};

/** Resolves when the server no longer listens and its last connection has ended. */
export async function closeListener(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await closed;
}
