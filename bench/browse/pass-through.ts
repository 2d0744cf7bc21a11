import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Counts } from './hosts.js';

/** A client that thinks for a minute finds its connection open: Amazon's stay so for a while, too. */
const IDLE_MS = 65_000;

/**
 * Hands on every request of S3 that reaches `address`:`port`, with the headers it was signed with, and counts; `GET /counts` tells.
 * Resolves once it listens.
 */
export async function passThrough(place: { address: string; port: number; to: string }): Promise<void> {
  const { hostname, port } = new URL(place.to);
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS / 2 });
  const counts: Counts = { lists: 0, gets: 0, bytes: 0 };

  function handOn(asked: IncomingMessage, response: ServerResponse): void {
    const path = asked.url!.split('?')[0]!;
    if (path === '/counts') return void response.end(JSON.stringify(counts));
    if (/^\/[^/]+\/?$/.test(path)) counts.lists++;
    else counts.gets++;
    const sent = request({ agent, hostname, port, method: asked.method, path: asked.url, headers: asked.headers });
    sent.on('error', () => response.destroy());
    // Whoever asked may have gone: then nothing more is to come.
    response.on('close', () => response.writableFinished || sent.destroy());
    sent.on('response', (reply) => {
      response.writeHead(reply.statusCode!, reply.headers);
      if (path.endsWith('.mp4')) reply.on('data', (data: Buffer) => (counts.bytes += data.length));
      pipeline(reply, response, () => undefined);
    });
    asked.pipe(sent);
  }

  const server = createServer({ keepAliveTimeout: IDLE_MS }, handOn);
  await once(server.listen(place.port, place.address), 'listening');
}
