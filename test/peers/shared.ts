import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inject } from 'vitest';
import { messageOf } from '../../lib/errors.js';
import { Radosgw, type RadosgwAddress, startRadosgw } from './radosgw.js';

declare module 'vitest' {
  interface ProvidedContext {
    sharedPeers: string;
  }
}

/**
 * Peers that take long to get ready, started when the first test asks for one and shared by all files: Ceph takes a quarter
 * of a minute, and most of the processor meanwhile. Runs in the process that outlives every test; who asks is told by HTTP.
 */
export async function sharePeers(): Promise<{ url: string; stop(): Promise<void> }> {
  let radosgw: ReturnType<typeof startRadosgw> | undefined;
  const server = createServer((_, reply) => {
    radosgw ??= startRadosgw();
    radosgw.then(
      (running) => reply.end(JSON.stringify(running)),
      (error: unknown) => reply.writeHead(500).end(messageOf(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await (await radosgw?.catch(() => undefined))?.stop();
    },
  };
}

/** Ceph's gateway: everyone has the same, and makes buckets and roles of their own. */
export async function sharedRadosgw(): Promise<Radosgw> {
  const reply = await fetch(inject('sharedPeers'));
  if (!reply.ok) throw new Error(await reply.text());
  return new Radosgw((await reply.json()) as RadosgwAddress);
}
