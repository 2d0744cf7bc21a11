import { text } from 'node:stream/consumers';
import { Failure } from '../../../lib/errors.js';
import type { ObjectEraser, StoredVersion } from '../../../lib/objects/eraser.js';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import { dayOf, indexFolder } from '../../segment.js';
import { ObjectArchive } from '../object-archive.js';
import type { Identity } from '../signature.js';
import { entriesIn, isMedia, type LocatedMedia } from '../span-entries.js';
import { receiptName, writeReceipt } from './receipt.js';
import { entryHash, tombstone } from './tombstone.js';

export interface EraseOptions {
  reader: ObjectReader;
  eraser: ObjectEraser;
  site: string;
  camera: string;
  /** UTC ms; `end` is exclusive. */
  start: number;
  end: number;
  /** Keys of the span that may be there, and in no index. */
  unlisted?: readonly string[];
}

/** What would go: whole files, because a file cannot be cut without being another. */
export interface ErasePlan {
  files: LocatedMedia[];
  /** All that has to go, by key: media, and shards that list them, which are written anew. */
  versions: Map<string, StoredVersion[]>;
  shards: { key: string; day: string; text: string; entries: { n: number; hash: string }[] }[];
}

const DAY = 86_400_000;

/** Looks up everything that is of the span. Changes nothing. Rejects with `locked` where any of it may not go. */
export async function planErase(options: EraseOptions): Promise<ErasePlan> {
  const { reader, eraser, site, camera, start, end, unlisted = [] } = options;
  const archive = new ObjectArchive({ reader, site, onProblem: () => undefined });
  const files = (await entriesIn(archive, camera, { start, end })).filter(isMedia);
  const versions: ErasePlan['versions'] = new Map();
  for (const { key } of files) versions.set(key, await eraser.versions(key));
  for (const key of unlisted) {
    const all = await eraser.versions(key);
    if (all.length > 0) versions.set(key, all);
  }
  const keys = new Set(files.map(({ key }) => key));
  const days = new Set(files.flatMap((file) => daysOf(file)));
  const shards: ErasePlan['shards'] = [];
  for (const day of [...days].sort()) {
    for (const { key } of await archive.shards(camera, day)) {
      const opened = await reader.open(key);
      const rewritten = opened && rewrite(await text(opened.stream), keys);
      if (!rewritten || rewritten.entries.length === 0) continue;
      shards.push({ key, day, ...rewritten });
      versions.set(key, await eraser.versions(key));
    }
  }
  const locked = [...versions].flatMap(([key, all]) =>
    all.flatMap((one) => (one.locked ? [`${key}: ${one.locked}`] : [])),
  );
  if (locked.length > 0) throw lockedFailure(locked);
  return { files, versions, shards };
}

function daysOf({ start, end }: LocatedMedia): string[] {
  const days: string[] = [];
  for (let day = Math.floor(start / DAY); day === Math.floor(start / DAY) || day * DAY < end; day++)
    days.push(dayOf(day * DAY));
  return days;
}

/** A shard in which the entries of `keys` are tombstones. */
function rewrite(shard: string, keys: ReadonlySet<string>) {
  const entries: { n: number; hash: string }[] = [];
  const lines = shard.split('\n').map((line) => {
    if (line === '') return line;
    const entry = parsed(line);
    if (typeof entry?.key !== 'string' || !keys.has(entry.key)) return line;
    entries.push({ n: entry.n as number, hash: entryHash(line) });
    return tombstone(line);
  });
  return { text: lines.join('\n'), entries };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    // Not ours to judge here: verify names it.
    return undefined;
  }
}

export interface Erasing {
  by: string;
  reason: string;
  now: number;
  /** Signs the receipts: only the recorder can. */
  identity?: Identity;
}

/**
 * Erases what was planned. Media go first: whoever is interrupted finds them listed still, and does it again. Resolves to the keys of
 * the receipts.
 */
export async function carryOut(
  { eraser, site, camera }: EraseOptions,
  plan: ErasePlan,
  erasing: Erasing,
): Promise<string[]> {
  const shardKeys = new Set(plan.shards.map(({ key }) => key));
  for (const [key, versions] of plan.versions) if (!shardKeys.has(key)) await eraser.erase(key, versions);
  const receipts: string[] = [];
  for (const day of new Set(plan.shards.map((shard) => shard.day))) {
    const entries = plan.shards.filter((shard) => shard.day === day).flatMap((shard) => shard.entries);
    const receipt = {
      ...{ version: 1 as const, site, camera, day, erasedAt: new Date(erasing.now).toISOString() },
      ...{ by: erasing.by, reason: erasing.reason, entries },
    };
    const key = indexFolder(site, camera, day) + receiptName(erasing.now);
    // Before the tombstones it is for: there is never one without.
    await eraser.replace(key, writeReceipt(receipt, erasing.identity));
    receipts.push(key);
  }
  for (const { key, text: rewritten } of plan.shards) {
    await eraser.replace(key, rewritten);
    // In a store of one version, it is replaced already.
    const old = plan.versions.get(key)!.filter(({ id }) => id !== undefined && id !== 'null');
    await eraser.erase(key, old);
  }
  return receipts;
}

function lockedFailure(locked: readonly string[]): Failure {
  const more = locked.length > 3 ? `, and ${locked.length - 3} more` : '';
  return new Failure(`Nothing was erased: ${locked.slice(0, 3).join('; ')}${more}`, {
    kind: 'permanent',
    code: 'locked',
    hint: 'A legal hold must be lifted first; what is locked can be erased once its time is over.',
  });
}
