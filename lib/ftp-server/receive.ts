import type { Socket } from 'node:net';
import type { Clock } from '../clock.js';
import { Refusal } from './refusal.js';
import type { Arriving } from './tree.js';

/** A transfer of which nothing comes for so long is over. */
const STALL_MS = 60_000;
/** The end of the control connection of a client that was killed comes with the end of its data, or just after. */
const GRACE_MS = 150;

/** `cut`: the client went, or was told to stop, before it could say that this is all. */
export type Received = 'whole' | 'cut';

/**
 * What comes over a data connection, into a file. An orderly end of the data proves nothing: that is also what the kernel sends
 * for a client that was killed. Whoever is still there to hear the reply has sent all. Rejects with what writing rejects with.
 */
export async function receive(socket: Socket, file: Arriving, hasLeft: () => boolean, clock: Clock): Promise<Received> {
  const done = new AbortController();
  const watch = stallWatch(socket, file, clock, done.signal);
  try {
    for await (const chunk of readingOf(socket)) await file.write(chunk);
  } catch (error) {
    if (error instanceof BrokenOff) return 'cut';
    throw error;
  } finally {
    done.abort();
    await watch;
  }
  await clock.sleep(GRACE_MS);
  return hasLeft() ? 'cut' : 'whole';
}

class BrokenOff extends Error {}

/** Errors of the connection are told from those of the disk. */
async function* readingOf(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch {
    throw new BrokenOff();
  }
  // An aborted socket ends the loop without a word.
  if (!socket.readableEnded) throw new BrokenOff();
}

async function stallWatch(socket: Socket, file: Arriving, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let seen = -1; !signal.aborted && file.bytes !== seen; ) {
    seen = file.bytes;
    await clock.sleep(STALL_MS, signal);
  }
  if (!signal.aborted) socket.destroy(new Refusal(426, 'Nothing came for too long'));
}
