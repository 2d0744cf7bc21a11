import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { makeExport } from '../archive/export/make-export.js';
import type { ExportManifest } from '../archive/export/manifest.js';
import { LocalArchive } from '../archive/local-archive.js';
import { ObjectArchive } from '../archive/object-archive.js';
import { loadIdentity } from '../archive/signature.js';
import { entriesIn, isMedia } from '../archive/span-entries.js';
import { Ledger } from '../ledger/ledger.js';
import { AuditLog } from '../operate/audit.js';
import { compactTime } from '../segment.js';
import { spoolLayout } from '../spool/layout.js';
import { openSite } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson, version } from './context.js';
import { size, span, usage } from './format.js';
import { shown } from './moments.js';
import { type Span, type SpanOptions, spanOf } from './spans.js';

interface ExportOptions extends SpanOptions {
  output?: string;
  originals?: boolean;
}

/** `nvr-uplink export`: one film of a span, and what proves it. Exit status 3 where time of the span is missing. */
export async function exportFootage(context: Context, options: ExportOptions): Promise<number> {
  const place = await openSite(context, options);
  try {
    const wanted = spanOf(options, place.timezone, context.clock.now());
    await requireCamera(place, wanted.camera);
    const directory = resolve(options.output ?? `export_${wanted.camera}_${compactTime(wanted.start)}`);
    if (existsSync(join(directory, 'manifest.json'))) {
      throw usage(`${directory} holds an export already`, 'Give another folder: -o DIR');
    }
    const archive = new ObjectArchive({ reader: place.reader, site: place.site, onProblem: () => undefined });
    if (place.config) await noteExport(context, place.config.storage.dir, wanted);
    const manifest = await makeExport({
      ...{ archive, reader: place.reader, site: place.site, ...wanted, directory },
      originals: options.originals ?? false,
      program: `nvr-uplink ${version()}`,
      identity: place.config && (await ownIdentity(place.config.storage.dir)),
      told: place.config?.site === place.site ? await toldHere(context, place.config.storage.dir, wanted) : [],
      ...{ clock: context.clock, signal: context.signal, onStep: teller(context, options) },
    });
    if (options.json) printJson(context, { directory, ...manifest });
    else for (const line of lines(directory, manifest, place.timezone)) print(context, line);
    return isWhole(manifest) ? EXIT.ok : EXIT.degraded;
  } finally {
    place.reader.close();
  }
}

/** On the recorder itself. Anywhere else the signatures of the index are what proves the footage. */
async function ownIdentity(storage: string) {
  const file = join(spoolLayout(storage).root, 'identity.pem');
  return existsSync(file) ? await loadIdentity(file) : undefined;
}

/** What this recorder's ledger tells of a span beside footage: gaps, time off and steps of the clock. */
async function toldHere({ clock }: Context, storage: string, { camera, ...span }: Span) {
  const layout = spoolLayout(storage);
  if (!existsSync(layout.ledger)) return [];
  const ledger = new Ledger(layout.ledger);
  try {
    const entries = await entriesIn(new LocalArchive({ ledger, folders: [], clock }), camera, span);
    return entries.filter((entry) => !isMedia(entry));
  } finally {
    ledger.close();
  }
}

/** On the recorder, who takes footage is noted before it is taken. */
async function noteExport({ clock }: Context, storage: string, { camera, start, end }: Span): Promise<void> {
  const { root } = spoolLayout(storage);
  if (!existsSync(root)) return;
  const span = { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
  const event = { action: 'exported', user: `command ${userInfo().username}`, camera, ...span } as const;
  await new AuditLog(join(root, 'audit.ndjson'), clock).note(event);
}

function isWhole({ gaps, before = [], unaccounted, uncut }: ExportManifest): boolean {
  return gaps.length + before.length + unaccounted.length + uncut.length === 0;
}

/** Once a second, which file is being written. */
function teller({ clock, stderr }: Context, { quiet, json }: ExportOptions) {
  let toldAt = clock.monotonic();
  return (what: string, bytes: number) => {
    if (quiet || json || clock.monotonic() - toldAt < 1_000) return;
    toldAt = clock.monotonic();
    stderr.write(`${what}: ${size(bytes)} …\n`);
  };
}

function lines(directory: string, manifest: ExportManifest, timezone: string): string[] {
  const at = (time: string) => {
    const ms = Date.parse(time);
    return `${shown(ms, timezone)}.${String(ms % 1_000).padStart(3, '0')}`;
  };
  const seconds = ({ from, to }: { from: string; to: string }) => span((Date.parse(to) - Date.parse(from)) / 1_000);
  const { clips, gaps, before = [], unaccounted, uncut, index } = manifest;
  return [
    ...clips.map(
      ({ file, begins, ends, frames, bytes }) =>
        `${file}: ${at(begins)} to ${at(ends)}, ${frames} frames, ${size(bytes)}; pictures and sound as they were recorded`,
    ),
    ...gaps.map((gap) => `missing: ${at(gap.from)} to ${at(gap.to)} (${seconds(gap)}): ${gap.cause}`),
    ...before.map(
      (one) =>
        `missing: ${at(one.from)} to ${at(one.to)} (${seconds(one)}): before the first recording of this camera in the archive`,
    ),
    ...unaccounted.map((one) => `NOT ACCOUNTED FOR: ${at(one.from)} to ${at(one.to)} (${seconds(one)})`),
    ...uncut.map((key) => `${key} cannot be cut, and is there whole`),
    ...(index.length === 0 ? ['There is no index here to prove it by.'] : []),
    `Times are of ${timezone}. A clip begins at the last key frame before what was asked for.`,
    `Check it with ${join(directory, 'verify.html')}, in any browser and without a network, or: nvr-uplink verify ${directory}`,
  ];
}
