import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Failure } from '../errors.js';
import { certificateFailure, dial, isSecure } from './dial.js';

/** A stream and what is needed to open it, as far as it matters here. */
export interface RelayedSource {
  url: string;
  certificate?: string;
}

export interface TlsRelay<Source> {
  /** The same stream for who speaks no TLS, or would take any certificate. */
  source: Source;
  /** Why the camera was not spoken to, where that was about its certificate. */
  readonly failure: Failure | undefined;
  close(): void;
}

/**
 * ffmpeg opens `rtsps://` without looking at the certificate, and knows no pins. So it is given a port of this machine's loopback, and TLS
 * with the camera is spoken here. A stream without TLS is left as it is. The sign-in stays between ffmpeg and the camera: who else
 * connects to the port meets the camera's own.
 */
export async function relayTls<Source extends RelayedSource>(source: Source): Promise<TlsRelay<Source>> {
  const target = { url: new URL(source.url), certificate: source.certificate };
  if (!isSecure(target)) return { source, failure: undefined, close: () => undefined };
  let failure: Failure | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    near.pause();
    const far = dial(target, () => {
      near.pipe(far);
      far.pipe(near);
    });
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      // ffmpeg says what it means for a stream that it broke; only what it cannot know is kept.
      socket.on('error', (error) => {
        if (socket === far) failure ??= certificateFailure(target, error) ?? pinned(error);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(source.url.replace(/^rtsps:/i, 'rtsp:'));
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    source: { ...source, url: url.href },
    get failure() {
      return failure;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function pinned(error: Error): Failure | undefined {
  return error.name === 'Failure' ? (error as Failure) : undefined;
}
