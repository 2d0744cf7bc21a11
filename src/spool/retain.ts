import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { freeBytes } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { FileRow } from '../ledger/files.js';
import { leave, mirrorLost } from '../ledger/leave.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Spool } from './commit.js';

/** What a camera may set for itself. */
export interface CameraPolicy {
  /** Verified copies stay this long, milliseconds since their verification. */
  keepMs: number;
  /** Bytes its local files may take, if limited. */
  maxBytes?: number;
}

export interface RetentionPolicy extends CameraPolicy {
  /** Bytes to leave free on the disk. */
  minFreeBytes: number;
  /** Cameras whose own policy comes before the common one; the common limits hold for all files together. */
  cameras?: ReadonlyMap<string, CameraPolicy>;
  /** What happens when nothing verified is left to free. Default: nothing is ever given up. */
  whenFull?: 'keep' | 'drop-oldest-unsent';
}

const EVERY_MS = 10_000;
const BATCH = 100;

/** What is given up first, where the configuration allows that anything is. Never pictures, never the index. */
const DROPPED = ['inbox', 'continuous', 'motion'] as const;

/**
 * Frees disk, in this order: verified and older than wanted; verified; then, and only with the owner's consent in the
 * configuration, what some remote lacks: what did not move before what did, oldest first. Of that, what no remote has is footage lost,
 * and a gap; what one has is a mirror lost, and none.
 *
 * Invariant I1: without that consent only files whose copy on every remote was verified, and noted so durably, are ever
 * removed here; whatever has not been delivered stays, even on a full disk.
 */
export class Retention implements Service {
  readonly name = 'retention';
  readonly #spool: Spool;
  readonly #ledger: Ledger;
  readonly #policy: RetentionPolicy;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The last failure told of: the same again is no news. */
  #told: string | undefined;

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
        this.#told = undefined;
      } catch (error) {
        const message = messageOf(error);
        if (message !== this.#told) this.#log.error({ error: message }, 'freeing disk failed; tried again and again');
        this.#told = message;
      }
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** Removes what the policy no longer wants. Returns how many files went. */
  async freeOnce(): Promise<number> {
    let removed = await this.#freeOld();
    for (const [camera, { maxBytes }] of this.#policy.cameras ?? []) {
      if (maxBytes === undefined) continue;
      let left = this.#ledger.files.localBytes(camera);
      removed += await this.#free({ camera }, async (file) => {
        const over = left > maxBytes;
        if (over) left -= file.bytes;
        return over;
      });
    }
    let localBytes = this.#ledger.files.localBytes();
    removed += await this.#free({}, async (file) => {
      const short = await this.#isShort(localBytes);
      if (short) localBytes -= file.bytes;
      return short;
    });
    if (this.#policy.whenFull === 'drop-oldest-unsent') removed += await this.#dropUnsent(localBytes);
    return removed;
  }

  async #freeOld(): Promise<number> {
    const { keepMs, cameras = new Map<string, CameraPolicy>() } = this.#policy;
    const now = this.#clock.now();
    let removed = 0;
    for (const [camera, policy] of cameras) {
      removed += await this.#free({ camera }, async ({ verifiedAt }) => now - verifiedAt! > policy.keepMs);
    }
    // Of the others, some of which keep theirs for longer or shorter.
    const except = [...cameras.keys()];
    removed += await this.#free({ except }, async ({ verifiedAt }) => now - verifiedAt! > keepMs);
    return removed;
  }

  /** Removes verified copies, oldest verification first, for as long as `mustGo` says so. */
  async #free(
    of: { camera?: string; except?: readonly string[] },
    mustGo: (file: FileRow) => Promise<boolean>,
  ): Promise<number> {
    for (let removed = 0; ; ) {
      const batch = this.#ledger.files.removable(BATCH, of);
      for (const file of batch) {
        if (!(await mustGo(file))) return removed;
        if (await this.#release(file)) removed++;
      }
      if (batch.length < BATCH) return removed;
    }
  }

  /** False where it may not go any more: `verify --repair`, another process, may have found it missing on a remote since the batch was read. */
  async #release(file: FileRow): Promise<boolean> {
    if (!this.#ledger.files.release(file)) return false;
    try {
      await this.#remove(file);
    } catch (error) {
      this.#ledger.files.setState(file.id, 'ready');
      throw error;
    }
    return true;
  }

  async #isShort(localBytes: number): Promise<boolean> {
    const { maxBytes, minFreeBytes } = this.#policy;
    if (maxBytes !== undefined && localBytes > maxBytes) return true;
    return (await freeBytes(this.#spool.layout.root)) < minFreeBytes;
  }

  /** Called only where the configuration says that new footage is worth more than old footage nobody has a copy of. */
  async #dropUnsent(bytes: number): Promise<number> {
    let [dropped, localBytes] = [0, bytes];
    for (const kind of DROPPED) {
      for (;;) {
        if (!(await this.#isShort(localBytes))) return dropped;
        const file = this.#dropOldest(kind);
        if (!file) break;
        await this.#remove(file);
        localBytes -= file.bytes;
        dropped++;
      }
    }
    return dropped;
  }

  /** Noted before it is done: a kill in between leaves a file that the next rescan takes back. */
  #dropOldest(kind: (typeof DROPPED)[number]): FileRow | undefined {
    const dropped = this.#ledger.transaction(() => {
      const file = this.#ledger.files.oldestUnsent(kind);
      return file && { file, loss: leave(this.#ledger, file, 'dropped', this.#clock.now()) };
    });
    if (!dropped) return undefined;
    const { file, loss } = dropped;
    const { camera, key } = file;
    if (loss.of === 'mirror') this.#log.warn({ camera, key }, `the disk is full: ${mirrorLost(loss)}`);
    else this.#log.error({ camera, key }, 'the disk is full: footage that was never sent is given up, as configured');
    return file;
  }

  async #remove({ name }: FileRow): Promise<void> {
    await rm(join(this.#spool.layout.sent, name), { force: true });
    await rm(join(this.#spool.layout.ready, name), { force: true });
  }
}
