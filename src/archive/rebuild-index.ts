import { createHash } from 'node:crypto';
import { Failure } from '../../lib/errors.js';
import { describeHeader, type Mp4Description } from '../../lib/mp4/describe.js';
import { readMoov } from '../../lib/mp4/remote-file.js';
import type { ObjectReader, StoredObject } from '../../lib/objects/object-reader.js';
import { isName, type MediaEntry, parseMediaKey } from '../segment.js';
import { CHAIN_START } from './chain.js';
import { buildShards, type ChainState } from './listing.js';
import { ObjectArchive } from './object-archive.js';
import { readMedia } from './read-media.js';
import { parseShard } from './shard.js';

/** What a name says of a file that is none of ours; `start` and `end` are UTC ms. */
export interface ForeignName {
  camera: string;
  start: number;
  end?: number;
}

export interface RebuildOptions {
  reader: ObjectReader;
  site: string;
  /** Reads names of other layouts, below the site. */
  readForeign: (path: string, writtenAt: number) => ForeignName | undefined;
  /** Stores a shard under a key nobody used yet. */
  put: (key: string, text: string) => Promise<void>;
  /** UTC ms. What was written within `pendingMs` before is left alone: a recorder may be about to list it. */
  now: number;
  pendingMs: number;
  /** Told of each file before it is read. */
  onFile?: (key: string, bytes: number) => void;
  signal: AbortSignal;
}

export interface Rebuilt {
  /** Files that had no entry and have one now. */
  listed: number;
  bytes: number;
  shards: number;
  /** Files that were listed already. */
  known: number;
  /** Files that no index lists, and that are too young to be sure that none is going to. */
  young: number;
  /** Objects whose names nobody can read: they are left as they are. */
  unread: string[];
  /** Frozen: their hashes cannot be known before they are thawed. */
  frozen: string[];
}

/** Entries written together: as much as a recorder writes at once. */
const BATCH = 1_000;
const MEDIA = /\.(?:mp4|mkv|avi|dav|mov|jpe?g)$/i;

/**
 * Lists what no index lists: the media of a recorder whose index was lost, or what an NVR uploaded by itself. Every such file is read
 * once, for its hash. What an index lists already stays as it is; each camera's new entries are a chain of their own (§4 of
 * docs/archive-format.md). Without `put` having been called, nothing is changed.
 */
export async function rebuildIndex(options: RebuildOptions): Promise<Rebuilt> {
  const result: Rebuilt = { listed: 0, bytes: 0, shards: 0, known: 0, young: 0, unread: [], frozen: [] };
  for (const [camera, found] of await byCamera(options, result)) {
    const { keys: listed, rebuilt } = await listedKeys(options, camera);
    const unlisted = found.filter(({ object }) => !listed.has(object.key)).sort((a, b) => a.name.start - b.name.start);
    const missing = unlisted.filter(({ object }) => options.now - object.modifiedAt >= options.pendingMs);
    result.known += found.length - unlisted.length;
    result.young += unlisted.length - missing.length;
    // Above whatever numbers were used before, as a recorder that lost its ledger does; never next to a chain an earlier run made.
    const shard = Math.max(Math.floor(options.now / 1_000), rebuilt + 1);
    let chain: ChainState = { n: 0, prev: CHAIN_START, shard };
    for (let at = 0; at < missing.length; at += BATCH) {
      const entries: MediaEntry[] = [];
      for (const one of missing.slice(at, at + BATCH)) {
        const entry = await entryOf(options, camera, one, result);
        if (entry) entries.push(entry);
      }
      const built = buildShards(options.site, camera, entries, chain);
      for (const { key, text } of built.shards) await options.put(key, text);
      chain = built.chain;
      result.shards += built.shards.length;
      result.listed += entries.length;
    }
  }
  return result;
}

interface Found {
  object: StoredObject;
  name: ForeignName & Pick<MediaEntry, 'kind'>;
}

async function byCamera({ reader, site, readForeign, signal }: RebuildOptions, result: Rebuilt) {
  const cameras = new Map<string, Found[]>();
  for await (const object of reader.list(`${site}/`)) {
    signal.throwIfAborted();
    const path = object.key.slice(site.length + 1);
    if (path.startsWith('index/') || !MEDIA.test(path)) continue;
    const own = parseMediaKey(object.key);
    const foreign = own ? undefined : readForeign(path, object.modifiedAt);
    const name = own ?? (foreign && { ...foreign, kind: isPicture(path) ? ('snapshot' as const) : ('inbox' as const) });
    if (!name || !isName(name.camera) || name.camera === 'index') result.unread.push(object.key);
    else cameras.set(name.camera, [...(cameras.get(name.camera) ?? []), { object, name }]);
  }
  return cameras;
}

/** Keys only: a year of a camera is some hundred thousand. `rebuilt` is the highest number this wrote before. */
async function listedKeys({ reader, site }: RebuildOptions, camera: string) {
  const archive = new ObjectArchive({ reader, site, onProblem: () => undefined });
  const keys = new Set<string>();
  let rebuilt = 0;
  for (const day of await archive.days(camera)) {
    for (const { key: shard } of await archive.shards(camera, day)) {
      const opened = await reader.open(shard);
      const chunks: Buffer[] = [];
      for await (const chunk of opened?.stream ?? []) chunks.push(chunk as Buffer);
      for (const entry of parseShard(shard, Buffer.concat(chunks).toString('utf8')).entries) {
        if ('key' in entry) keys.add(entry.key);
        if ('source' in entry && entry.source === 'rebuilt') rebuilt = Math.max(rebuilt, numberOf(shard));
      }
    }
  }
  return { keys, rebuilt };
}

function numberOf(shard: string): number {
  return Number(/-(\d+)\.ndjson$/.exec(shard)?.[1] ?? 0);
}

async function entryOf(
  { reader, onFile }: RebuildOptions,
  camera: string,
  { object: { key, bytes, frozen }, name }: Found,
  result: Rebuilt,
): Promise<MediaEntry | undefined> {
  onFile?.(key, bytes);
  if (frozen !== undefined) {
    result.frozen.push(key);
    return undefined;
  }
  const hash = createHash('sha256');
  const opened = await reader.open(key);
  // Deleted since it was listed.
  if (!opened) return undefined;
  for await (const chunk of opened.stream) hash.update(chunk as Buffer);
  result.bytes += bytes;
  const isStill = isPicture(key);
  const about = isStill ? undefined : await describe(reader, key, bytes);
  const lasting = about && about.durationMs > 0 ? name.start + about.durationMs : undefined;
  const end = isStill ? name.start : (name.end ?? lasting ?? name.start);
  return {
    ...{ type: isStill ? 'snapshot' : 'segment', key, kind: name.kind, camera, start: name.start, end, bytes },
    sha256: hash.digest('hex'),
    ...(about && { codecs: about.codecs, width: about.width, height: about.height }),
    source: 'rebuilt',
  };
}

/** Undefined for what is no MP4, or one that was cut off: it is listed all the same, so that it can be found. */
async function describe(reader: ObjectReader, key: string, bytes: number): Promise<Mp4Description | undefined> {
  try {
    return describeHeader(await readMoov(readMedia(reader, key), bytes), true);
  } catch (error) {
    if (error instanceof Failure && error.code === 'media-unsupported') return undefined;
    throw error;
  }
}

function isPicture(path: string): boolean {
  return /\.jpe?g$/i.test(path);
}
