import type { Clock } from '../../../lib/clock.js';
import { messageOf } from '../../../lib/errors.js';
import type { Log } from '../../../lib/log.js';
import type { Service } from '../../../lib/service.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Condition } from '../conditions.js';

export interface AlertWatchOptions {
  /** What is wrong at this moment. */
  conditions(): Promise<readonly Condition[]>;
  /** Who is to be told. */
  targets: readonly string[];
  /** Something is to be told. */
  onNews(): void;
  ledger: Ledger;
  clock: Clock;
  log: Log;
}

const LOOK_MS = 5_000;
/** A camera that reconnects at once is no news; a minute from fault to message is promised. */
const BEGINS_AFTER_MS = 20_000;
/** What comes and goes is one alert, not a hundred. */
const ENDS_AFTER_MS = 120_000;
const KEPT_MS = 30 * 86_400_000;

/** Notices what begins to be wrong and what ends, and notes it for whoever is to be told: once each, through restarts too. */
export class AlertWatch implements Service {
  readonly name = 'alerts';
  readonly #options: AlertWatchOptions;
  /** Since when a condition has been seen, or an open alert has not: monotonic, by id. */
  #since = new Map<string, number>();

  constructor(options: AlertWatchOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, ledger, targets, log } = this.#options;
    ledger.transaction(() => ledger.alerts.tidy(targets, clock.now() - KEPT_MS));
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        log.error(
          { error: messageOf(error) },
          `what is to be alerted of cannot be told; retry in ${LOOK_MS / 1_000} s`,
        );
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const { conditions, ledger, clock, targets, onNews } = this.#options;
    const found = new Map((await conditions()).map((one) => [one.id, one]));
    const open = new Map(ledger.alerts.open().map((alert) => [alert.condition, alert]));
    const changing = [
      ...[...found.keys()].filter((id) => !open.has(id)),
      ...[...open.keys()].filter((id) => !found.has(id)),
    ];
    const now = clock.monotonic();
    this.#since = new Map(changing.map((id) => [id, this.#since.get(id) ?? now]));
    const ripe = changing.filter(
      (id) => now - this.#since.get(id)! >= (open.has(id) ? ENDS_AFTER_MS : BEGINS_AFTER_MS),
    );
    if (ripe.length === 0) return;
    ledger.transaction(() => {
      for (const id of ripe) {
        const alert = open.get(id);
        if (alert) ledger.alerts.end(alert.id, clock.now() - ENDS_AFTER_MS, targets);
        else ledger.alerts.begin(id, found.get(id)!.text, clock.now() - BEGINS_AFTER_MS, targets);
      }
    });
    onNews();
  }
}
