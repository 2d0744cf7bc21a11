import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { pinFailure, pinOf, trustFailure } from '../certificate-pin.js';
import type { Failure } from '../errors.js';
import { unreachableFailure } from './failures.js';
import { nameOf, type OnvifTarget } from './target.js';

/** A connection to the target's host; with `secure`, only once its certificate is the pinned or a trusted one. */
export async function dial(target: OnvifTarget, port: number, signal: AbortSignal): Promise<Socket> {
  const { host, secure, certificate } = target;
  const pinned = certificate === undefined ? undefined : pinOf(certificate);
  const socket: Socket = secure
    ? connectTls({
        host,
        port,
        // With a pin the chain says nothing more: cameras sign for themselves, for no name, and for ever.
        rejectUnauthorized: pinned === undefined,
        servername: isIP(host) ? '' : host,
        ALPNProtocols: ['http/1.1'],
      })
    : connect({ host, port, noDelay: true });
  await untilOpen(socket, target, signal);
  if (pinned !== undefined) checkPin(socket as TLSSocket, pinned, target);
  return socket;
}

/** The password goes to nobody else. */
function checkPin(socket: TLSSocket, pinned: string, target: OnvifTarget): void {
  const failure = pinFailure(socket, pinned, nameOf(target));
  if (!failure) return;
  socket.destroy();
  throw failure;
}

function untilOpen(socket: Socket, target: OnvifTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (failure?: unknown) => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      // Whatever a socket that has been given up still reports must not end the program.
      socket.on('error', () => undefined);
      if (failure === undefined) return resolve();
      socket.destroy();
      reject(failure);
    };
    const onAbort = () => end(signal.reason);
    const onError = (error: Error) => end(dialFailure(target, error));
    socket.once(target.secure ? 'secureConnect' : 'connect', () => end());
    socket.once('close', () => end(unreachableFailure(nameOf(target), 'it closed the connection at once')));
    socket.on('error', onError);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

function dialFailure(target: OnvifTarget, error: Error): Failure {
  return (target.secure && trustFailure(error, nameOf(target))) || unreachableFailure(nameOf(target), error);
}
