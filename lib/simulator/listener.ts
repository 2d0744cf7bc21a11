import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens on `host:port` (0 for any free one) and resolves with the port; rejects if that is not possible. */
export async function openListener(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Resolves when the server no longer listens and its last connection has ended. */
export async function closeListener(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await closed;
}
