import { account } from '../archive/timeline.js';
import { inboxCameras } from '../config/inbox-cameras.js';
import { loadConfig, TO_ASK } from '../config/load.js';
import type { Config } from '../config/schema.js';
import type { BackfillRow } from '../ledger/backfills.js';
import { clockEntry } from '../ledger/clock-steps.js';
import { mediaEntry } from '../ledger/files.js';
import { type GapRow, gapEntry, whole } from '../ledger/gaps.js';
import { Ledger } from '../ledger/ledger.js';
import { offEntry } from '../ledger/offs.js';
import { BACKFILLED, GAP_CAUSES, type GapCause, type GapEntry, isPromised } from '../segment.js';
import { spoolLayout } from '../spool/layout.js';
import { refuseUnknown } from './camera-in-archive.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { span, table, usage } from './format.js';
import { moment, shown } from './moments.js';
import { isRunning } from './running-service.js';
import { thereFor } from './storage-there.js';

interface GapsOptions extends GlobalOptions {
  camera?: string[];
  from: string;
  to: string;
}

interface Range {
  start: number;
  end: number;
}

/** `nvr-uplink gaps`: what is missing, and why; exit status 3 where time is neither recorded nor a gap. */
export async function gaps(context: Context, options: GapsOptions): Promise<number> {
  const { config } = loadConfig(options.config, context.env, TO_ASK);
  const now = context.clock.now();
  const range = rangeOf(options, config.timezone, now);
  const ledger = openLedger(config);
  try {
    const known = ledger.cameras();
    const cameras = options.camera ?? known;
    const names = [...known, ...Object.keys(config.cameras), ...inboxCameras(config)];
    refuseUnknown(cameras, names, 'the ledger and the configuration');
    const runs = await isRunning(config, context.clock);
    const told = cameras.map((camera) => ({ camera, ...accountFor(ledger, camera, range, now, runs) }));
    if (options.json) printJson(context, told.map(asJson));
    else for (const line of lines(told, config.timezone)) print(context, line);
    return told.some(({ unaccountedMs }) => unaccountedMs > 0) ? EXIT.degraded : EXIT.ok;
  } finally {
    ledger.close();
  }
}

/** The time that is asked about, as far as it is over. Throws a `Failure` `usage`. */
function rangeOf({ from, to }: GapsOptions, timezone: string, now: number): Range {
  const [start, end] = [moment('--from', from, timezone, now), moment('--to', to, timezone, now)];
  if (end <= start) {
    const read = `read as ${shown(start, timezone)} and ${shown(end, timezone)}, of ${timezone}`;
    throw usage(`--to ${to} is not after --from ${from} (${read})`, 'Write the earlier moment after --from.');
  }
  if (start < now) return { start, end: Math.min(now, end) };
  throw usage(
    `--from ${from} (${shown(start, timezone)}, of ${timezone}) is not over yet`,
    `Write a moment before ${shown(now, timezone)} after --from.`,
  );
}

function openLedger(config: Config): Ledger {
  const { ledger } = spoolLayout(config.storage.dir);
  if (thereFor(config, ledger)) return new Ledger(ledger);
  throw usage(
    `There is no ledger in ${config.storage.dir}`,
    'Nothing was recorded there yet; start with: nvr-uplink run',
  );
}

type ToldGap = GapEntry & {
  lasts: boolean;
  /** What came of asking the camera for it; undefined where it was not asked, or not yet. */
  backfill: BackfillRow | undefined;
};

interface Account {
  gaps: ToldGap[];
  /** Time that was a gap, and was fetched from the camera's own recordings since. */
  filled: Range[];
  recordedMs: number;
  offMs: number;
  gapMs: number;
  unaccountedMs: number;
  unaccounted: Range[];
  /** Where the sums end, if that is before what was asked for: what is being recorded is not a finished file yet. */
  until?: { at: number; isFile: boolean };
  /** All there is of it was delivered by others. */
  delivered: boolean;
}

/**
 * Only the time since the recorder first heard of the camera counts; what is being recorded now is left out until it is a finished file. Cameras whose
 * files are delivered are not accounted for: nobody promised when there are to be any.
 */
