import { opendir } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Ledger } from '../ledger/ledger.js';
import { adoptSent } from './adopt-sent.js';
import type { Spool } from './commit.js';
import { rescan } from './rescan.js';

const RESCAN_MS = 60_000;

/**
 * chokidar keeps about 30 kB of each file in a folder it watches: 3 GB of a backlog of 100,000. With more than this many
 * waiting, what the spool itself tells and the rescan have to do (invariant I8).
 */
const MOST_WATCHED = 1_000;

/**
 * Tells the uploaders that there is something to send: at once when the spool takes a file in or a file event tells of one, and
 * for certain by a rescan at start and every minute.
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
    this.#spool.onReady = this.#onChange;
    let watcher: FSWatcher | undefined;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const few = await this.#fewWait();
      if (few) watcher ??= this.#watch();
      else if (watcher) await watcher.close();
      if (!few) watcher = undefined;
      await this.#rescan();
      this.#onChange();
      if (isFirst && (await this.#adoptSent(signal)) > 0) this.#onChange();
      await this.#clock.sleep(RESCAN_MS, signal);
    }
    this.#spool.onReady = undefined;
    await watcher?.close();
  }

  #watch(): FSWatcher {
    const watcher = watch(this.#spool.layout.ready, { depth: 0, ignoreInitial: true, ignorePermissionErrors: true });
    watcher.on('add', this.#onChange);
    watcher.on('error', (error) => this.#log.warn({ error: messageOf(error) }, 'file events fail; the rescan goes on'));
    return watcher;
  }

  async #fewWait(): Promise<boolean> {
    let count = 0;
    for await (const _ of await opendir(this.#spool.layout.ready)) {
      if (++count > MOST_WATCHED) return false;
    }
    return true;
  }

  async #adoptSent(signal: AbortSignal): Promise<number> {
    try {
      return await adoptSent(this.#spool, this.#ledger, this.#log, signal);
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, 'delivered files could not be looked at; done at the next start');
      return 0;
    }
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
