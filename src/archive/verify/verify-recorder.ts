import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Ledger } from '../../ledger/ledger.js';
import { compareMedia } from './compare-media.js';
import type { Expected, Verified } from './findings.js';

/** What can be said of a store that is written to and not read: names and sizes. */
export interface Listable {
  readonly name: string;
  list(folder: string): AsyncIterable<{ key: string; bytes: number }>;
}

/** Holds one folder of a store that may not be read against what this recorder delivered there. */
export async function verifyListing(
  store: Listable,
  folder: string,
  delivered: readonly Expected[],
  isKnown: (key: string) => boolean,
  into: Verified,
): Promise<void> {
  const stored = new Map<string, { bytes: number }>();
  for await (const object of store.list(folder)) stored.set(object.key, object);
  await compareMedia(store.name, stored, delivered, async () => undefined, into);
  for (const key of stored.keys()) {
    if (isKnown(key)) continue;
    into.findings.push({ kind: 'unindexed', where: store.name, key, message: `${key} is unknown to this recorder` });
  }
}

/** The same for a day's folder of the index. Where something was erased on purpose, shards have another size than when they were delivered. */
export async function verifyIndexListing(
  store: Listable,
  folder: string,
  delivered: readonly Expected[],
  into: Verified,
): Promise<void> {
  if (delivered.length === 0) return;
  const stored = new Map<string, { bytes: number }>();
  for await (const object of store.list(folder)) stored.set(object.key, object);
  const isErased = [...stored.keys()].some((key) => /\/erased-\d+\.json$/.test(key));
  const expected = delivered.map((one) => ({ ...one, bytes: (isErased && stored.get(one.key)?.bytes) || one.bytes }));
  await compareMedia(store.name, stored, expected, async () => undefined, into);
}

/** How many names of the ledger are held at once (invariant I8). */
const PAGE = 500;

/**
 * Holds the recorder's disk against its ledger: what is to be there is, whole. `folders` are looked through in order; with
 * `checksum` each file is read.
 */
export async function verifyDisk(
  ledger: Ledger,
  folders: readonly string[],
  checksum: boolean,
  concerns: (key: string) => boolean,
  into: Verified,
): Promise<void> {
  for (let after = 0; ; ) {
    const page = ledger.files.expectedNames(after, PAGE);
    for (const { id } of page) {
      const file = ledger.files.byId(id);
      if (file?.state === 'ready' && concerns(file.key)) await verifyOnDisk(file, file.name, folders, checksum, into);
    }
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

async function verifyOnDisk(
  file: Expected,
  name: string,
  folders: readonly string[],
  checksum: boolean,
  into: Verified,
) {
  const paths = folders.map((folder) => join(folder, name));
  const sizes = await Promise.all(paths.map(sizeOf));
  const at = sizes.findIndex((size) => size !== undefined);
  const stored = new Map(at < 0 ? [] : [[file.key, { bytes: sizes[at]! }]]);
  const look = async () => {
    if (!checksum) return undefined;
    const hash = createHash('sha256');
    await pipeline(createReadStream(paths[at]!), hash);
    into.readBytes += file.bytes;
    const found = hash.digest('hex');
    return found === file.sha256 ? undefined : `its SHA-256 is ${found}, not ${file.sha256}`;
  };
  await compareMedia('disk', stored, [file], look, into);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
