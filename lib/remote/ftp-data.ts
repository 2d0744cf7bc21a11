import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Client, FTPResponse } from 'basic-ftp';
import { Failure, messageOf } from '../errors.js';
import { cut } from './cut.js';
import { lostFailure, quote } from './failures.js';
import type { FtpSession } from './ftp-dial.js';
import { nonsenseFailure, replyCode } from './ftp-failures.js';
import type { StallWatch } from './stall-watch.js';
import { checkPinned, groupOf, secured, startTls, tlsFailure } from './tls-trust.js';

export interface DataConnection {
  socket: Socket | TLSSocket;
  /** Resolves when bytes may be sent. Many servers begin TLS only once the transfer was asked for. */
  ready: Promise<void>;
}

/** A passive data connection on its way. */
export interface DialledData {
  /** Resolves once it stands. */
  open(): Promise<DataConnection>;
  cut: () => void;
}

/**
 * Begins a passive data connection to the host of the control connection, whatever address the server names: none but that
 * host is ever sent a byte (FTP bounce), and a server behind NAT that names its inner address works all the same.
 * With TLS, the session of the control connection is resumed, which vsftpd, ProFTPD and Transfer Family insist on.
 */
export async function dialData(session: FtpSession, watch: StallWatch): Promise<DialledData> {
  const { client, name } = session;
  const host = client.ftp.socket.remoteAddress;
  if (host === undefined) throw lostFailure(name);
  const port = session.ahead ?? (await passivePort(session, watch));
  session.ahead = undefined;
  const raw = connect({ host, port, noDelay: true });
  const connected = once(raw, 'connect');
  // Told by `open`, if anybody still waits for it, and by the write that meets it.
  connected.catch(() => undefined);
  raw.on('error', () => undefined);
  const open = async () => {
    try {
      await connected;
    } catch (error) {
      raw.destroy();
      throw noDataFailure(name, `${host}:${port}`, error);
    }
    return secure(session, raw, `${host}:${port}`);
  };
  return { open, cut: () => cut(raw) };
}

/** As {@link dialData}, for whoever needs it to stand. */
export async function openData(session: FtpSession, watch: StallWatch): Promise<DataConnection> {
  const dialled = await dialData(session, watch);
  try {
    return await watch.during(dialled.open());
  } catch (error) {
    dialled.cut();
    throw error;
  }
}

function secure({ client, name, endpoint }: FtpSession, raw: Socket, place: string): DataConnection {
  if (endpoint.tls === 'none') return { socket: raw, ready: Promise.resolve() };
  const control = client.ftp.socket as TLSSocket;
  const session = client.ftp.tlsSessionStore ?? control.getSession();
  const socket = startTls(raw, endpoint.host, endpoint.tls, { session, group: groupOf(control) });
  // TLS 1.3 tickets serve once: the next connection takes the one that comes with this.
  socket.on('session', (ticket) => {
    client.ftp.tlsSessionStore = ticket;
  });
  const trust = endpoint.tls;
  const ready = secured(socket).then(() => {
    const refused = checkPinned(socket, name, trust);
    if (refused) socket.destroy(refused);
    if (refused) throw refused;
  });
  const settled = ready.catch((error) => {
    throw tlsFailure(name, error) ?? noDataFailure(name, place, error);
  });
  // Whoever uses the connection awaits it; a listing is told by the socket.
  settled.catch(() => undefined);
  return { socket, ready: settled };
}

/**
 * Asks for the port of the next data connection along with another question: one way there and back for both. Settles as that
 * question does; without a port the next connection asks for its own.
 */
export async function sendWithPort(session: FtpSession, command: string): Promise<FTPResponse> {
  const { client } = session;
  if (session.passive === 'PASV') return client.send(command);
  const [answer, port] = await Promise.all(sendTogether(client, [command, 'EPSV']));
  session.ahead = portAhead(port!);
  if (answer instanceof Error) throw answer;
  return answer!;
}

/** Of a reply to EPSV. Undefined where it was refused, or says nothing that can be read. */
export function portAhead(reply: FTPResponse | Error): number | undefined {
  return reply instanceof Error ? undefined : portOf(reply.message);
}

/**
 * Commands that depend on nothing the others are answered, sent at once: one way there and back for all. For each a promise of what
 * it was answered, a refusal too; they reject where the connection is lost.
 */
export function sendTogether(client: Client, commands: readonly string[]): Promise<FTPResponse | Error>[] {
  const waiting: { resolve(reply: FTPResponse | Error): void; reject(error: Error): void }[] = [];
  const replies = commands.map(
    () => new Promise<FTPResponse | Error>((resolve, reject) => waiting.push({ resolve, reject })),
  );
  const all = client.ftp.handle(undefined, (reply, task) => {
    if (reply instanceof Error && replyCode(reply) === undefined) {
      for (const one of waiting) one.reject(reply);
      return task.reject(reply);
    }
    waiting.shift()!.resolve(reply);
    if (waiting.length === 0) task.resolve(undefined);
  });
  // Whoever waits for a reply is told; who has heard enough from an earlier one is not.
  for (const one of [all, ...replies]) one.catch(() => undefined);
  for (const command of commands) client.ftp.send(command);
  return replies;
}

async function passivePort(session: FtpSession, watch: StallWatch): Promise<number> {
  const { client, name } = session;
  if (session.passive !== 'PASV') {
    try {
      const { message } = await watch.during(client.send('EPSV'));
      return checkPort(name, portOf(message), message);
    } catch (error) {
      const code = replyCode(error);
      if (code === undefined || code < 500) throw error;
      session.passive = 'PASV';
    }
  }
  const { message } = await watch.during(client.send('PASV'));
  const numbers = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(message)?.slice(1).map(Number);
  const [high, low] = numbers?.every((number) => number <= 255) ? numbers.slice(4) : [];
  return checkPort(name, high === undefined || low === undefined ? undefined : high * 256 + low, message);
}

function portOf(message: string): number | undefined {
  const port = /\((.)\1\1(\d{1,5})\1\)/.exec(message)?.[2];
  return port === undefined ? undefined : Number(port);
}

function checkPort(name: string, port: number | undefined, message: string): number {
  if (port !== undefined && port > 0 && port <= 65_535) return port;
  throw nonsenseFailure(name, 'the port of a data connection', message);
}

function noDataFailure(name: string, place: string, cause: unknown): Failure {
  return new Failure(`${name} offers a data connection that cannot be used (${place}): ${quote(messageOf(cause))}`, {
    kind: 'transient',
    code: 'data-connection-failed',
    hint: 'Let the ports for passive data connections through every firewall on the way.',
    cause,
  });
}
