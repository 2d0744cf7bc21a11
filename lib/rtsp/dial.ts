import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { pinFailure, pinOf, trustFailure } from '../certificate-pin.js';
import type { Failure } from '../errors.js';

/** Where an RTSP server is: `rtsp://host[:port]/…`, or `rtsps://` for RTSP within TLS. */
export interface RtspTarget {
  url: URL;
  /**
   * SHA-256 of its certificate, for `rtsps://`. Without it the certificate must be one this machine trusts: there is no way to
   * take just any, because the password would go to whoever shows it.
   */
  certificate?: string;
}

const DEFAULT_PORT = 554;
const DEFAULT_SECURE_PORT = 322;

export function isSecure({ url }: RtspTarget): boolean {
  return url.protocol === 'rtsps:';
}

/** `host:port`, as messages name it. */
export function nameOf({ url }: RtspTarget): string {
  return `${url.hostname}:${portOf(url)}`;
}

function portOf(url: URL): number {
  return Number(url.port || (url.protocol === 'rtsps:' ? DEFAULT_SECURE_PORT : DEFAULT_PORT));
}

/** Begins to connect; `opened` is called once, when bytes may be sent. Errors are the socket's own. */
export function dial(target: RtspTarget, opened: () => void, onread?: OnReadOpts): Socket {
  const { url, certificate } = target;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = portOf(url);
  if (!isSecure(target)) return connect({ host, port, noDelay: true, onread }, opened);
  const pinned = certificate === undefined ? undefined : pinOf(certificate);
  const servername = isIP(host) ? '' : host;
  // Node takes `onread` here too (since 14.1); its types do not know.
  const reading: object = { onread };
  const socket: TLSSocket = connectTls({
    host,
    port,
    rejectUnauthorized: pinned === undefined,
    servername,
    ...reading,
  });
  socket.setNoDelay(true);
  socket.once('secureConnect', () => {
    const failure = pinned === undefined ? undefined : pinFailure(socket, pinned, nameOf(target));
    if (failure) socket.destroy(failure);
    else opened();
  });
  return socket;
}

/** The `Failure` a socket's error means where it is about the certificate. */
export function certificateFailure(target: RtspTarget, error: unknown): Failure | undefined {
  return isSecure(target) && error instanceof Error ? trustFailure(error, nameOf(target)) : undefined;
}
