import { text } from 'node:stream/consumers';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import { RECEIPT, readReceipt } from './receipt.js';
import { erasedIn } from './tombstone.js';

/** One day of a camera: its folder in the index, and its shards. */
export interface ErasedDay {
  folder: string;
  site: string;
  camera: string;
  day: string;
  shards: readonly { key: string; text: string }[];
}

/**
 * Holds the tombstones of a day against the receipts beside them. Whoever may write to the archive could put a tombstone in place of any
 * entry: with `signers`, only receipts those keys signed are believed. Resolves to how many entries were erased, and what is wrong.
 */
export async function checkErasures(
  reader: ObjectReader,
  { folder, site, camera, day, shards }: ErasedDay,
  signers: readonly string[] | undefined,
): Promise<{ erased: number; problems: { key: string; message: string }[] }> {
  const found = shards.flatMap(({ key, text: shard }) =>
    shard.split('\n').flatMap((line) => {
      const entry = erasedIn(line);
      return entry ? [{ key, ...entry }] : [];
    }),
  );
  if (found.length === 0) return { erased: 0, problems: [] };
  const allowed = new Set<string>();
  for (const name of (await reader.names(folder)).filter((one) => RECEIPT.test(one))) {
    const opened = await reader.open(folder + name);
    const receipt = opened && readReceipt(await text(opened.stream));
    const isOfDay = receipt?.site === site && receipt.camera === camera && receipt.day === day;
    if (!receipt || !isOfDay || (signers && !signers.includes(receipt.signer ?? ''))) continue;
    for (const { n, hash } of receipt.entries) allowed.add(`${n} ${hash}`);
  }
  const problems = found
    .filter(({ n, hash }) => !allowed.has(`${n} ${hash}`))
    .map(({ key, n }) => ({
      key,
      message: `${key}: entry ${n} was erased, and no receipt ${signers ? 'signed by the key expected ' : ''}says so`,
    }));
  return { erased: found.length, problems };
}
