import { text } from 'node:stream/consumers';
import type { ObjectReader, StoredObject } from '../../../lib/objects/object-reader.js';
import { type Entry, indexFolder, isMedia, isName, type MediaEntry } from '../../segment.js';
import type { ChainProblem } from '../chain.js';
import { dayBounds } from '../day.js';
import { checkErasures } from '../erase/receipts.js';
import { cutGaps } from '../gap-cuts.js';
import { ObjectArchive } from '../object-archive.js';
import { vouched } from '../same-file.js';
import { parseShard } from '../shard.js';
import { ChainLinks } from './chain-links.js';
import { compareMedia } from './compare-media.js';
import { disputed } from './disputed.js';
import type { Expected, ExpectedIndex, Finding, Verified } from './findings.js';
import { type Depth, lookCloser } from './look-closer.js';
import { signedStatements, withoutPending } from './signed-day.js';
import { ToldTime } from './told-time.js';
import { type DayShard, verifyDay } from './verify-day.js';
import { verifyIndexFiles } from './verify-index.js';

export interface VerifyArchiveOptions {
  reader: ObjectReader;
  site: string;
  /** Only these; all without. */
  cameras?: readonly string[];
  /** `YYYY-MM-DD`; all without. */
  days?: readonly string[];
  depth: Depth;
  /** Fingerprints of the keys to believe, and every day that is over must bear a signature; without, any key, and the report names them. */
  signers?: readonly string[];
  /** UTC ms. What was stored within `pendingMs` before may still be on its way into the index. */
  now: number;
  pendingMs: number;
  /** What this recorder delivered for a camera's day, whether or not the index lists it yet. */
  delivered?: (camera: string, day: string) => Expected[];
  /** Shards and signatures this recorder delivered for a camera's day. */
  deliveredIndex?: (camera: string, day: string) => ExpectedIndex[];
  /** Cameras, and days of one, of which this recorder delivered anything: nothing of them may be left. */
  deliveredOf?: { cameras(): string[]; days(camera: string): string[] };
  /** Numbers of shards that are written and still on their way. */
  pendingShards?: (camera: string) => ReadonlySet<number>;
  /** Something this recorder has or had, in whatever state. */
  isKnown?: (key: string) => boolean;
  /** 0 to 1, for each object. @default Math.random */
  draw?: () => number;
  onDay?: (camera: string, day: string) => void;
  signal: AbortSignal;
}

/** Whole days of an archive against their own index, with nothing else at hand. Costs a few listings a day, and what `depth` asks for. */
export async function verifyArchive(options: VerifyArchiveOptions, into: Verified): Promise<void> {
  const { reader, site } = options;
  const archive = new ObjectArchive({ reader, site, onProblem: () => undefined });
  const cameras = options.cameras ?? union(await camerasOf(reader, site), options.deliveredOf?.cameras() ?? []);
  for (const camera of cameras) {
    const [links, times] = [new ChainLinks(), new ToldTime()];
    const days = options.days ?? (await daysOf(options, archive, camera));
    for (const day of days) {
      options.signal.throwIfAborted();
      options.onDay?.(camera, day);
      await verifyOneDay(options, archive, camera, day, { links, times }, into);
    }
    const pending = options.pendingShards?.(camera) ?? new Set();
    into.findings.push(...links.findings(reader.name, camera, options.days === undefined, pending));
    into.beginnings.push(...links.beginnings(reader.name, camera));
    into.findings.push(...times.findings(reader.name, camera));
  }
}

/** Cameras with an index, and those that lost theirs. */
export async function camerasOf(reader: ObjectReader, site: string): Promise<string[]> {
  const indexed = await reader.names(`${site}/index`);
  const stored = (await reader.names(site)).filter((name) => name !== 'index');
  return union(indexed, stored).filter(isName);
}

async function daysOf({ reader, site, deliveredOf }: VerifyArchiveOptions, archive: ObjectArchive, camera: string) {
  const stored = union(await archive.days(camera), await mediaDays(reader, site, camera));
  return union(stored, deliveredOf?.days(camera) ?? []);
}

async function mediaDays(reader: ObjectReader, site: string, camera: string): Promise<string[]> {
  const days: string[] = [];
  for (const year of await reader.names(`${site}/${camera}`)) {
    for (const month of await reader.names(`${site}/${camera}/${year}`)) {
      for (const day of await reader.names(`${site}/${camera}/${year}/${month}`)) days.push(`${year}-${month}-${day}`);
    }
  }
  return days.filter((day) => dayBounds(day));
}

