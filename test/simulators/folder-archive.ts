import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CHAIN_START } from '../../src/archive/chain.js';
import { FolderArchive } from '../../src/archive/folder-archive.js';
import { buildShards, type ChainState } from '../../src/archive/listing.js';
import type { ShardProblem } from '../../src/archive/shard.js';
import type { Entry } from '../../src/segment.js';

/** An archive folder of the site `home`, filled the way the recorder fills it. */
export class ArchiveFolder {
  readonly problems: ShardProblem[] = [];
  readonly source: FolderArchive;
  readonly #chains = new Map<string, ChainState>();

  private constructor(readonly root: string) {
    this.source = new FolderArchive({ root, site: 'home', onProblem: (problem) => this.problems.push(problem) });
  }

  static async create(): Promise<ArchiveFolder> {
    return new ArchiveFolder(await mkdtemp(join(tmpdir(), 'archive-')));
  }

  async add(entries: readonly Entry[]): Promise<void> {
    for (const camera of new Set(entries.map((entry) => entry.camera))) {
      const own = entries.filter((entry) => entry.camera === camera);
      const from = this.#chains.get(camera) ?? { n: 0, prev: CHAIN_START, shard: 0 };
      const { shards, chain } = buildShards('home', camera, own, from);
      this.#chains.set(camera, chain);
      for (const { key, text } of shards) await this.write(key, text);
    }
    for (const entry of entries) if (entry.type !== 'gap') await this.write(entry.key, entry.key);
  }

  async write(key: string, data: string): Promise<void> {
    await mkdir(dirname(join(this.root, key)), { recursive: true });
    await writeFile(join(this.root, key), data);
  }

  dispose(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}
