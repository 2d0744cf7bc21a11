import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { renameDurably } from '../../lib/files.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { suffices } from '../../lib/remote/remote.js';
import { archiveReader, remoteReader } from '../archive/reader.js';
import { type Finding, nothingYet } from '../archive/verify/findings.js';
import { lookCloser } from '../archive/verify/look-closer.js';
import type { Config } from '../config/schema.js';
import type { FileRow } from '../ledger/files.js';
import type { Ledger } from '../ledger/ledger.js';
import { ADOPTED } from '../segment.js';
import { type SpoolLayout, spoolLayout } from '../spool/layout.js';
import { holds } from '../spool/recover.js';
import { neededProof } from '../upload/connect.js';

export interface RepairContext {
  config: Config;
  ledger: Ledger;
  clock: Clock;
  signal: AbortSignal;
}

/** What became of each difference, by key. */
export interface Repaired {
  /** On their way to the remote again. */
  requeued: { key: string; remote: string }[];
  /** Deliveries that count as verified from now on, because the store could be read. */
  proven: { key: string; remote: string }[];
  /** Differences that this recorder can do nothing about. */
  beyondRepair: { key: string; where: string; reason: string }[];
}

const MENDABLE = new Set<Finding['kind']>(['missing', 'truncated', 'altered']);
const PAGE = 500;
const NO_COPY = 'this disk has no whole copy any more';

/**
 * Sends again what a remote lost or damaged, as long as this disk has it whole: read and compared with its hash before. What
 * lies at the key is never replaced where the remote forbids it; then the file gets another key. `written` says which
 * remotes fill the place a difference was found at. The recorder may run meanwhile: its next rescan takes the files up.
 */
export async function repair(
  context: RepairContext,
  findings: readonly Finding[],
  written: (where: string) => readonly string[],
): Promise<Repaired> {
  const result: Repaired = { requeued: [], proven: [], beyondRepair: [] };
  const layout = spoolLayout(context.config.storage.dir);
  for (const finding of findings) {
    const { kind, where, key } = finding;
    if (!MENDABLE.has(kind) || key === undefined) continue;
    context.signal.throwIfAborted();
    const reason = await requeue(context, layout, { ...finding, key }, written(where), result);
    if (reason !== undefined) result.beyondRepair.push({ key, where, reason });
  }
  for (const remote of Object.keys(context.config.remotes)) await proveUnproven(context, remote, result);
  return result;
}

/** Why it cannot be sent again; undefined where it is going to be. */
async function requeue(
  { ledger }: RepairContext,
  layout: SpoolLayout,
  finding: Finding & { key: string },
  remotes: readonly string[],
  result: Repaired,
): Promise<string | undefined> {
  const { key } = finding;
  const file = ledger.files.byKey(key);
  if (!file) return 'this recorder does not know it';
  if (remotes.length === 0) return 'it is this disk that lost it';
  const aside = await wholeAside(layout, file);
  if (aside === undefined && !(await isWhole(layout, file))) return NO_COPY;
  const doubt = doubtOf(file, finding);
  if (doubt !== undefined) return doubt;
  if (aside !== undefined) {
    // The next rescan takes it in, and all who have not got it whole are owed it.
    await renameDurably(aside, join(layout.ready, file.name));
    result.requeued.push(...remotes.map((remote) => ({ key, remote })));
    return undefined;
  }
  for (const remote of remotes) {
    const isOwed = ledger.transaction(() => ledger.deliveries.again(file.id, remote));
    if (isOwed) result.requeued.push({ key, remote });
  }
  // Retention was quicker.
  if (ledger.files.byId(file.id)?.state === 'removed') return NO_COPY;
  // Back among those that wait. Whoever was killed before this, or a rescan that came between, leaves it to the next rescan.
  const sent = join(layout.sent, file.name);
  if (existsSync(sent)) await renameDurably(sent, join(layout.ready, file.name));
  return undefined;
}

/** Why the copy here may be the damaged one. Of a file that was adopted after the ledger was lost, only the index can say what it was. */
function doubtOf({ source, sha256 }: FileRow, { kind, expected }: Finding): string | undefined {
  if (source !== ADOPTED) return undefined;
  const here = `this disk's copy was taken back after the ledger was lost, with SHA-256 ${sha256}`;
  if (expected && expected.source !== ADOPTED)
    return expected.sha256 === sha256 ? undefined : `${here}; it was recorded with ${expected.sha256}`;
  // Nobody knows which of the two is the one that was recorded.
  return kind === 'missing' ? undefined : `${here}, which nothing vouches for; what lies there is not replaced by it`;
}

