import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../lib/clock.js';
import { Failure } from '../../../lib/errors.js';
import { writeFileDurably } from '../../../lib/files.js';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import { type ArchiveSource, type LocatedEntry, nearestDays } from '../../archive-source.js';
import { fetchMedia } from '../fetch-media.js';
import { type Identity, identityFingerprint } from '../signature.js';
import { entriesIn, isSegment, type LocatedMedia } from '../span-entries.js';
import { account } from '../timeline.js';
import { copyEvidence } from './evidence.js';
import type { ExportManifest, ManifestSignature } from './manifest.js';
import { verifierPage } from './verifier-page.js';
import { writeClips } from './write-clips.js';

export interface ExportOptions {
  archive: ArchiveSource;
  /** Where the index lies, to copy what proves the footage; without, only the manifest vouches for it. */
  reader?: ObjectReader;
  site: string;
  camera: string;
  /** UTC ms; `end` is exclusive. */
  start: number;
  end: number;
  /** The recorded files as well, whole. */
  originals: boolean;
  /** A folder that does not exist yet, or is an unfinished export of the same. */
  directory: string;
  program: string;
  /** Signs the manifest: only the recorder can. */
  identity?: Identity;
  clock: Clock;
  /** Told of each step, and of bytes as they come. */
  onStep?: (what: string, bytes: number) => void;
  signal: AbortSignal;
}

/**
 * One film of what a camera saw in a span, cut without touching a picture, and everything it takes to prove where it comes from.
 * Rejects with `nothing-found`, `unknown-key`, `frozen`, `hash-mismatch` (a recorded file is not what the index lists), or as the archive
 * does; a folder without `manifest.json` is unfinished.
 */
export async function makeExport(options: ExportOptions): Promise<ExportManifest> {
  const { archive, camera, start, end, directory, signal } = options;
  const entries = await entriesIn(archive, camera, { start, end });
  const segments = chosen(entries.filter(isSegment), { start, end });
  if (segments.length === 0) throw nothing(camera);
  await mkdir(directory, { recursive: true });
  const { clips, uncut } = await writeClips({ ...options, segments });
  const kept = options.originals ? segments : segments.filter(({ key }) => uncut.includes(key));
  const files = new Map<string, string>();
  for (const segment of kept) files.set(segment.key, await fetchOriginal(options, segment));
  const { index, shards } = options.reader
    ? await copyEvidence(options.reader, { ...options, segments, directory, signal })
    : { index: [], shards: new Map<string, string>() };
  const iso = (time: number) => new Date(time).toISOString();
  const spans = (list: readonly { start: number; end: number }[]) =>
    list.map((one) => ({ from: iso(one.start), to: iso(one.end) }));
  const { gaps, before, after, unaccounted } = await missingTime(options, entries);
  const manifest: ExportManifest = {
    version: 1,
    program: options.program,
    ...(options.identity && { signer: identityFingerprint(options.identity.publicKey) }),
    createdAt: iso(options.clock.now()),
    ...{ site: options.site, camera, asked: { from: iso(start), to: iso(end) }, clips },
    sources: segments.map(({ key, bytes, sha256 }) => ({
      ...{ key, bytes, sha256, file: files.get(key), shard: shards.get(key) },
    })),
    index,
    gaps: gaps.map((gap) => ({ from: iso(gap.start), to: iso(gap.end), cause: gap.cause })),
    ...(before.length > 0 && { before: spans(before) }),
    ...(after.length > 0 && { after: spans(after) }),
    unaccounted: spans(unaccounted),
    uncut,
  };
  await writeFileDurably(join(directory, 'verify.html'), verifierPage());
  await writeManifest(directory, manifest, options.identity);
  return manifest;
}

/** What of the span is not recorded, and whether anything tells why. */
async function missingTime({ archive, camera, start, end, clock }: ExportOptions, entries: LocatedEntry[]) {
  const gaps = entries.filter((entry) => entry.type === 'gap');
  const range = { start, end: Math.min(end, clock.now()) };
  const { unaccounted } = account(entries, range, offTimes(entries));
  if (unaccounted.length === 0) return { gaps, before: [], after: [], unaccounted };
  const [first, last] = [await firstMoment(archive, camera), await lastMoment(archive, camera)];
  const part = (from: number, to: number) =>
    unaccounted
      .map((one) => ({ start: Math.max(one.start, from), end: Math.min(one.end, to) }))
      .filter((one) => one.end > one.start);
  return {
    gaps,
    before: part(Number.NEGATIVE_INFINITY, first),
    after: part(last, Number.POSITIVE_INFINITY),
    unaccounted: part(first, last),
  };
}

/** When the first entry of the camera begins. */
async function firstMoment(archive: ArchiveSource, camera: string): Promise<number> {
  for await (const { day } of nearestDays(archive, [camera], { by: 1 })) {
    const entries = await archive.entries(camera, day);
    if (entries.length > 0) return Math.min(...entries.map((entry) => entry.start));
  }
  return Number.NEGATIVE_INFINITY;
}

/** When the last entry of the camera ends. */
async function lastMoment(archive: ArchiveSource, camera: string): Promise<number> {
  for await (const { day } of nearestDays(archive, [camera], { by: -1 })) {
    const entries = await archive.entries(camera, day);
    if (entries.length > 0) return Math.max(...entries.map((entry) => entry.end));
  }
  return Number.POSITIVE_INFINITY;
}

/** Files of one moment are several where a camera records motion beside all the time: the longest is taken. */
function chosen(segments: readonly LocatedMedia[], span: { start: number; end: number }): LocatedMedia[] {
  const found: LocatedMedia[] = [];
  let covered = Number.NEGATIVE_INFINITY;
  for (const segment of [...segments].sort((a, b) => a.start - b.start || b.end - a.end)) {
    if (segment.end <= covered || segment.start >= span.end || segment.end <= span.start) continue;
    found.push(segment);
    covered = segment.end;
  }
  return found;
}

/** Entries of times at which nothing was to be recorded, of whatever version knows them. */
function offTimes(entries: readonly LocatedEntry[]) {
  return entries.filter((entry) => (entry.type as string) === 'off');
}

async function fetchOriginal(options: ExportOptions, segment: LocatedMedia): Promise<string> {
  const file = `originals/${segment.key.split('/').at(-1)}`;
  const onBytes = (done: number) => options.onStep?.(file, done);
  await fetchMedia(options.archive, segment, join(options.directory, file), onBytes, options.signal);
  return file;
}

/** Last of all: what has a manifest is complete. */
async function writeManifest(
  directory: string,
  manifest: ExportManifest,
  identity: Identity | undefined,
): Promise<void> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  if (identity) {
    const signature = Buffer.from(identity.sign(Buffer.from(text))).toString('base64');
    const signed: ManifestSignature = { publicKey: identity.publicKey, signature };
    await writeFileDurably(join(directory, 'manifest.sig.json'), `${JSON.stringify(signed)}\n`);
  }
  await writeFileDurably(join(directory, 'manifest.json'), text);
}

function nothing(camera: string): Failure {
  return new Failure(`There is no footage of ${camera} in that time.`, {
    kind: 'permanent',
    code: 'nothing-found',
    hint: '`nvr-uplink ls --camera NAME --from … --to …` shows what there is, and gaps with their cause.',
  });
}
