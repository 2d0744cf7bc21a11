import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import { CHAIN_START } from '../../src/archive/chain.js';
import { buildShards, type ChainState } from '../../src/archive/listing.js';
import { ObjectArchive } from '../../src/archive/object-archive.js';
import type { ShardProblem } from '../../src/archive/shard.js';
import { type Entry, isMedia } from '../../src/segment.js';

/** An archive folder of the site `home`, filled the way the recorder fills it. */
export class ArchiveFolder {
  readonly problems: ShardProblem[] = [];
  readonly source: ObjectArchive;
  readonly add: (entries: readonly Entry[]) => Promise<void>;

  private constructor(readonly root: string) {
    this.source = new ObjectArchive({
      ...{ reader: new FolderReader(root), site: 'home' },
      onProblem: (problem) => this.problems.push(problem),
    });
    this.add = buildArchive((key, data) => this.write(key, data));
  }

  static async create(): Promise<ArchiveFolder> {
    return new ArchiveFolder(await mkdtemp(join(tmpdir(), 'archive-')));
  }

  async write(key: string, data: string): Promise<void> {
    await mkdir(dirname(join(this.root, key)), { recursive: true });
    await writeFile(join(this.root, key), data);
  }

  dispose(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** Puts entries, their media and the shards that list them, in the order they come, the way the recorder does. */
export function buildArchive(put: (key: string, data: string) => Promise<void>) {
  const chains = new Map<string, ChainState>();
  return async (entries: readonly Entry[]): Promise<void> => {
    for (const camera of new Set(entries.map((entry) => entry.camera))) {
      const own = entries.filter((entry) => entry.camera === camera);
      const from = chains.get(camera) ?? { n: 0, prev: CHAIN_START, shard: 0 };
      const { shards, chain } = buildShards('home', camera, own, from);
      chains.set(camera, chain);
      for (const { key, text } of shards) await put(key, text);
    }
    for (const entry of entries) if (isMedia(entry)) await put(entry.key, entry.key);
  };
}
