import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../lib/errors.js';
import { fsyncDirectory } from '../../../lib/files.js';
import type { FileRow } from '../../ledger/files.js';
import type { ErasedSpan } from '../../ledger/gaps.js';
import type { Ledger } from '../../ledger/ledger.js';
import { sheetName } from '../sprites.js';

/** Where a recorder keeps what is of its footage. */
export interface LocalFolders {
  root: string;
  ready: string;
  sent: string;
  quarantine: string;
}

export interface LocalPlan {
  rows: FileRow[];
  /** Every key that goes, also those that are in the archive alone. */
  keys: ReadonlySet<string>;
}

/** What this recorder has of the span. Throws `being-uploaded` where some of it is on its way: it would arrive after it was erased. */
export function planLocal(
  ledger: Ledger,
  _folders: LocalFolders,
  { camera, start, end }: { camera: string; start: number; end: number },
  files: readonly { key: string }[],
): LocalPlan {
  const rows = ledger.files.between(camera, start, end).filter((row) => row.start < end && row.end >= start);
  const waiting = rows.filter((row) => row.state === 'ready' && row.verifiedAt === undefined);
  if (waiting.length > 0) {
    throw new Failure(
      `Nothing was erased: ${waiting.length === 1 ? 'a file of that time is' : `${waiting.length} files of that time are`} still being uploaded`,
      {
        kind: 'transient',
        code: 'being-uploaded',
        hint: 'Wait until `nvr-uplink status` shows no backlog, and try again.',
      },
    );
  }
  return { rows, keys: new Set([...rows.map(({ key }) => key), ...files.map(({ key }) => key)]) };
}

/** Keys of the span of which a damaged copy may lie on a remote: no index lists it. */
export function unlistedKeys(
  ledger: Ledger,
  { camera, start, end }: { camera: string; start: number; end: number },
): string[] {
  const touches = (row: FileRow) => row.camera === camera && row.start < end && row.end >= start;
  return ledger.damages
    .of(undefined)
    .filter(touches)
    .map(({ key }) => key);
}

/** What `Spool.quarantine` puts before a name. */
const ASIDE = /^\d+-\d+-/;

/** Local copies, also those that were set aside, small pictures, and exports that hold any of it; last, what the ledger knows: but that it was erased. */
export async function eraseLocal(
  ledger: Ledger,
  { root, ready, sent, quarantine }: LocalFolders,
  { rows, keys }: LocalPlan,
): Promise<void> {
  for (const { name } of rows) for (const folder of [ready, sent]) await rm(join(folder, name), { force: true });
  const names = new Set(rows.map(({ name }) => name));
  for (const aside of await readdir(quarantine))
    if (names.has(aside.replace(ASIDE, ''))) await rm(join(quarantine, aside), { force: true });
  for (const folder of [ready, sent, quarantine]) await fsyncDirectory(folder);
  for (const key of keys) await rm(join(root, 'sprites', sheetName(key)), { force: true });
  const exports = join(root, 'exports');
  for (const name of await readdir(exports).catch(() => [])) {
    const manifest = await readFile(join(exports, name, 'manifest.json'), 'utf8').catch(() => '');
    if ([...keys].some((key) => manifest.includes(JSON.stringify(key))))
      await rm(join(exports, name), { recursive: true });
  }
  ledger.transaction(() => {
    const spans = erasedSpans(ledger, rows);
    for (const { id } of rows) ledger.files.erase(id);
    for (const span of spans) ledger.gaps.addErased(span);
  });
}

/** Files are cut at key frames: a shorter break than this between two of them is no missing footage, and none once one is erased. */
const JOIN_MS = 1000;

/** The time of what goes, for which there is no other reason why nothing is there. Deliveries are promised for no time. */
function erasedSpans(ledger: Ledger, rows: readonly FileRow[]): ErasedSpan[] {
  const spans: ErasedSpan[] = [];
  for (const { id, camera, start, end, era, kind, state } of rows) {
    if (kind === 'inbox' || kind === 'snapshot' || state === 'lost') continue;
    const isListed = ledger.files.isListed(id);
    const last = spans.at(-1);
    const isNext = last !== undefined && last.era === era && start - last.end <= JOIN_MS;
    if (isNext) last.end = Math.max(last.end, last.isListed === isListed ? end : start);
    if (!isNext || last.isListed !== isListed) spans.push({ camera, start, end, era, isListed });
  }
  const going = new Set(rows.map(({ id }) => id));
  for (const span of spans) {
    const near = ledger.files.between(span.camera, span.start - JOIN_MS, span.end + JOIN_MS);
    const others = near.filter(({ id, era }) => !going.has(id) && era === span.era);
    const before = others.filter(({ end }) => end <= span.start).map(({ end }) => end);
    const after = others.filter(({ start }) => start >= span.end).map(({ start }) => start);
    if (before.length > 0) span.start = Math.max(...before);
    if (after.length > 0) span.end = Math.min(...after);
  }
  return spans;
}
