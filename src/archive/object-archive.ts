import { buffer } from 'node:stream/consumers';
import type { ObjectReader, StoredObject } from '../../lib/objects/object-reader.js';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { type Entry, indexFolder, isMedia, isName } from '../segment.js';
import { byStart, dayBounds, entryId, touches } from './day.js';
import { cutAbsences, isAbsence } from './gap-cuts.js';
import { together } from './same-file.js';
import { parseShard, type ShardProblem } from './shard.js';
import { ShardCache } from './shard-cache.js';

export interface ObjectArchiveOptions {
  /** Where `{site}/…` lies: a bucket or a folder. */
  reader: ObjectReader;
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

/** An archive in a bucket or a folder. A day costs one listing and its own shards, whatever else the archive holds. */
export class ObjectArchive implements ArchiveSource {
  readonly #options: ObjectArchiveOptions;
  readonly #cache = new ShardCache();

  constructor(options: ObjectArchiveOptions) {
    this.#options = options;
  }

  async cameras(): Promise<string[]> {
    return (await this.#options.reader.names(`${this.#options.site}/index`)).filter(isName).sort();
  }

  async days(camera: string, month?: string): Promise<string[]> {
    if (!isName(camera) || (month !== undefined && !/^\d{4}-\d\d$/.test(month))) return [];
    const { reader, site } = this.#options;
    const months = month === undefined ? await this.#months(camera) : [month];
    const days: string[] = [];
    for (let at = 0; at < months.length; at += AT_ONCE) {
      const some = months.slice(at, at + AT_ONCE);
      const found = some.map(async (one) => {
        const names = await reader.names(`${site}/index/${camera}/${one.replace('-', '/')}`);
        return names.map((day) => `${one}-${day}`);
      });
      days.push(...(await Promise.all(found)).flat());
    }
    return days.filter((day) => dayBounds(day)).sort();
  }

  async periods(camera: string, year?: string): Promise<string[]> {
    if (!isName(camera) || (year !== undefined && !/^\d{4}$/.test(year))) return [];
    const { reader, site } = this.#options;
    const folder = `${site}/index/${camera}`;
    if (year === undefined) return (await reader.names(folder)).filter((name) => /^\d{4}$/.test(name)).sort();
    const months = (await reader.names(`${folder}/${year}`)).filter((name) => /^(?:0[1-9]|1[0-2])$/.test(name));
    return months.map((month) => `${year}-${month}`).sort();
  }

  async #months(camera: string): Promise<string[]> {
    const years = await this.periods(camera);
    return (await Promise.all(years.map((year) => this.periods(camera, year)))).flat();
  }

  async entries(camera: string, day: string): Promise<LocatedEntry[]> {
    const bounds = dayBounds(day);
    if (!bounds || !isName(camera)) return [];
    const shards = await this.shards(camera, day);
    const found = new Map<string, Entry>();
    for (let at = 0; at < shards.length; at += AT_ONCE) {
      const read = await Promise.all(shards.slice(at, at + AT_ONCE).map((shard) => this.#shard(shard, camera)));
      for (const entry of read.flat()) if (touches(entry, bounds)) note(found, entry);
    }
    return located([...found.values()]);
  }

  async open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    const { reader, site } = this.#options;
    return key.startsWith(`${site}/`) ? await reader.open(key, range) : undefined;
  }

  foresee(key: string, seconds: number): void {
    const { reader, site } = this.#options;
    if (key.startsWith(`${site}/`)) reader.foresee?.(key, seconds);
  }

  async link(key: string): Promise<string | undefined> {
    const { reader, site } = this.#options;
    return key.startsWith(`${site}/`) ? await reader.link?.(key) : undefined;
  }

  /** Costs a listing of the day's media, which `entries` does not need. */
  async frozen(camera: string, day: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    if (!dayBounds(day) || !isName(camera)) return found;
    const { reader, site } = this.#options;
    for await (const object of reader.list(`${site}/${camera}/${day.replaceAll('-', '/')}/`)) {
      if (object.frozen !== undefined) found.set(object.key, object.frozen);
    }
    return found;
  }

  /** The shards of a camera's day, in no particular order. */
  async shards(camera: string, day: string): Promise<StoredObject[]> {
    const folder = indexFolder(this.#options.site, camera, day);
    const found: StoredObject[] = [];
    for await (const object of this.#options.reader.list(folder)) {
      if (SHARD.test(object.key.slice(folder.length))) found.push(object);
    }
    return found;
  }

  async #shard({ key, bytes, version }: StoredObject, camera: string): Promise<Entry[]> {
    const cached = this.#cache.get(key, version);
    if (cached) return cached;
    const entries = bytes > LARGEST_SHARD ? this.#tooLarge(key) : await this.#read(key, camera);
    this.#cache.set(key, version, entries);
    return entries;
  }

  /** A shard that is gone again is as one that never was: its transfer was cut off, and it comes again. */
  async #read(key: string, camera: string): Promise<Entry[]> {
    const opened = await this.#options.reader.open(key);
    return opened ? this.#parse(key, camera, (await buffer(opened.stream)).toString('utf8')) : [];
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

/** A file that is listed again is told of once. */
function note(found: Map<string, Entry>, entry: Entry): void {
  const earlier = found.get(entryId(entry));
  found.set(entryId(entry), isMedia(entry) && earlier && isMedia(earlier) ? together(earlier, entry) : entry);
}

function located(entries: readonly Entry[]): LocatedEntry[] {
  const media = entries.filter(isMedia);
  const absences = cutAbsences(entries.filter(isAbsence), media);
  const steps = entries.filter((entry) => entry.type === 'clock');
  return [...media.map((entry) => ({ ...entry, uploaded: true })), ...absences, ...steps].sort(byStart);
}
