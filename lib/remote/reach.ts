import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { unreachableFailure } from './failures.js';
import { networkFailure } from './tls-trust.js';

export interface Place {
  host: string;
  port: number;
}

/** Every address of a host name. */
export async function addressesOf(name: string, host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw unreachableFailure(name, error);
  }
}

/** Connects, by whichever address answers, and hangs up. Resolves to that address. */
export async function reachTcp(name: string, place: Place, clock: Clock, withinMs: number): Promise<string> {
  const socket = connect({ ...place });
  try {
    await within(name, socket, once(socket, 'connect'), clock, withinMs);
    return `${socket.remoteAddress}:${place.port}`;
  } finally {
    socket.destroy();
  }
}

/** What a TLS server shows of itself, if it is accepted: protocol, name, age and fingerprint. */
export async function reachTls(
  name: string,
  place: Place,
  ca: string | Buffer | undefined,
  clock: Clock,
  withinMs: number,
): Promise<string> {
  const { host } = place;
  const socket = connectTls({ ...place, minVersion: 'TLSv1.2', ca, ...(isIP(host) === 0 && { servername: host }) });
  try {
    await within(name, socket, once(socket, 'secureConnect'), clock, withinMs);
    const { subject, valid_to: until, fingerprint256 } = socket.getPeerCertificate();
    return `${socket.getProtocol()}, ${subject?.CN ?? host}, until ${until}, SHA-256 ${fingerprint256}`;
  } finally {
    socket.destroy();
  }
}

async function within(name: string, socket: Socket, event: Promise<unknown>, clock: Clock, withinMs: number) {
  const settled = new AbortController();
  socket.on('error', () => undefined);
  const late = clock.sleep(withinMs, settled.signal).then(() => {
    if (settled.signal.aborted) return;
    throw new Failure(`${name} did not answer within ${withinMs / 1000} s`, {
      kind: 'transient',
      code: 'unreachable',
      hint: 'A firewall on the way may drop what is sent there: check host, port and network.',
    });
  });
  try {
    await Promise.race([event, late]);
  } catch (error) {
    throw error instanceof Failure ? error : networkFailure(name, error);
  } finally {
    settled.abort();
    // Whichever lost the race.
    late.catch(() => undefined);
    event.catch(() => undefined);
  }
}
