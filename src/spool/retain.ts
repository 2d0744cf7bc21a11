import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { freeBytes } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Spool } from './commit.js';

export interface RetentionPolicy {
  /** Verified copies stay this long, milliseconds since their verification. */
  keepMs: number;
  /** Bytes all our files may take, if limited. */
  maxBytes?: number;
  /** Bytes to leave free on the disk. */
  minFreeBytes: number;
}

const EVERY_MS = 60_000;
const BATCH = 100;

/**
 * Frees disk. Invariant I1: only files whose copy on every remote was verified, and noted so durably, are ever removed
 * here; whatever has not been delivered stays, even on a full disk.
 */
export class Retention implements Service {
  readonly name = 'retention';
  readonly #spool: Spool;
  readonly #ledger: Ledger;
  readonly #policy: RetentionPolicy;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(spool: Spool, ledger: Ledger, policy: RetentionPolicy, clock: Clock, log: Log) {
    this.#spool = spool;
    this.#ledger = ledger;
    this.#policy = policy;
    this.#clock = clock;
    this.#log = log;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.freeOnce();
      } catch (error) {
        this.#log.error({ error: messageOf(error) }, 'freeing disk failed; tried again in a minute');
      }
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** Removes what the policy no longer wants, oldest verification first. Returns how many files went. */
  async freeOnce(): Promise<number> {
    let removed = 0;
    let localBytes = this.#ledger.files.localBytes();
    for (;;) {
      const batch = this.#ledger.files.removable(BATCH);
      for (const file of batch) {
        if (!(await this.#mustGo(file.verifiedAt!, localBytes))) return removed;
        await rm(join(this.#spool.layout.sent, file.name), { force: true });
        await rm(join(this.#spool.layout.ready, file.name), { force: true });
        this.#ledger.files.setState(file.id, 'removed');
        localBytes -= file.bytes;
        removed++;
      }
      if (batch.length < BATCH) return removed;
    }
  }

  async #mustGo(verifiedAt: number, localBytes: number): Promise<boolean> {
    const { keepMs, maxBytes, minFreeBytes } = this.#policy;
    if (this.#clock.now() - verifiedAt > keepMs) return true;
    if (maxBytes !== undefined && localBytes > maxBytes) return true;
    return (await freeBytes(this.#spool.layout.root)) < minFreeBytes;
  }
}
