import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../errors.js';
import { dial } from './dial.js';
import { tooLargeFailure, unreachableFailure } from './failures.js';
import { nameOf, type OnvifTarget, portOf } from './target.js';

export interface HttpRequest {
  method: 'GET' | 'POST';
  /** Only its port, path and query count: the host is always the target's. */
  url: URL;
  headers?: OutgoingHttpHeaders;
  body?: string;
  maxBytes: number;
}

export interface HttpReply {
  status: number;
  /** Each `WWW-Authenticate` line on its own: some cameras offer MD5 and SHA-256 at once. */
  challenges: readonly string[];
  /** Where it would redirect to. Nobody follows: a request goes where it was meant to or nowhere. */
  location: string | undefined;
  body: Buffer;
}

const MAX_HEADER_BYTES = 16_384;

/**
 * One request on a connection of its own, as cameras like it. The reply is counted while it arrives and cut off at
 * `maxBytes`; when `signal` aborts, the connection is destroyed, whatever stage it is in.
 */
export async function exchange(target: OnvifTarget, wanted: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
  const socket = await dial(target, Number(wanted.url.port) || portOf(target), signal);
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort);
  try {
    return await ask(socket, target, wanted);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof Failure ? error : unreachableFailure(nameOf(target), error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

async function ask(socket: Socket, target: OnvifTarget, wanted: HttpRequest): Promise<HttpReply> {
  const { method, url, body, maxBytes } = wanted;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({
      method,
      createConnection: () => socket,
      host: target.host,
      path: url.pathname + url.search,
      maxHeaderSize: MAX_HEADER_BYTES,
      headers: {
        Host: url.host,
        Connection: 'close',
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
        ...wanted.headers,
      },
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.on('upgrade', () => reject(new Error('it changed the protocol')));
    outgoing.end(body);
  });
  return {
    status: response.statusCode ?? 0,
    challenges: response.headersDistinct['www-authenticate'] ?? [],
    location: response.headers.location,
    body: await readBody(response, maxBytes, nameOf(target)),
  };
}

async function readBody(response: IncomingMessage, maxBytes: number, name: string): Promise<Buffer> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLargeFailure(name, maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLargeFailure(name, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
