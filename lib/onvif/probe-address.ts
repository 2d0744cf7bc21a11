import { setMaxListeners } from 'node:events';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { withDeadline } from './deadline.js';
import { abortedFailure } from './failures.js';
import { exchange } from './http.js';
import { Library } from './library.js';
import { libraryMessage } from './messages.js';
import { readReply } from './soap.js';
import { MAX_REPLY_BYTES } from './soap-client.js';
import { checkTarget, DEVICE_PATH, nameOf, type OnvifTarget, originOf } from './target.js';

export interface ProbeAddressOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Only this one; default the usual ones. */
  port?: number;
  /** For each port. Default 3 s. */
  deadlineMs?: number;
}

/** Most makers; Reolink; many; Tapo and VIGI; XM's clones; HTTPS last, since it takes longest. */
const PORTS = [80, 8000, 8080, 2020, 8899, 443];
const PATHS = [DEVICE_PATH, '/onvif/service'];
const DEADLINE_MS = 3_000;

/**
 * Where a host speaks ONVIF, likeliest first, for cameras that discovery does not find: another network, multicast switched
 * off. Asks for the time, without a sign-in, on each port at once. One on HTTPS comes with the certificate it showed:
 * to be compared by whoever pins it.
 */
export async function probeAddress(host: string, options: ProbeAddressOptions): Promise<OnvifTarget[]> {
  checkTarget({ host, port: options.port });
  const ports = options.port === undefined ? PORTS : [options.port];
  // Each port listens, more than once; Node's warning at 10 listeners is about leaks, and this is none.
  const signal = AbortSignal.any([options.signal]);
  setMaxListeners(0, signal);
  const found = await Promise.all(ports.map((port) => probePort(host, port, { ...options, signal })));
  if (options.signal.aborted) throw abortedFailure();
  return found.filter((one) => one !== undefined);
}

async function probePort(host: string, port: number, options: ProbeAddressOptions): Promise<OnvifTarget | undefined> {
  const { clock, signal, deadlineMs = DEADLINE_MS } = options;
  // The usual port of HTTPS is tried that way alone; one that was given, both ways.
  const schemes = port === 443 ? [true] : options.port === undefined ? [false] : [false, true];
  for (const secure of schemes) {
    // That nobody answers here is an answer: the next scheme, or the next port, may be the one.
    const found = await withDeadline({ clock, signal, deadlineMs, name: `${host}:${port}` }, (limit) =>
      probePaths(host, port, secure, clock, limit),
    ).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

async function probePaths(
  host: string,
  port: number,
  secure: boolean,
  clock: Clock,
  signal: AbortSignal,
): Promise<OnvifTarget | undefined> {
  const certificate = secure ? await certificateOf(host, port, signal) : undefined;
  for (const path of PATHS) {
    const target = { host, port, path, secure, ...(certificate === undefined ? {} : { certificate }) };
    if (await speaksOnvif(target, clock, signal)) return target;
  }
  return undefined;
}

/** A refusal or a fault is an answer too: only a device that speaks SOAP has them. */
async function speaksOnvif(target: OnvifTarget, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const url = new URL(originOf(target) + target.path);
  const time = libraryMessage(
    new Library(target, clock),
    url,
    (cam) => cam.getSystemDateAndTime(() => undefined),
    false,
  );
  const body = time.write({ signed: false, offsetMs: 0 });
  const headers = { 'Content-Type': `application/soap+xml; charset=utf-8; action="${time.action}"` };
  const reply = await exchange(target, { method: 'POST', url, headers, body, maxBytes: MAX_REPLY_BYTES }, signal);
  try {
    const asked = { name: nameOf(target), username: undefined, operation: time.operation };
    return readReply(reply, asked).name === 'GetSystemDateAndTimeResponse';
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return (
      error.code === 'soap-fault' ||
      (error.code === 'sign-in-refused' && /Envelope/.test(reply.body.toString('latin1')))
    );
  }
}

/** What is shown, whoever vouches for it: nothing is sent but the greeting. */
function certificateOf(host: string, port: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, servername: isIP(host) ? '' : host });
    const end = () => {
      signal.removeEventListener('abort', end);
      socket.destroy();
      reject(signal.reason ?? new Error('closed'));
    };
    signal.addEventListener('abort', end);
    socket.on('error', end);
    socket.on('close', end);
    socket.once('secureConnect', () => {
      const hex = socket.getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
      if (hex) resolve(`SHA256:${hex}`);
      end();
    });
  });
}
