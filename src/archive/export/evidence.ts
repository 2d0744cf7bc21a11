import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { writeFileDurably } from '../../../lib/files.js';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import { dayOf, indexFolder } from '../../segment.js';
import type { LocatedMedia } from '../span-entries.js';
import type { ExportManifest } from './manifest.js';

export interface EvidenceOptions {
  site: string;
  camera: string;
  segments: readonly LocatedMedia[];
  directory: string;
  signal: AbortSignal;
}

/** Shards read at once. */
const AT_ONCE = 16;

/**
 * Copies what proves the segments: the shards that list them, and the newest signature of each day. `shards` tells for each key which
 * shard lists it. An entry is listed in the shard of the day and hour it starts in (docs/archive-format.md §3).
 */
export async function copyEvidence(
  reader: ObjectReader,
  { site, camera, segments, directory, signal }: EvidenceOptions,
): Promise<{ index: ExportManifest['index']; shards: Map<string, string> }> {
  const hours = new Map<string, Set<string>>();
  for (const { start } of segments) {
    const day = dayOf(start);
    hours.set(day, (hours.get(day) ?? new Set()).add(new Date(start).toISOString().slice(11, 13)));
  }
  const index: ExportManifest['index'] = [];
  const shards = new Map<string, string>();
  const copy = async (key: string, bytes: Buffer) => {
    const file = `index/${key}`;
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFileDurably(join(directory, file), bytes);
    index.push({ file, key, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  };
  for (const [day, inHours] of hours) {
    const folder = indexFolder(site, camera, day);
    const names = (await reader.names(folder)).sort();
    const candidates = names.filter((name) => /^\d\d-\d{6,}\.ndjson$/.test(name) && inHours.has(name.slice(0, 2)));
    for (let at = 0; at < candidates.length; at += AT_ONCE) {
      signal.throwIfAborted();
      const some = candidates.slice(at, at + AT_ONCE).map((name) => folder + name);
      const texts = await Promise.all(some.map((key) => bytesOf(reader, key)));
      for (const [n, key] of some.entries()) {
        const listed = segments.filter((segment) => texts[n]?.includes(`"key":${JSON.stringify(segment.key)}`));
        if (listed.length === 0) continue;
        for (const segment of listed) shards.set(segment.key, key);
        await copy(key, texts[n]!);
      }
    }
    const signature = names.filter((name) => /^signature-\d{6,}\.json$/.test(name)).at(-1);
    const signed = signature && (await bytesOf(reader, folder + signature));
    if (signed) await copy(folder + signature, signed);
  }
  return { index, shards };
}

async function bytesOf(reader: ObjectReader, key: string): Promise<Buffer | undefined> {
  const opened = await reader.open(key);
  return opened && (await buffer(opened.stream));
}
