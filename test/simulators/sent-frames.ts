import { readFileSync } from 'node:fs';
import type { SentPicture } from '../../lib/simulator/rtsp-connection.js';

/** What one client of a camera was sent, from its first picture to its last. */
export interface SentSession {
  camera: string;
  localPort: number;
  clientPort: number;
  /** Position of the first picture, and when it was sent (UTC ms). */
  first: number;
  firstAt: number;
  /** For each picture, the bytes of the connection up to its end. */
  ends: number[];
  /** Position of the last picture of which the client had taken every byte from its socket; noted by `noteRead`. */
  read?: number;
}

/**
 * Counts what cameras sent to whom, and what of it the client had read at a given moment. That is exact, whatever the load
 * of the machine: on the loopback, what was sent is either still in the receiver's queue, whose length the kernel tells,
 * or was read by the receiver.
 */
export class SentFrames {
  readonly sessions: SentSession[] = [];

  /** For `onSent` of the simulator. */
  readonly note = (camera: string, { path, localPort, clientPort, position, endByte }: SentPicture): void => {
    if (path !== '/stream1') return;
    // A stopped client keeps its connection while the next one has begun.
    const same = (one: SentSession) => one.localPort === localPort && one.clientPort === clientPort;
    const session = this.sessions.findLast(same);
    if (session && endByte > session.ends.at(-1)!) session.ends.push(endByte);
    else this.sessions.push({ camera, localPort, clientPort, first: position, firstAt: Date.now(), ends: [endByte] });
  };

  /** Notes for these sessions what their clients have read. At once: no picture is sent while it looks. */
  noteRead(sessions: readonly SentSession[]): void {
    const queues = receiveQueues();
    for (const session of sessions) {
      const unread = queues.get(`${session.clientPort}:${session.localPort}`);
      if (unread === undefined) throw new Error(`the connection of ${session.camera} is gone before its kill`);
      const taken = session.ends.at(-1)! - unread;
      session.read = session.first + session.ends.filter((end) => end <= taken).length - 1;
    }
  }
}

/** Bytes in the receive queue of each established TCP connection of IPv4, by `localPort:remotePort`. */
function receiveQueues(): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, remote, state, queues] = line.trim().split(/\s+/);
    if (state !== '01') continue;
    const port = (address: string | undefined) => Number.parseInt(address!.split(':')[1]!, 16);
    found.set(`${port(local)}:${port(remote)}`, Number.parseInt(queues!.split(':')[1]!, 16));
  }
  return found;
}
