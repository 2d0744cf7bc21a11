import type { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { lostFailure } from './failures.js';
import { openData, portAhead, sendTogether } from './ftp-data.js';
import { dialFailure, unencrypted } from './ftp-failures.js';
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
  /** The commands FEAT listed, in capitals. */
  readonly features: ReadonlySet<string>;
  /** PASV, where EPSV was refused. */
  passive?: 'PASV';
  /** The port of the next data connection, where it is known already. */
  ahead?: number;
  /** Where the user landed; learnt when a listing first needs it. */
  home?: string;
}

export interface Dialling {
  watch: StallWatch;
  /** What sets the session up goes out at once, and is answered before long by this clock. */
  hastyBy?: Clock;
  onStage?: OnStage;
}

/** Some servers answer the first of several commands that come together, and forget the others. */
const HASTY_REPLY_MS = 5_000;

/**
 * Connects, upgrades to TLS, signs in and sets the session up. The caller's watch and attempt bound all of it, the TLS
 * handshake too, for which basic-ftp knows no limit. Rejects with `unreachable`, `certificate-refused`,
 * `certificate-changed`, `not-encrypted`, `algorithms-refused`, `sign-in-refused`, `too-many-connections`; where it was hasty also with `not-supported`.
 */
export async function dialFtp(
  endpoint: FtpEndpoint,
  name: string,
  client: Client,
  { watch, hastyBy, onStage = () => undefined }: Dialling,
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
    return await setUp(name, endpoint, client, watch, hastyBy);
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

/** Binary files, names in UTF-8, data connections encrypted, and the port of the first one. */
async function setUp(
  name: string,
  endpoint: FtpEndpoint,
  client: Client,
  watch: StallWatch,
  hastyBy: Clock | undefined,
): Promise<FtpSession> {
  // Some servers want PBSZ first and some do not know it, as some do UTF8; what counts is PROT.
  const protect = endpoint.tls === 'none' ? [] : ['PBSZ 0', 'PROT P'];
  const commands = ['FEAT', 'OPTS UTF8 ON', 'TYPE I', ...protect];
  const replies = new Map<string, FTPResponse | Error>();
  for (const round of hastyBy ? [[...commands, 'PWD', 'EPSV']] : commands.map((command) => [command])) {
    // Each is a step of its own: a slow server that goes on is no stalled one.
    for (const [n, answer] of sendTogether(client, round).entries()) {
      replies.set(round[n]!, await watch.during(hastyBy ? beforeLong(answer, hastyBy, name) : answer));
    }
  }
  const type = replies.get('TYPE I');
  if (type instanceof Error) throw type;
  const prot = replies.get('PROT P');
  if (prot instanceof Error) {
    throw unencrypted(`${name} does not encrypt data connections (PROT P refused)`, prot);
  }
  const features = featuresOf(replies.get('FEAT')!);
  if (features.has('MLST')) client.availableListCommands = ['MLSD'];
  const [home, port] = [replies.get('PWD'), replies.get('EPSV')];
  const session: FtpSession = {
    ...{ name, endpoint, client, features },
    ...{ home: home && folderIn(home), ahead: port && portAhead(port) },
  };
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
  return session;
}

async function beforeLong<T>(answer: Promise<T>, clock: Clock, name: string): Promise<T> {
  const answered = new AbortController();
  const late = clock.sleep(HASTY_REPLY_MS, answered.signal).then(() => {
    const said = `${name} did not answer commands that came together`;
    throw new Failure(said, { kind: 'transient', code: 'not-supported' });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    answered.abort();
  }
}

/** RFC 959: the folder in quotes. */
function folderIn(reply: FTPResponse | Error): string | undefined {
  return reply instanceof Error ? undefined : /"(.+)"/.exec(reply.message)?.[1];
}

/** RFC 2389: a feature to a line, between two that only say so. Of a server that knows no FEAT, none. */
function featuresOf(reply: FTPResponse | Error): Set<string> {
  if (reply instanceof Error) return new Set();
  const lines = reply.message.split('\n').slice(1, -1);
  return new Set(lines.map((line) => line.trim().split(' ')[0]!.toUpperCase()));
}

function describe(socket: TLSSocket): string {
  const { subject, valid_to: until, fingerprint256 } = socket.getPeerCertificate();
  return `${socket.getProtocol()}, ${subject?.CN ?? 'no name'}, until ${until}, SHA-256 ${fingerprint256}`;
}
