import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import type { Failure } from '../errors.js';
import { race } from '../race.js';
import type { Attempt } from './attempt.js';
import { nonsenseFailure } from './ftp-failures.js';
import { statusFailure } from './https-failures.js';
import type { OnProgress } from './remote.js';
import type { SendingFile } from './sending-file.js';
import type { StallWatch } from './stall-watch.js';

/** What is handed to the system at once: few enough bytes that a slow line takes them within the watchdog's patience. */
const SLICE = 128 * 1024;

/** The tail of a file may still lie in the system's own buffer when the last byte was handed over. */
const TAIL_PATIENCE = 2;

export interface Ask {
  method: string;
  url: string;
  headers: Record<string, string | number>;
  agent: Agent | undefined;
}

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
}

/** One request without a body. Any status is a reply. */
export async function ask(what: Ask, attempt: Attempt, watch: StallWatch): Promise<Reply> {
  const request = open(what, attempt);
  const replied = reply(request);
  request.end();
  return watch.during(replied);
}

/** Sends a file as the body of one request. Resolves with a 2xx that came after its last byte; rejects with anything else. */
export async function sendFile(
  name: string,
  what: Ask,
  source: SendingFile,
  attempt: Attempt,
  watch: StallWatch,
  onProgress?: OnProgress,
): Promise<Reply> {
  const request = open(what, attempt);
  try {
    const answer = await transfer(name, what, request, source, attempt, watch, onProgress);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw statusFailure(name, 'store a file', answer.status, answer.headers.location);
  } catch (error) {
    // Cut short, it is shorter than its Content-Length says: no server may take it for whole.
    request.destroy();
    throw error;
  }
}

async function transfer(
  name: string,
  { method }: Ask,
  request: ClientRequest,
  source: SendingFile,
  attempt: Attempt,
  watch: StallWatch,
  onProgress?: OnProgress,
): Promise<Reply> {
  const replied = reply(request);
  let early: Reply | undefined;
  replied.then(
    (answer) => {
      early = answer;
    },
    () => undefined,
  );
  let sent = 0;
  const blocks = source.blocks();
  for (;;) {
    const { value: block, done } = await attempt.race(blocks.next());
    if (done) break;
    for (let at = 0; at < block.length; at += SLICE) {
      const slice = block.subarray(at, at + SLICE);
      // Awaited, since the file's next block is read into the same memory. A refusal that comes meanwhile ends it.
      await watch.during(race(write(request, slice), replied));
      sent += slice.length;
      if (early && sent < source.bytes) throw refusedEarly(name, method, early);
    }
    onProgress?.(sent);
  }
  request.end();
  return watch.during(replied, undefined, TAIL_PATIENCE);
}

function refusedEarly(name: string, method: string, early: Reply): Failure {
  if (early.status >= 300)
    return statusFailure(name, `store a file by ${method}`, early.status, early.headers.location);
  return nonsenseFailure(name, 'a reply after the last byte', `HTTP ${early.status}`);
}

function open({ url, ...options }: Ask, attempt: Attempt): ClientRequest {
  const request = url.startsWith('http:')
    ? httpRequest(url, { ...options, agent: undefined })
    : httpsRequest(url, options);
  attempt.onFail(() => request.destroy());
  // Whoever waits for something of it is told; after that it concerns nobody any more.
  request.on('error', () => undefined);
  return request;
}

/** Of the reply only its head counts; the rest is read away, so that the connection can be used again. */
async function reply(request: ClientRequest): Promise<Reply> {
  const [message] = (await once(request, 'response')) as [IncomingMessage];
  message.on('error', () => undefined);
  message.resume();
  return { status: message.statusCode ?? 0, headers: message.headers };
}

function write(request: ClientRequest, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    request.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
