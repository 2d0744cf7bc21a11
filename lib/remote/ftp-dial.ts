import type { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import { lostFailure } from './failures.js';
import { openData } from './ftp-data.js';
import { dialFailure, replyCode, unencrypted } from './ftp-failures.js';
import type { OnStage } from './stage.js';
import type { StallWatch } from './stall-watch.js';
import { checkPinned, secured, startTls, type TlsTrust } from './tls-trust.js';

export interface FtpEndpoint {
  host: string;
  port: number;
  username: string;
  password: string;
  /** Explicit TLS on both connections; `none` sends all in the clear, the password too. */
  tls: TlsTrust | 'none';
}

/** A signed-in control connection. One command or transfer at a time. */
export interface FtpSession {
  readonly name: string;
  readonly endpoint: FtpEndpoint;
  readonly client: Client;
  /** What FEAT listed, in capitals. */
  readonly features: ReadonlyMap<string, string>;
  /** PASV, where EPSV was refused. */
  passive?: 'PASV';
  /** The port of the next data connection, where it is known already. */
  ahead?: number;
  /** Where the user landed; learnt when a listing first needs it. */
  home?: string;
}

/**
 * Connects, upgrades to TLS, signs in and sets the session up. The caller's watch and attempt bound all of it, the TLS
 * handshake too, for which basic-ftp knows no limit. Rejects with `unreachable`, `certificate-refused`,
 * `certificate-changed`, `not-encrypted`, `algorithms-refused`, `sign-in-refused`, `too-many-connections`.
 */
export async function dialFtp(
  endpoint: FtpEndpoint,
  name: string,
  client: Client,
  watch: StallWatch,
  onStage: OnStage = () => undefined,
): Promise<FtpSession> {
  let stage: Parameters<typeof dialFailure>[1] = 'connect';
  try {
    await watch.during(client.connect(endpoint.host, endpoint.port));
    client.ftp.socket.setNoDelay(true);
    onStage('tcp', client.ftp.socket.remoteAddress ?? '');
    stage = 'tls';
    if (endpoint.tls !== 'none') await upgrade(endpoint.host, endpoint.tls, name, client, watch, onStage);
    stage = 'sign-in';
    await watch.during(client.login(endpoint.username, endpoint.password));
    onStage('sign-in', endpoint.username);
    stage = 'set-up';
    const features = await watch.during(client.features());
    const session: FtpSession = { name, endpoint, client, features };
    await setUp(session, watch);
    return session;
  } catch (error) {
    client.close();
    throw dialFailure(name, stage, error);
  }
}

async function upgrade(
  host: string,
  trust: TlsTrust,
  name: string,
  client: Client,
  watch: StallWatch,
  onStage: OnStage,
): Promise<void> {
  const reply = await watch.during(client.send('AUTH TLS'));
  // 334 asks for more of a mechanism that is not TLS.
  if (reply.code !== 234) throw unencrypted(`${name} does not speak TLS (AUTH TLS: ${reply.message.slice(0, 100)})`);
  const socket = startTls(client.ftp.socket, host, trust);
  try {
    await watch.during(secured(socket));
    const refused = checkPinned(socket, name, trust);
    if (refused) throw refused;
  } catch (error) {
    // The library knows only the plain socket below.
    socket.destroy();
    throw error;
  }
  // What the server said before the upgrade, and was not read, is gone with the plain socket.
  client.ftp.socket = socket;
  onStage('identity', describe(socket));
}

async function setUp(session: FtpSession, watch: StallWatch): Promise<void> {
  const { client, features, endpoint, name } = session;
  const send = (command: string) => watch.during(client.send(command));
  if (features.has('UTF8')) await watch.during(client.sendIgnoringError('OPTS UTF8 ON'));
  await send('TYPE I');
  if (features.has('MLST')) client.availableListCommands = ['MLSD'];
  if (endpoint.tls !== 'none') {
    // Some servers want it first and some do not know it; what counts is PROT.
    await watch.during(client.sendIgnoringError('PBSZ 0'));
    try {
      await send('PROT P');
    } catch (error) {
      if (replyCode(error) === undefined) throw error;
      throw unencrypted(`${name} does not encrypt data connections (PROT P refused)`, error);
    }
  }
  // For listings, which the library reads.
  client.prepareTransfer = async (): Promise<FTPResponse> => {
    const { socket } = await openData(session, watch);
    if (client.closed) {
      socket.destroy();
      throw lostFailure(name);
    }
    client.ftp.dataSocket = socket;
    return { code: 229, message: '' };
  };
}

function describe(socket: TLSSocket): string {
  const { subject, valid_to: until, fingerprint256 } = socket.getPeerCertificate();
  return `${socket.getProtocol()}, ${subject?.CN ?? 'no name'}, until ${until}, SHA-256 ${fingerprint256}`;
}
