import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { makeExport } from '../archive/export/make-export.js';
import type { ExportManifest } from '../archive/export/manifest.js';
import { LocalArchive } from '../archive/local-archive.js';
import { MergedArchive } from '../archive/merged-archive.js';
import { ObjectArchive } from '../archive/object-archive.js';
import { loadIdentity } from '../archive/signature.js';
import type { ArchiveSource } from '../archive-source.js';
import type { Config } from '../config/schema.js';
import { Ledger } from '../ledger/ledger.js';
import { AuditLog } from '../operate/audit.js';
import { compactTime } from '../segment.js';
import { spoolLayout } from '../spool/layout.js';
import { openSite } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson, version } from './context.js';
import { size, span, usage } from './format.js';
import { shown } from './moments.js';
import { isRunning } from './running-service.js';
import { type Span, type SpanOptions, spanOf } from './spans.js';
import { thereFor } from './storage-there.js';

interface ExportOptions extends SpanOptions {
  output?: string;
  originals?: boolean;
}

/** `nvr-uplink export`: one film of a span, and what proves it. Exit status 3 where time of the span is missing. */
export async function exportFootage(context: Context, options: ExportOptions): Promise<number> {
  const place = await openSite(context, options);
  let own: Own | undefined;
  try {
    const wanted = spanOf(options, place.timezone, context.clock.now());
    own = place.config?.site === place.site ? openOwn(place.config) : undefined;
    await requireCamera(place, wanted.camera, own?.ledger.cameras());
    const directory = resolve(options.output ?? `export_${wanted.camera}_${compactTime(wanted.start)}`);
    if (existsSync(join(directory, 'manifest.json'))) {
      throw usage(`${directory} holds an export already`, 'Give another folder: -o DIR');
    }
    const remote = new ObjectArchive({ reader: place.reader, site: place.site, onProblem: () => undefined });
    const archive = own ? await withOwn(own, remote, context.clock) : remote;
    if (place.config) await noteExport(context, place.config, wanted);
    const manifest = await makeExport({
      ...{ archive, reader: place.reader, site: place.site, ...wanted, directory },
      originals: options.originals ?? false,
      program: `nvr-uplink ${version()}`,
      identity: place.config && (await ownIdentity(place.config.storage.dir)),
      ...{ clock: context.clock, signal: context.signal, onStep: teller(context, options) },
    });
    if (options.json) printJson(context, { directory, ...manifest });
    else for (const line of lines(directory, manifest, place.timezone)) print(context, line);
    return isWhole(manifest) ? EXIT.ok : EXIT.degraded;
  } finally {
    own?.ledger.close();
    place.reader.close();
  }
}

/** On the recorder itself. Anywhere else the signatures of the index are what proves the footage. */
async function ownIdentity(storage: string) {
  const file = join(spoolLayout(storage).root, 'identity.pem');
  return existsSync(file) ? await loadIdentity(file) : undefined;
}

/** What this recorder has itself. */
interface Own {
  config: Config;
  ledger: Ledger;
}

/** Undefined where nothing was recorded yet. */
function openOwn(config: Config): Own | undefined {
  const { ledger } = spoolLayout(config.storage.dir);
  return thereFor(config, ledger) ? { config, ledger: new Ledger(ledger) } : undefined;
}

/** What is not uploaded yet lies here, and an outage under way is in no index. An archive that fails is not left out in silence. */
async function withOwn({ config, ledger }: Own, archive: ObjectArchive, clock: Clock): Promise<ArchiveSource> {
  const { sent, ready } = spoolLayout(config.storage.dir);
  const local = new LocalArchive({ ledger, folders: [sent, ready], clock, isRunning: await isRunning(config, clock) });
  return new MergedArchive(local, archive, ({ error }) => {
    throw error;
  });
}

/** On the recorder, who takes footage is noted before it is taken. */
async function noteExport({ clock }: Context, config: Config, { camera, start, end }: Span): Promise<void> {
  const { root } = spoolLayout(config.storage.dir);
  if (!thereFor(config, root)) return;
  const span = { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
  const event = { action: 'exported', user: `command ${userInfo().username}`, camera, ...span } as const;
  await new AuditLog(join(root, 'audit.ndjson'), clock).note(event);
}

function isWhole({ gaps, before = [], after = [], unaccounted, uncut }: ExportManifest): boolean {
  return gaps.length + before.length + after.length + unaccounted.length + uncut.length === 0;
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
  const { clips, gaps, before = [], after = [], unaccounted, uncut, index } = manifest;
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
    ...after.map(
      (one) =>
        `missing: ${at(one.from)} to ${at(one.to)} (${seconds(one)}): after the newest entry of this camera; it is not finished or not uploaded yet, or the recorder has fallen silent`,
    ),
    ...unaccounted.map((one) => `NOT ACCOUNTED FOR: ${at(one.from)} to ${at(one.to)} (${seconds(one)})`),
    ...uncut.map((key) => `${key} cannot be cut, and is there whole`),
    ...(index.length === 0 ? ['There is no index here to prove it by.'] : []),
    `Times are of ${timezone}. A clip begins at the last key frame before what was asked for.`,
    `Check it with ${join(directory, 'verify.html')}, in any browser and without a network, or: nvr-uplink verify ${directory}`,
  ];
}
