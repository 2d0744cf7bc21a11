import type { Clock } from '../../lib/clock.js';
import { type Discovered, discover } from '../../lib/onvif/discovery.js';
import { plainAddress } from '../config/camera-address.js';
import type { Heard } from './locator.js';
import type { Candidate } from './survey.js';

/** Cameras answer at once or not at all; the later probes are for the datagrams that were lost. */
const SEARCH_MS = 3_000;

/** Twenty cameras behind a switch that lost its power are missed at the same time, and found in one search. */
const FRESH_MS = 2_000;

/** Searches that are shared: whoever asks while one is under way, or right after it, gets its result. */
export class Finder {
  readonly #clock: Clock;
  readonly #interfaces: readonly string[] | undefined;
  #search: Promise<Heard[]> | undefined;

  /** `interfaces`: names or addresses; default every one but loopback. */
  constructor(clock: Clock, interfaces?: readonly string[]) {
    this.#clock = clock;
    this.#interfaces = interfaces;
  }

  search(signal: AbortSignal): Promise<readonly Heard[]> {
    this.#search ??= this.#searchOnce(signal);
    return this.#search;
  }

  async #searchOnce(signal: AbortSignal): Promise<Heard[]> {
    const interfaces = this.#interfaces;
    try {
      const found = await discover({ clock: this.#clock, signal, waitMs: SEARCH_MS, interfaces });
      return found.map(candidateOf).flatMap(({ addresses, mac, uuid }) => {
        const [address] = addresses;
        return address ? [{ address, mac, uuid }] : [];
      });
    } finally {
      void this.#clock.sleep(FRESH_MS, signal).then(() => {
        this.#search = undefined;
      });
    }
  }
}

export function candidateOf({ addresses, name, hardware, mac, uuid, scopes, from }: Discovered): Candidate {
  const usable = addresses.map(plainAddress);
  return { addresses: usable.length > 0 ? usable : [{ host: from, secure: false }], name, hardware, mac, uuid, scopes };
}
