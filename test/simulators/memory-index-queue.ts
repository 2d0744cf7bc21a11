import { CHAIN_START } from '../../src/archive/chain.js';
import type { IndexBatch, IndexQueue, SignatureFile, UnsignedDay } from '../../src/archive/index-writer.js';
import type { ChainState, IndexShard } from '../../src/archive/listing.js';
import { dayOf, type Entry } from '../../src/segment.js';

interface Waiting {
  id: string;
  entry: Entry;
  since: number;
}

/** The ledger's side of the index, without the ledger. `failures` makes the next commits throw before anything is kept. */
export class MemoryIndexQueue implements IndexQueue {
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #chains = new Map<string, ChainState>();
  readonly shards: (IndexShard & { camera: string })[] = [];
  readonly signatures: SignatureFile[] = [];
  /** Days with something still to be uploaded: they are not signed. */
  readonly unfinishedDays = new Set<string>();
  failures = 0;
  commits = 0;

  add(id: string, entry: Entry, since: number): void {
    const { camera } = entry;
    this.#waiting.set(camera, [...(this.#waiting.get(camera) ?? []), { id, entry, since }]);
  }

  cameras(): string[] {
    return [...this.#waiting.keys()].filter((camera) => this.#waiting.get(camera)!.length > 0);
  }

  oldestPending(camera: string): number | undefined {
    const times = (this.#waiting.get(camera) ?? []).map((one) => one.since);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  pending(camera: string, limit: number): { id: string; entry: Entry }[] {
    const waiting = [...(this.#waiting.get(camera) ?? [])].sort((a, b) => a.entry.start - b.entry.start);
    return waiting.slice(0, limit).map(({ id, entry }) => ({ id, entry }));
  }

  chain(camera: string): ChainState {
    return this.#chains.get(camera) ?? { n: 0, prev: CHAIN_START, shard: 0 };
  }

  async commit({ camera, shards, ids, chain }: IndexBatch): Promise<void> {
    this.#failMaybe();
    for (const { key } of shards) {
      if (this.shards.some((shard) => shard.key === key)) throw new Error(`${key} is written twice`);
    }
    this.shards.push(...shards.map((shard) => ({ ...shard, camera })));
    const done = new Set(ids);
    this.#waiting.set(
      camera,
      this.#waiting.get(camera)!.filter((one) => !done.has(one.id)),
    );
    this.#chains.set(camera, chain);
    this.commits++;
  }

  unsignedDays(before: string, limit: number): UnsignedDay[] {
    const days = new Map<string, UnsignedDay>();
    for (const shard of this.shards) {
      const { camera, day } = shard;
      if (day >= before || this.#isUnfinished(camera, day)) continue;
      const found = days.get(`${camera} ${day}`) ?? { camera, day, shards: [] };
      found.shards.push({ number: shard.number, first: shard.first, last: shard.last, head: shard.head });
      days.set(`${camera} ${day}`, found);
    }
    return [...days.values()]
      .filter(({ camera, day, shards }) => shards.at(-1)!.number > this.#signedUpTo(camera, day))
      .slice(0, limit);
  }

  async commitSignature(signature: SignatureFile): Promise<void> {
    this.#failMaybe();
    if (this.signatures.some((one) => one.key === signature.key)) throw new Error(`${signature.key} is written twice`);
    this.signatures.push(signature);
  }

  #isUnfinished(camera: string, day: string): boolean {
    const waiting = this.#waiting.get(camera) ?? [];
    return this.unfinishedDays.has(day) || waiting.some(({ entry }) => dayOf(entry.start) === day);
  }

  #signedUpTo(camera: string, day: string): number {
    const signed = this.signatures.filter((one) => one.camera === camera && one.day === day);
    return Math.max(0, ...signed.map((one) => one.shard));
  }

  #failMaybe(): void {
    if (this.failures === 0) return;
    this.failures--;
    throw new Error('the disk is full');
  }
}
