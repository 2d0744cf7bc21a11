import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import { isUnset, WRITTEN } from '../../lib/unset-clock.js';
import type { ClockStep, WatchedClock } from '../../lib/watched-clock.js';
import type { Ledger } from '../ledger/ledger.js';

const EVERY_MS = 500;

/** How often cameras follow what the clock is corrected by. */
const FOLLOW_MS = 60_000;

/** Nothing that was postponed waits longer than this after a start, whatever clock postponed it. */
const LONGEST_WAIT_MS = 60 * 60_000;

/** What notes times by the clock. */
interface Camera {
  clockStepped(step: ClockStep): void;
  followClock(): void;
}

/** Sees soon that the wall clock was set, and lets everything go on that is counted by it. */
export class ClockWatch implements Service {
  readonly name = 'clock';
  readonly #clock: WatchedClock;
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #cameras: readonly Camera[];

  constructor(clock: WatchedClock, ledger: Ledger, log: Log, cameras: readonly Camera[]) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#log = log;
    this.#cameras = cameras;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#clock.onStep = (step) => this.#stepped(step);
    for (const waits of [this.#ledger.deliveries, this.#ledger.doubts])
      waits.capWaits(this.#clock.now(), LONGEST_WAIT_MS);
    let followedAt = this.#clock.monotonic();
    while (!signal.aborted) {
      this.#clock.now();
      if (this.#clock.monotonic() - followedAt >= FOLLOW_MS) {
        for (const camera of this.#cameras) camera.followClock();
        followedAt = this.#clock.monotonic();
      }
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  #stepped(step: ClockStep): void {
    const by = Math.round(step.byMs / 1_000);
    this.#log.warn({ at: new Date(step.at).toISOString(), seconds: by }, stepInWords(step));
    for (const camera of this.#cameras) camera.clockStepped(step);
    try {
      // A clock that was not set yet has counted nothing from before the machine started.
      const verifiedBefore = isUnset(step.at - step.byMs) ? WRITTEN : undefined;
      this.#ledger.shiftWaits(step.byMs, verifiedBefore);
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'what waits could not be put off by as much');
    }
  }
}

/** `the clock was set forward by 1 d 2 h`, to two parts. */
export function stepInWords({ byMs }: Pick<ClockStep, 'byMs'>): string {
  const units: [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const first = units.findIndex(([ms]) => Math.abs(byMs) >= ms);
  let left = Math.abs(byMs);
  const parts = units.slice(first, first + 2).flatMap(([ms, unit]) => {
    const count = Math.floor(left / ms);
    left -= count * ms;
    return count > 0 ? [`${count} ${unit}`] : [];
  });
  return `the clock was set ${byMs > 0 ? 'forward' : 'back'} by ${parts.join(' ')}`;
}
