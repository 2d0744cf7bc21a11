import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { type Entry, indexFolder, isName } from '../segment.js';
import { namesBelow, openBelow } from './archive-path.js';
import { byStart, dayBounds, entryId, touches } from './day.js';
import { cutGaps } from './gap-cuts.js';
import { openMedia } from './open-media.js';
import { parseShard, type ShardProblem } from './shard.js';
import { ShardCache } from './shard-cache.js';

export interface FolderArchiveOptions {
  /** The folder that holds `{site}/…`. It need not exist yet. */
  root: string;
  /** Only this site's footage can be reached. */
  site: string;
  /** Told of each unreadable line or shard, each time it is read. The rest of the day is shown all the same. */
  onProblem: (problem: ShardProblem) => void;
}

const SHARD = /^(?<hour>[01]\d|2[0-3])-(?<number>\d{6,})\.ndjson$/;
/** A batch of the writer is half a megabyte; more than this was not written by one. */
const LARGEST_SHARD = 64_000_000;
/** Files open at once while a day is read. */
const AT_ONCE = 16;

/** An archive kept in a folder. A day costs one listing and its own shards, whatever else the archive holds. */
export class FolderArchive implements ArchiveSource {
  readonly #options: FolderArchiveOptions;
  readonly #cache = new ShardCache();

  constructor(options: FolderArchiveOptions) {
    this.#options = options;
  }

  async cameras(): Promise<string[]> {
    return (await this.#names(`${this.#options.site}/index`)).filter(isName).sort();
  }

  async days(camera: string): Promise<string[]> {
    if (!isName(camera)) return [];
    const top = `${this.#options.site}/index/${camera}`;
    const days: string[] = [];
    for (const year of await this.#names(top)) {
      for (const month of await this.#names(`${top}/${year}`)) {
        for (const day of await this.#names(`${top}/${year}/${month}`)) days.push(`${year}-${month}-${day}`);
      }
    }
    return days.filter((day) => dayBounds(day)).sort();
  }

  async entries(camera: string, day: string): Promise<LocatedEntry[]> {
    const bounds = dayBounds(day);
    if (!bounds || !isName(camera)) return [];
    const folder = indexFolder(this.#options.site, camera, day);
    const shards = (await this.#names(folder.slice(0, -1))).filter((name) => SHARD.test(name));
    const found = new Map<string, Entry>();
    for (let at = 0; at < shards.length; at += AT_ONCE) {
      const read = await Promise.all(shards.slice(at, at + AT_ONCE).map((name) => this.#shard(folder + name, camera)));
      for (const entry of read.flat()) if (touches(entry, bounds)) found.set(entryId(entry), entry);
    }
    return located([...found.values()]);
  }

  async open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    const { root, site } = this.#options;
    const handle = key.startsWith(`${site}/`) ? await openBelow(root, key) : undefined;
    return handle && openMedia(handle, range);
  }

  #names(folder: string): Promise<string[]> {
    return namesBelow(this.#options.root, folder);
  }

  async #shard(key: string, camera: string): Promise<Entry[]> {
    const handle = await openBelow(this.#options.root, key);
    if (!handle) return [];
    try {
      const { size, mtimeMs, ino } = await handle.stat();
      const version = `${size} ${mtimeMs} ${ino}`;
      const cached = this.#cache.get(key, version);
      if (cached) return cached;
      const entries =
        size > LARGEST_SHARD ? this.#tooLarge(key) : this.#parse(key, camera, await handle.readFile('utf8'));
      this.#cache.set(key, version, entries);
      return entries;
    } finally {
      await handle.close();
    }
  }

  #parse(key: string, camera: string, text: string): Entry[] {
    const { entries, problems } = parseShard(key, text);
    const foreign = entries.filter((entry) => entry.camera !== camera).length;
    if (foreign > 0)
      problems.push({ shard: key, line: 0, message: `${foreign} of its entries belong to another camera` });
    for (const problem of problems) this.#options.onProblem(problem);
    return entries.filter((entry) => entry.camera === camera);
  }

  #tooLarge(key: string): Entry[] {
    this.#options.onProblem({ shard: key, line: 0, message: 'too large to be an index shard' });
    return [];
  }
}

function located(entries: readonly Entry[]): LocatedEntry[] {
  const media = entries.filter((entry) => entry.type !== 'gap');
  const gaps = entries.filter((entry) => entry.type === 'gap');
  return [...media.map((entry) => ({ ...entry, uploaded: true })), ...cutGaps(gaps, media)].sort(byStart);
}
