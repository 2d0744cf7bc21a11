import { once } from 'node:events';
import { createServer } from 'node:net';

/** 8080 where it is free; else 0, for which the system picks one when it is listened on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(8080, '127.0.0.1');
  try {
    await once(server, 'listening');
    return 8080;
  } catch {
    // Taken.
    return 0;
  } finally {
    server.close();
  }
}
