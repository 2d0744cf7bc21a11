import { basename, join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { renameDurably, writeFileDurably } from '../../lib/files.js';
import type { ChainEnd, ShardRow } from '../ledger/chains.js';
import type { Ledger } from '../ledger/ledger.js';
import { digest, type Spool } from './commit.js';

interface IndexText {
  key: string;
  text: string;
}

/** A text that is on disk, and not in the spool yet. */
interface Staged {
  key: string;
  name: string;
  origin: string;
  bytes: number;
  sha256: string;
}

/**
 * The index as the spool and the ledger see it: what waits to be listed, and how shards become durable. Everything of a
 * commit is one transaction: the texts are on disk before it, in the spool after it, and `completeCommits` moves those
 * that a crash left in between.
 */
export class SpoolIndexQueue {
  readonly #spool: Spool;
  readonly #ledger: Ledger;
  readonly #clock: Clock;

  constructor(spool: Spool, ledger: Ledger, clock: Clock) {
    this.#spool = spool;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  cameras = () => this.#ledger.chains.cameras();
  oldestPending = (camera: string) => this.#ledger.chains.oldestPending(camera);
  pending = (camera: string, limit: number) => this.#ledger.chains.pending(camera, limit);
  unsignedDays = (before: string, limit: number) => this.#ledger.chains.unsignedDays(before, limit);

  /**
   * A chain that begins counts its shards from the time, in seconds since 1970: a recorder that lost its ledger cannot
   * list what it wrote before (its sign-in may only put), and must not write those keys again (invariant I2).
   */
  chain(camera: string): ChainEnd {
    const end = this.#ledger.chains.end(camera);
    return end.shard > 0 ? end : { ...end, shard: Math.floor(this.#clock.now() / 1000) };
  }

  async commit(batch: {
    camera: string;
    shards: (IndexText & ShardRow)[];
    ids: string[];
    chain: ChainEnd;
  }): Promise<void> {
    await this.#store(batch.camera, batch.shards, () => {
      for (const shard of batch.shards) this.#ledger.chains.addShard(batch.camera, shard);
      this.#ledger.chains.advance(batch.camera, batch.ids, batch.chain);
    });
  }

  async commitSignature(signature: IndexText & { camera: string; day: string; shard: number }): Promise<void> {
    const { camera, day, shard } = signature;
    await this.#store(camera, [signature], () => this.#ledger.chains.signed(camera, day, shard));
  }

  async #store(camera: string, texts: readonly IndexText[], also: () => void): Promise<void> {
    const staged: Staged[] = [];
    for (const text of texts) staged.push(await this.#stage(camera, text));
    const now = this.#clock.now();
    const files = this.#ledger.transaction(() => {
      also();
      return staged.map(({ origin, ...text }) => {
        const row = {
          ...text,
          origin,
          camera,
          kind: 'index',
          start: now,
          end: now,
          source: 'index',
          createdAt: now,
        } as const;
        return { id: this.#ledger.files.begin(row), name: text.name, origin };
      });
    });
    for (const { id, name, origin } of files) {
      await renameDurably(origin, join(this.#spool.layout.ready, name));
      this.#spool.ready(id);
    }
  }

  async #stage(camera: string, { key, text }: IndexText): Promise<Staged> {
    const name = `index_${camera}_${key.split('/').slice(3, 6).join('')}_${basename(key)}`;
    const origin = join(this.#spool.layout.index, name);
    await writeFileDurably(origin, text);
    return { key, name, origin, ...(await digest(origin)) };
  }
}