async function isWhole({ ready, sent }: SpoolLayout, file: FileRow): Promise<boolean> {
  for (const folder of [ready, sent]) if (await holds(join(folder, file.name), file)) return true;
  return false;
}

/** Where a file that was set aside as damaged is whole after all: it was misread then, or has been mended since. */
async function wholeAside({ quarantine, ready }: SpoolLayout, file: FileRow): Promise<string | undefined> {
  if ((file.state !== 'lost' && file.state !== 'removed') || existsSync(join(ready, file.name))) return undefined;
  const names = await readdir(quarantine);
  for (const name of names.filter((one) => one.endsWith(`-${file.name}`))) {
    if (await holds(join(quarantine, name), file)) return join(quarantine, name);
  }
  return undefined;
}

/** What a remote took without proof, held against the store where that can be read. */
async function proveUnproven(context: RepairContext, remote: string, result: Repaired): Promise<void> {
  const { config, ledger, clock, signal } = context;
  if (ledger.deliveries.unprovenCount(remote) === 0) return;
  const settings = config.remotes[remote]!;
  const reader = (await remoteReader(settings)) ?? (await archiveOf(config, remote));
  if (!reader) return;
  const proof = suffices('size', neededProof(settings)) ? 'size' : 'checksum';
  try {
    for (let after = 0; ; ) {
      const page = ledger.deliveries.unprovenFiles(remote, after, PAGE);
      for (const file of page) {
        signal.throwIfAborted();
        if (!(await isThere(reader, file, proof === 'checksum'))) continue;
        const isProven = ledger.transaction(() => {
          if (!ledger.deliveries.isStill('unproven', file, remote)) return false;
          ledger.deliveries.verified(file.id, remote, clock.now(), 'read', proof);
          if (ledger.deliveries.outstanding(file.id).length === 0)
            ledger.files.verified(file.id, clock.now(), undefined);
          return true;
        });
        if (isProven) result.proven.push({ key: file.key, remote });
      }
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  } finally {
    reader.close();
  }
}

/** The archive, where there can be no doubt that it is this remote that fills it. */
async function archiveOf(config: Config, remote: string): Promise<ObjectReader | undefined> {
  const reader = config.archive && (await archiveReader(config.archive));
  const { certain, writers } = reader ? await archiveWriters(config, reader.name) : NOBODY;
  if (certain && writers.includes(remote)) return reader;
  reader?.close();
  return undefined;
}

/** Remotes of which an archive shows what lies there; `certain`: each of them, and not perhaps one of them. */
interface Writers {
  writers: readonly string[];
  certain: boolean;
}

const NOBODY: Writers = { writers: [], certain: false };

/** What fills the configured archive: the remotes named there, or the one that is the same place, else any that cannot be read. */
export async function archiveWriters({ remotes, archive: place }: Config, archive: string): Promise<Writers> {
  if (place?.remotes) return { writers: place.remotes, certain: true };
  const same = await sameStore(remotes, archive);
  if (same !== undefined) return { writers: [same], certain: true };
  const writers = Object.entries(remotes).flatMap(([name, { type }]) =>
    type === 'folder' || type === 's3' ? [] : [name],
  );
  return { writers, certain: writers.length === 1 };
}

/** The remote that can be read, and is the store of that name. */
export async function sameStore(remotes: Config['remotes'], store: string): Promise<string | undefined> {
  for (const [name, settings] of Object.entries(remotes)) {
    const reader = await remoteReader(settings);
    reader?.close();
    if (reader?.name === store) return name;
  }
  return undefined;
}

async function isThere(reader: ObjectReader, file: FileRow, checksum: boolean): Promise<boolean> {
  const found = await reader.stat(file.key);
  if (found?.bytes !== file.bytes) return false;
  // Frozen objects cannot be read, and so prove nothing beyond their size.
  if (checksum && found.frozen) return false;
  return (await lookCloser(reader, { checksum, download: 0 }, Math.random)(file, nothingYet())) === undefined;
}

export function repairLines({ requeued, proven, beyondRepair }: Repaired): string[] {
  const count = (list: readonly unknown[]) => (list.length === 1 ? 'One file' : `${list.length} files`);
  return [
    ...beyondRepair.map(({ key, reason }) => `${key} cannot be sent again: ${reason}`),
    ...(requeued.length > 0 ? [`${count(requeued)} will be sent again; verify once more when they have arrived.`] : []),
    ...(proven.length > 0
      ? [`${count(proven)} that a remote had taken without proof is there, and counts as delivered.`]
      : []),
    ...(requeued.length + proven.length + beyondRepair.length === 0 ? ['There was nothing to repair.'] : []),
  ];
}
