import { watch } from 'chokidar';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Spool } from './commit.js';
import { rescan } from './rescan.js';

const RESCAN_MS = 60_000;

/**
 * Tells the uploaders that there is something to send: at once by file events, and for certain by a rescan at start and
 * every minute. Watches the flat waiting folder only: chokidar on a whole archive costs 164 MB and 10,000 watches.
 */
export class SpoolWatch implements Service {
  readonly name = 'spool watch';
  readonly #spool: Spool;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onChange: () => void;

  constructor(spool: Spool, ledger: Ledger, clock: Clock, log: Log, onChange: () => void) {
    this.#spool = spool;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#log = log;
    this.#onChange = onChange;
  }

  async run(signal: AbortSignal): Promise<void> {
    const watcher = watch(this.#spool.layout.ready, { depth: 0, ignoreInitial: true, ignorePermissionErrors: true });
    watcher.on('add', this.#onChange);
    watcher.on('error', (error) => this.#log.warn({ error: messageOf(error) }, 'file events fail; the rescan goes on'));
    while (!signal.aborted) {
      await this.#rescan();
      this.#onChange();
      await this.#clock.sleep(RESCAN_MS, signal);
    }
    await watcher.close();
  }

  async #rescan(): Promise<void> {
    try {
      const result = await rescan(this.#spool, this.#ledger, this.#log);
      if (Object.values(result).some((count) => count > 0)) this.#log.warn({ ...result }, 'disk and ledger differed');
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'the rescan failed; tried again in a minute');
    }
  }
}