async function verifyOneDay(
  options: VerifyArchiveOptions,
  archive: ObjectArchive,
  camera: string,
  day: string,
  { links, times }: { links: ChainLinks; times: ToldTime },
  into: Verified,
): Promise<void> {
  const { reader } = options;
  const shards = await readShards(reader, await archive.shards(camera, day));
  const stored = await storedMedia(reader, mediaFolder(options.site, camera, day));
  const delivered = options.delivered?.(camera, day) ?? [];
  const hasAny = shards.length + stored.size + delivered.length > 0;
  for (const shard of shards) links.add(shard);
  const look = lookCloser(reader, { checksum: options.depth.checksum, download: 0 }, () => 1);
  await verifyIndexFiles(reader, options.deliveredIndex?.(camera, day) ?? [], shards, look, into);
  const pending = options.pendingShards?.(camera) ?? new Set();
  const signed = await signedStatements(options, camera, day, hasAny, into);
  if (hasAny || signed.length > 0) into.days.add(day);
  const statements = signed.map((one) => withoutPending(one, pending));
  for (const problem of verifyDay(shards, ...statements))
    into.findings.push(chainFinding(reader.name, camera, problem));
  const entries = shards.flatMap(({ key, text: content }) => {
    const { entries: read, problems } = parseShard(key, content);
    for (const { line, message } of problems) {
      into.findings.push({ kind: 'altered', where: reader.name, camera, key, message: `${key}:${line}: ${message}` });
    }
    return read;
  });
  await verifyMedia(options, camera, day, { entries, delivered, stored }, into);
  const folder = indexFolder(options.site, camera, day);
  const of = { folder, site: options.site, camera, day, shards };
  const { erased, problems } = await checkErasures(reader, of, options.signers);
  into.erased += erased;
  for (const { key, message } of problems)
    into.findings.push({ kind: 'altered', where: reader.name, camera, key, message });
  // What was filled since is listed as it was, and is none any more.
  const footage = entries.filter(({ type }) => type === 'segment');
  into.gaps.push(
    ...cutGaps(
      entries.filter((entry) => entry.type === 'gap'),
      footage,
    ),
  );
  times.add(entries);
}

async function readShards(reader: ObjectReader, objects: readonly StoredObject[]): Promise<DayShard[]> {
  const shards: DayShard[] = [];
  for (const { key } of objects) {
    const opened = await reader.open(key);
    const number = Number(/-(\d+)\.ndjson$/.exec(key)?.[1]);
    if (opened) shards.push({ key, number, text: await text(opened.stream) });
  }
  return shards;
}

function chainFinding(where: string, camera: string, { kind, shard, message }: ChainProblem): Finding {
  return {
    kind: kind === 'removed' ? 'missing' : 'altered',
    where,
    camera,
    key: shard,
    message: `${camera}: ${message}`,
  };
}

function mediaFolder(site: string, camera: string, day: string): string {
  return `${site}/${camera}/${day.replaceAll('-', '/')}/`;
}

async function storedMedia(reader: ObjectReader, folder: string): Promise<Map<string, StoredObject>> {
  const stored = new Map<string, StoredObject>();
  for await (const object of reader.list(folder)) stored.set(object.key, object);
  return stored;
}

/** A file is listed in each day it touches; it is looked for where its key says. */
async function verifyMedia(
  options: VerifyArchiveOptions,
  camera: string,
  day: string,
  {
    entries,
    delivered,
    stored,
  }: { entries: readonly Entry[]; delivered: readonly Expected[]; stored: Map<string, StoredObject> },
  into: Verified,
): Promise<void> {
  const { reader, site, depth, draw = Math.random, now, pendingMs, isKnown = () => false } = options;
  const folder = mediaFolder(site, camera, day);
  const listed: (Expected | MediaEntry)[] = [...entries.filter(isMedia), ...delivered];
  const expected = new Map<string, Expected>();
  for (const one of listed) {
    if (one.key.startsWith(folder)) expected.set(one.key, vouched(expected.get(one.key), one));
    else if (!expected.has(one.key) && startOf(one) >= dayBounds(day)!.start) {
      // Of another layout.
      const object = await reader.stat(one.key);
      if (object) stored.set(one.key, object);
      expected.set(one.key, one);
    }
  }
  await compareMedia(reader.name, stored, expected.values(), lookCloser(reader, depth, draw), into);
  const disputes = listed.map((one) => disputed(reader.name, expected.get(one.key) ?? one, one));
  into.findings.push(...new Map(disputes.flatMap((one) => (one ? [[one.key, one]] : []))).values());
  for (const { key, modifiedAt } of stored.values()) {
    if (expected.has(key) || isKnown(key)) continue;
    if (now - modifiedAt < pendingMs) into.young++;
    else into.findings.push({ kind: 'unindexed', where: reader.name, camera, key, message: `${key} is in no index` });
  }
}

/** What was delivered is listed by the day it starts in. */
function startOf(one: Expected | MediaEntry): number {
  return 'start' in one ? one.start : Number.POSITIVE_INFINITY;
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])].sort();
}