function accountFor(ledger: Ledger, camera: string, range: Range, now: number, runs: boolean): Account {
  const files = ledger.files.between(camera, range.start, range.end).filter((file) => file.state !== 'lost');
  const rows = whole(ledger.gaps.told(camera, range.start, range.end, runs));
  const asked = ({ start, end }: GapRow) => (end === undefined ? undefined : ledger.backfills.of(camera, start, end));
  const found = rows.map((row) => ({ ...gapEntry(row, now), lasts: row.end === undefined, backfill: asked(row) }));
  const offs = ledger.offs.between(camera, range.start, range.end).map(offEntry);
  const steps = ledger.clockSteps.between(camera, range.start, range.end).map(clockEntry);
  const entries = [...files.map(mediaEntry), ...offs, ...found, ...steps];
  const promised = entries.filter(isPromised);
  const start = Math.max(range.start, Math.min(...promised.map((entry) => entry.start)));
  const end = Math.min(range.end, Math.max(...promised.map((entry) => entry.end)));
  const delivered = promised.length === 0 && files.some(({ kind }) => kind === 'inbox');
  if (end <= start)
    return { gaps: [], filled: [], recordedMs: 0, offMs: 0, gapMs: 0, unaccountedMs: 0, unaccounted: [], delivered };
  const { recordedMs, offMs, gapMs, unaccountedMs, unaccounted } = account(entries, { start, end });
  const filled = joined(files.filter(({ source }) => source === BACKFILLED));
  const isFile = files.some((file) => file.end === end);
  const until = end < range.end ? { at: end, isFile } : undefined;
  return { gaps: found, filled, recordedMs, offMs, gapMs, unaccountedMs, unaccounted, until, delivered };
}

/** Files that follow each other are one. */
function joined(files: readonly Range[]): Range[] {
  const spans: Range[] = [];
  for (const { start, end } of files) {
    const last = spans.at(-1);
    if (last?.end === start) last.end = end;
    else spans.push({ start, end });
  }
  return spans;
}

function asJson({ camera, gaps: found, filled, unaccounted, ...sums }: Account & { camera: string }) {
  const iso = ({ start, end }: Range) => ({ start: new Date(start).toISOString(), end: new Date(end).toISOString() });
  return {
    camera,
    gaps: found.map((gap) => ({
      ...iso(gap),
      ...{ cause: gap.cause, detail: gap.detail ?? null, lasts: gap.lasts },
      backfill: gap.backfill ? { state: gap.backfill.state, detail: gap.backfill.detail ?? null } : null,
    })),
    backfilled: filled.map(iso),
    ...{ recordedSeconds: sums.recordedMs / 1_000, offSeconds: sums.offMs / 1_000 },
    ...{ gapSeconds: sums.gapMs / 1_000, unaccountedSeconds: sums.unaccountedMs / 1_000 },
    unaccounted: unaccounted.map(iso),
    until: sums.until ? new Date(sums.until.at).toISOString() : null,
    delivered: sums.delivered,
  };
}

function lines(all: readonly (Account & { camera: string })[], timezone: string): string[] {
  const rows = all.flatMap(({ camera, gaps: found, filled, unaccounted }) => [
    ...found.map((gap) => [camera, ...when(gap, timezone, gap.lasts), meaning(gap.cause) + unfilled(gap)]),
    ...filled.map((one) => [camera, ...when(one, timezone, false), "filled from the camera's own recordings"]),
    ...unaccounted.map((hole) => [
      camera,
      ...when(hole, timezone, false),
      'NOT ACCOUNTED FOR: neither recorded, nor off, nor a gap',
    ]),
  ]);
  const sums = all.map(({ camera, recordedMs, offMs, gapMs, unaccountedMs, until, delivered }) => {
    if (delivered) return `${camera}: delivered by others, who promise no time; no gaps are kept`;
    const off = offMs > 0 ? `, ${span(offMs / 1_000)} off` : '';
    const missing = unaccountedMs > 0 ? `, ${span(unaccountedMs / 1_000)} not accounted for` : '';
    const open = until ? `; until ${until.isFile ? 'the last finished file, ' : ''}${shown(until.at, timezone)}` : '';
    return `${camera}: ${span(recordedMs / 1_000)} recorded${off}, ${span(gapMs / 1_000)} missing${missing}${open}`;
  });
  const found = rows.length > 0 ? [table(['CAMERA', 'FROM', 'TO', 'LENGTH', 'WHY'], rows), ''] : [];
  return [...found, ...sums, `Times are of ${timezone}.`];
}

function when({ start, end }: Range, timezone: string, lasts: boolean): string[] {
  return [shown(start, timezone), lasts ? 'still' : shown(end, timezone), span((end - start) / 1_000)];
}

/** Why a camera that was asked for it did not fill it. */
function unfilled({ backfill }: ToldGap): string {
  if (!backfill?.detail) return '';
  const again = backfill.state === 'waiting' ? 'not filled yet' : 'not filled';
  return ` (${again}: ${backfill.detail})`;
}

function meaning(cause: GapCause): string {
  return GAP_CAUSES[cause] ?? cause;
}
