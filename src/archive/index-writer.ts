import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.js';
import type { Service } from '../../lib/service.js';
import { dayOf, type Entry } from '../segment.js';
import { buildShards, type ChainState, type IndexShard } from './listing.js';
import { type Identity, type ShardHead, signatureKey, signDay } from './signature.js';

/** Everything of a camera's index that is to become durable in one step. */
export interface IndexBatch {
  camera: string;
  /** By number. One entry that passes midnight is in several. */
  shards: IndexShard[];
  ids: string[];
  chain: ChainState;
}

/** A day that is complete and has shards no signature covers. */
export interface UnsignedDay {
  camera: string;
  day: string;
  /** Every shard of the day, signed before or not, by number. */
  shards: ShardHead[];
}

/** A signature to upload, and the last shard it covers. */
export interface SignatureFile {
  camera: string;
  day: string;
  shard: number;
  key: string;
  text: string;
}

/**
 * What waits to be listed in the archive's index. All times are UTC milliseconds.
 *
 * - An entry is pending when its media's upload was verified, or its gap closed, and no committed batch lists it.
 * - `commit` and `commitSignature` are one transaction each: once resolved, all of it is durable and will be uploaded. After
 *   a rejection (or a crash) either all of it is, or nothing: then the same entries are pending, the same keys are free, and
 *   nothing is ever uploaded under them but what is committed next.
 */
export interface IndexQueue {
  /** Cameras with pending entries. */
  cameras(): string[];
  /** Wall time since when the camera's oldest pending entry waits. */
  oldestPending(camera: string): number | undefined;
  /** At most `limit` pending entries, by start. */
  pending(camera: string, limit: number): { id: string; entry: Entry }[];
  /** `{ n: 0, prev: CHAIN_START, shard: 0 }` for a camera that has none. Shard numbers only ever grow. */
  chain(camera: string): ChainState;
  commit(batch: IndexBatch): Promise<void>;
  /**
   * At most `limit` days before the day `before` that have a shard with a number above that of their last signature, and of
   * which nothing is still to be uploaded, indexed or closed. Oldest first.
   */
  unsignedDays(before: string, limit: number): UnsignedDay[];
  commitSignature(signature: SignatureFile): Promise<void>;
}

export interface IndexWriterOptions {
  site: string;
  queue: IndexQueue;
  identity: Identity;
  clock: Clock;
  /** How long an entry may wait to be written together with others. */
  everyMs: number;
  /** Told of each failed attempt; the same is tried again after `retryMs`. `camera` is absent when it concerns all. */
  onProblem: (problem: { error: unknown; camera?: string; retryMs: number }) => void;
}

const HOUR = 3_600_000;
/** Entries in one batch: half a megabyte of index at most, so that a backlog of any length needs no more memory. */
const BATCH = 1000;
const RETRY_MS = 30_000;
const SIGNATURES = 100;

/** Writes what is pending into shards, and signs each day once it is over. Never waits for the network. */
export class IndexWriter implements Service {
  readonly name = 'index';
  readonly #options: IndexWriterOptions;
  /** Monotonic time before which a task that failed is left alone. */
  readonly #pausedUntil = new Map<string, number>();

  constructor(options: IndexWriterOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#options;
    const tickMs = Math.min(10_000, Math.max(100, everyMs / 4));
    while (!signal.aborted) {
      await this.#writeDue(signal);
      await this.#signDays();
      await clock.sleep(tickMs, signal);
    }
    // One batch each: what remains of a long backlog stays pending and is written after the next start.
    for (const camera of await this.#cameras(() => true)) await this.#writeBatch(camera);
  }

  /** Cameras take turns, so that the backlog of one does not hold up the others (invariant I7). */
  async #writeDue(signal: AbortSignal): Promise<void> {
    let due = await this.#cameras((camera) => this.#isDue(camera));
    while (due.length > 0 && !signal.aborted) {
      const more: string[] = [];
      for (const camera of due) if (await this.#writeBatch(camera)) more.push(camera);
      due = more;
      await turn();
    }
  }

  async #cameras(wanted: (camera: string) => boolean): Promise<string[]> {
    let cameras: string[] = [];
    await this.#attempt('cameras', undefined, async () => {
      cameras = this.#options.queue.cameras().filter(wanted);
      return false;
    });
    return cameras;
  }

  #isDue(camera: string): boolean {
    const oldest = this.#options.queue.oldestPending(camera);
    if (oldest === undefined) return false;
    const now = this.#options.clock.now();
    // A clock that was set back would otherwise keep entries waiting for as long as it was ahead.
    return now < oldest || now - oldest >= this.#options.everyMs || Math.floor(now / HOUR) > Math.floor(oldest / HOUR);
  }

  /** Whether there may be more. */
  #writeBatch(camera: string): Promise<boolean> {
    return this.#attempt('write', camera, async () => {
      const { queue, site } = this.#options;
      const batch = queue.pending(camera, BATCH);
      if (batch.length === 0) return false;
      const entries = batch.map((one) => one.entry);
      const built = buildShards(site, camera, entries, queue.chain(camera));
      await queue.commit({ camera, ids: batch.map((one) => one.id), ...built });
      return batch.length === BATCH;
    });
  }

  #signDays(): Promise<boolean> {
    return this.#attempt('sign', undefined, async () => {
      const { queue, site, identity, clock } = this.#options;
      // The file that was open at midnight is closed within the hour, and so a day is rarely signed twice.
      for (const { camera, day, shards } of queue.unsignedDays(dayOf(clock.now() - HOUR), SIGNATURES)) {
        const shard = shards.at(-1)!.number;
        const key = signatureKey(site, camera, day, shard);
        const text = signDay(identity, { site, camera, day, shards, signedAt: clock.now() });
        await queue.commitSignature({ camera, day, shard, key, text });
      }
      return false;
    });
  }

  /** What `step` answers; false when it failed, or is left alone because it failed shortly before. */
  async #attempt(what: string, camera: string | undefined, step: () => Promise<boolean>): Promise<boolean> {
    const { clock, onProblem } = this.#options;
    const task = `${what} ${camera ?? ''}`;
    if (clock.monotonic() < (this.#pausedUntil.get(task) ?? 0)) return false;
    try {
      return await step();
    } catch (error) {
      this.#pausedUntil.set(task, clock.monotonic() + RETRY_MS);
      onProblem({ error, retryMs: RETRY_MS, ...(camera ? { camera } : {}) });
      return false;
    }
  }
}
