import { dayBounds } from '../archive/day.js';
import type { Expected, ExpectedIndex } from '../archive/verify/findings.js';
import type { Config } from '../config/schema.js';
import type { Ledger } from '../ledger/ledger.js';
import { dayOf, indexFolder } from '../segment.js';

/** What the ledger says was delivered, and so has to be there. Without a ledger nothing has. */
export class DeliveredFiles {
  readonly #ledger: Ledger | undefined;
  readonly #keptSince: string;

  /** `keptSince`: the first day that is to be whole still; empty for ever. */
  constructor(ledger: Ledger | undefined, keptSince: string) {
    this.#ledger = ledger;
    this.#keptSince = keptSince;
  }

  /** Media of a day: on any of these remotes, or on all where none is named. */
  media(remotes: readonly string[], camera: string, day: string): Expected[] {
    const { start, end } = dayBounds(day)!;
    return onAny(remotes, (remote) => this.#ledger?.files.delivered(remote, camera, start, end) ?? []);
  }

  /** What was damaged on this disk when it was sent, so that what lies at its key is not to be believed. */
  damaged(remotes: readonly string[]): Expected[] {
    return onAny(remotes, (remote) => this.#ledger?.damages.of(remote) ?? []);
  }

  /** What lists them. */
  index(remotes: readonly string[], site: string, camera: string, day: string): ExpectedIndex[] {
    const ledger = this.#ledger;
    if (!ledger || day < this.#keptSince) return [];
    const shards = new Map(ledger.chains.shardsOf(camera, day).map((shard) => [shard.number, shard]));
    return onAny(remotes, (remote) => ledger.files.deliveredIndex(remote, indexFolder(site, camera, day))).map(
      (file) => ({ ...file, shard: shards.get(Number(/\/\d\d-(\d+)\.ndjson$/.exec(file.key)?.[1])) }),
    );
  }

  /** Whether anything is known of a day: footage, whatever became of it, or why there is none. */
  tellsOf(day: string, cameras = this.#ledger?.cameras() ?? []): boolean {
    const ledger = this.#ledger;
    const { start, end } = dayBounds(day)!;
    const anyOf = (camera: string) =>
      [ledger?.files, ledger?.gaps, ledger?.offs].some((kept) => (kept?.between(camera, start, end).length ?? 0) > 0);
    return ledger !== undefined && cameras.some(anyOf);
  }

  /** Shards that are written and not yet sent. */
  pendingShards(camera: string): ReadonlySet<number> {
    const keys = this.#ledger?.files.pendingIndex(camera) ?? [];
    return new Set(keys.map((key) => Number(/-(\d+)\.ndjson$/.exec(key)?.[1])));
  }

  /** Days of which there is footage, and days that are told of in the index alone. */
  days(since = this.#keptSince) {
    const ledger = this.#ledger;
    const of = (camera: string) => ledger?.files.days(camera).map((day) => dayOf(day * 86_400_000)) ?? [];
    return {
      cameras: () => ledger?.cameras() ?? [],
      days: (camera: string) =>
        [...new Set([...of(camera), ...(ledger?.chains.days(camera) ?? [])])].filter((day) => day >= since),
    };
  }
}

/** Each once, however many of the remotes have it. */
function onAny<Of extends Expected>(remotes: readonly string[], on: (remote: string | undefined) => Of[]): Of[] {
  const all = remotes.length === 0 ? on(undefined) : remotes.flatMap(on);
  return [...new Map(all.map((one) => [one.key, one])).values()];
}

/** The first day that is whole still where the bucket lets old ones expire. */
export function keptSince(config: Config | undefined, now: number): string {
  const retention = config?.aws?.bucket.retention;
  return retention === undefined ? '' : dayOf(now - (retention - 1) * 86_400_000);
}
