import type { Delivery } from '../ledger/deliveries.js';
import type { Ledger } from '../ledger/ledger.js';

/**
 * Which file a remote gets next: newest motion first, then pictures and index shards, then everything else, of which each
 * camera gets its turn with its newest; last what was fetched from cameras afterwards. So what just happened never waits behind a backlog, and one camera's backlog never
 * behind another's.
 */
export class Order {
  readonly #ledger: Ledger;
  readonly #remote: string;
  /** When each camera had its last turn, counted in turns. */
  readonly #turns = new Map<string, number>();
  #turn = 0;

  constructor(ledger: Ledger, remote: string) {
    this.#ledger = ledger;
    this.#remote = remote;
  }

  /** Files being sent are left out by id. */
  nextMotion(now: number, except: ReadonlySet<number>): Delivery | undefined {
    return this.#ledger.deliveries.newest(this.#remote, 0, now, except);
  }

  /** Motion, pictures and the index. */
  nextUrgent(now: number, except: ReadonlySet<number>): Delivery | undefined {
    return this.nextMotion(now, except) ?? this.#ledger.deliveries.newest(this.#remote, 1, now, except);
  }

  next(now: number, except: ReadonlySet<number>): Delivery | undefined {
    const { deliveries } = this.#ledger;
    return (
      this.nextUrgent(now, except) ?? this.#nextInTurn(now, except) ?? deliveries.newest(this.#remote, 3, now, except)
    );
  }

  #nextInTurn(now: number, except: ReadonlySet<number>): Delivery | undefined {
    const { deliveries } = this.#ledger;
    const lastTurn = (camera: string) => this.#turns.get(camera) ?? 0;
    const waiting = deliveries.camerasWaiting(this.#remote).sort((a, b) => lastTurn(a) - lastTurn(b));
    for (const camera of waiting) {
      const delivery = deliveries.newestOf(this.#remote, camera, now, except);
      if (!delivery) continue;
      this.#turns.set(camera, ++this.#turn);
      return delivery;
    }
    return undefined;
  }
}
