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
 * - `commit` and `commitSignature` are one transaction each: on return all of it is durable and queued for upload; when
 *   they throw, none of it is, and the same entries are pending and the same keys free. The text must not be uploaded earlier.
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
  commit(batch: IndexBatch): void;
  /**
   * At most `limit` days before the day `before` that have a shard with a number above that of their last signature, and of
   * which nothing is still to be uploaded, indexed or closed. Oldest first.
   */
  unsignedDays(before: string, limit: number): UnsignedDay[];
  commitSignature(signature: SignatureFile): void;
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
  /** Monotonic time before which a camera, or (under '') everything, is left alone after a failure. */
  readonly #pausedUntil = new Map<string, number>();

  constructor(options: IndexWriterOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#options;
    const tickMs = Math.min(10_000, Math.max(100, everyMs / 4));
    while (!signal.aborted) {
      await this.#writeDue(signal);
      this.#attempt('', () => this.#signDays());
      await clock.sleep(tickMs, signal);
    }
    // One batch each: what remains of a long backlog stays pending and is written after the next start.
    for (const camera of this.#cameras()) this.#attempt(camera, () => this.#writeBatch(camera));
  }

  /** Cameras take turns, so that the backlog of one does not hold up the others (invariant I7). */
  async #writeDue(signal: AbortSignal): Promise<void> {
    let due = this.#cameras().filter((camera) => this.#attempt(camera, () => this.#isDue(camera)));
    while (due.length > 0 && !signal.aborted) {
      due = due.filter((camera) => this.#attempt(camera, () => this.#writeBatch(camera)));
      await turn();
    }
  }

  #cameras(): string[] {
    let cameras: string[] = [];
    this.#attempt('', () => {
      cameras = this.#options.queue.cameras();
      return true;
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
  #writeBatch(camera: string): boolean {
    const { queue, site } = this.#options;
    const batch = queue.pending(camera, BATCH);
    if (batch.length === 0) return false;
    const built = buildShards(
      site,
      camera,
      batch.map((one) => one.entry),
      queue.chain(camera),
    );
    queue.commit({ camera, ids: batch.map((one) => one.id), ...built });
    return batch.length === BATCH;
  }

  #signDays(): boolean {
    const { queue, site, identity, clock } = this.#options;
    // The file that was open at midnight is closed within the hour, and so a day is rarely signed twice.
    for (const { camera, day, shards } of queue.unsignedDays(dayOf(clock.now() - HOUR), SIGNATURES)) {
      const shard = shards.at(-1)!.number;
      const text = signDay(identity, { site, camera, day, shards, signedAt: clock.now() });
      queue.commitSignature({ camera, day, shard, key: signatureKey(site, camera, day, shard), text });
    }
    return true;
  }

  /** False when it failed, or is paused because it failed shortly before. */
  #attempt(camera: string, step: () => boolean): boolean {
    const { clock, onProblem } = this.#options;
    if (clock.monotonic() < (this.#pausedUntil.get(camera) ?? 0)) return false;
    try {
      return step();
    } catch (error) {
      this.#pausedUntil.set(camera, clock.monotonic() + RETRY_MS);
      onProblem({ error, retryMs: RETRY_MS, ...(camera ? { camera } : {}) });
      return false;
    }
  }
}
