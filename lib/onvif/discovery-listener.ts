import { randomUUID } from 'node:crypto';
import { Gathering } from './discovered.js';
import type { SocketEvents, UnusableInterface } from './discovery-sockets.js';
import { readDatagram } from './discovery-wire.js';

/** No network answers that much; reading more would only keep this machine busy. */
const MAX_PACKETS = 20_000;

/** Takes in datagrams, whatever they hold. */
export class DiscoveryListener implements SocketEvents {
  readonly gathering = new Gathering();
  readonly problems: UnusableInterface[] = [];
  malformed = 0;
  strayed = 0;
  readonly #onHeard: ((from: string) => void) | undefined;
  readonly #asked = new Set<string>();
  #packets = 0;

  constructor(onHeard?: (from: string) => void) {
    this.#onHeard = onHeard;
  }

  newProbe(): string {
    const uuid = randomUUID();
    this.#asked.add(uuid);
    return uuid;
  }

  message(packet: Buffer, { address }: { address: string }): void {
    if (++this.#packets > MAX_PACKETS) return;
    const before = this.gathering.size;
    try {
      const datagram = readDatagram(packet);
      // Only what names another probe is not ours: some cameras name none, or write it in ways of their own.
      const isOurs = datagram?.relatesTo === undefined || this.#asked.has(datagram.relatesTo);
      if (!isOurs) this.strayed++;
      else for (const one of datagram?.announcements ?? []) this.gathering.add(one, address);
    } catch {
      this.malformed++;
    }
    if (this.gathering.size > before) this.#onHeard?.(address);
  }

  /** Once for each: an interface that is down fails every time. */
  unusable(one: UnusableInterface): void {
    if (!this.problems.some(({ address }) => address === one.address)) this.problems.push(one);
  }
}
