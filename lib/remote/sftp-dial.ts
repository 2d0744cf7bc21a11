import { connect, type Socket } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import type SftpClient from 'ssh2-sftp-client';
import type { Attempt } from './attempt.js';
import type { HostKeys } from './host-key.js';
import { dialFailure } from './sftp-failures.js';
import type { OnStage } from './stage.js';

export interface SftpEndpoint {
  host: string;
  port: number;
  username: string;
  password?: string;
  /** OpenSSH or PEM text. */
  privateKey?: string | Buffer;
  passphrase?: string;
  /** The socket of an SSH agent, whose keys are tried after the private key. */
  agent?: string;
}

export interface Dialled {
  client: SftpClient;
  /** ssh2's raw channel of the same session, for the bytes. */
  channel: SFTPWrapper;
  /** Destroyed, never ended: `client.end()` waits for a peer that may not answer (ssh2-sftp-client#591). */
  socket: Socket;
}

/**
 * Connects, verifies the host, signs in and opens the SFTP channel. When `attempt` fails first, the socket is destroyed.
 * Rejects with `unreachable`, `host-key-changed`, `host-key-unknown`, `sign-in-refused`, `algorithms-refused`, `key-unreadable`.
 */
export async function dial(
  endpoint: SftpEndpoint,
  name: string,
  hostKeys: HostKeys,
  attempt: Attempt,
  onStage: OnStage = () => undefined,
): Promise<Dialled> {
  const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  attempt.onFail(() => socket.destroy());
  socket.once('connect', () => onStage('tcp', socket.remoteAddress ?? ''));
  // Until the library listens.
  let early: Error | undefined;
  const onError = (error: Error) => {
    early = error;
  };
  socket.on('error', onError);
  try {
    // The first time it takes 0.05 s: as long as a server at the far end of a line needs to answer.
    const { signIn } = await import('./sftp-sign-in.js');
    attempt.throwIfFailed();
    // Who was hung up on meanwhile hears nothing more of it.
    if (socket.readableEnded || socket.destroyed) early ??= new Error('Connection lost before handshake');
    if (early) throw dialFailure(name, early);
    return await signIn(socket, endpoint, { name, hostKeys, attempt, onStage });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
