import type { Socket } from 'node:net';

/**
 * Ends a connection whose transfer failed by a reset. An orderly end would come behind whatever the system still holds of the part, on a
 * slow line long after the next upload of the same file began; and over plain FTP it would say that the part is the whole.
 *
 * Node's own `resetAndDestroy` first sends all that waits, and an end. Its flag alone makes a reset of `destroy`, at once; without
 * the flag this closes in order, which `test/faults/failed-connection.test.ts` notices.
 */
export function cut(socket: Socket): void {
  if (!socket.connecting) (socket as unknown as { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}
