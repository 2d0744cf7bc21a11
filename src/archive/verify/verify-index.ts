import { createHash } from 'node:crypto';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import { verifyChain } from '../chain.js';
import { shardLines } from '../shard.js';
import { compareMedia, type LookCloser } from './compare-media.js';
import type { ExpectedIndex, Verified } from './findings.js';
import type { DayShard } from './verify-day.js';

/** A line that was erased on purpose; whether a receipt says so is looked at elsewhere (`checkErasures`). */
const TOMBSTONE = /^\{"n":\d+,"prev":"[0-9a-f]{64}","type":"erased",/m;

/**
 * Holds a day's shards and signatures against what this recorder delivered. Shards were read already, and so their bytes are
 * compared always; of signatures, as closely as `look` does.
 */
export async function verifyIndexFiles(
  reader: ObjectReader,
  delivered: readonly ExpectedIndex[],
  shards: readonly DayShard[],
  look: LookCloser,
  into: Verified,
): Promise<void> {
  const texts = new Map(shards.map(({ key, text }) => [key, text]));
  for (const one of delivered) {
    const text = texts.get(one.key);
    const stored = text === undefined ? await reader.stat(one.key) : { bytes: Buffer.byteLength(text) };
    if (text !== undefined && TOMBSTONE.test(text)) {
      into.checked++;
      if (isAsErased(one, text)) continue;
      const message = `${one.key}: beside what was erased, it is not what was delivered`;
      into.findings.push({ kind: 'altered', where: reader.name, key: one.key, message });
      continue;
    }
    const closer: LookCloser = async (expected, found) =>
      text === undefined ? await look(expected, found) : differs(expected.sha256, text);
    await compareMedia(reader.name, new Map(stored && [[one.key, stored]]), [one], closer, into);
  }
}

/** Erasing leaves the hash of each line (docs/archive-format.md §5): the chain still ends as the ledger knows it. */
function isAsErased({ key, shard }: ExpectedIndex, text: string): boolean {
  if (!shard) return false;
  const { first, last, head } = shard;
  return verifyChain(shardLines(key, text), { first, head: { n: last, hash: head } }).length === 0;
}

function differs(sha256: string, text: string): string | undefined {
  const found = createHash('sha256').update(text).digest('hex');
  return found === sha256 ? undefined : `its SHA-256 is ${found}, not ${sha256}`;
}
