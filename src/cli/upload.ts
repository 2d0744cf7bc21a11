import { defaultRouteInterface } from '../../lib/default-route.js';
import { Failure } from '../../lib/errors.js';
import { Throttle } from '../../lib/remote/throttle.js';
import { remoteReader } from '../archive/reader.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { type BatchEvent, type BatchFile, sendBatch } from '../upload/batch.js';
import { type Choice, chooseFiles } from '../upload/choose.js';
import { connectRemote, parallelOf } from '../upload/connect.js';
import { Line } from '../upload/line.js';
import { ownPaths } from '../upload/own-files.js';
import { isSame } from '../upload/same.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { count, size, span, table, usage } from './format.js';
import { ledgerPins } from './pins.js';
import { jsonView, lineView } from './upload-view.js';

interface UploadOptions extends GlobalOptions {
  remote?: string[];
  to?: string;
  dryRun?: boolean;
}

/** What became of all files. */
export interface Tally {
  stored: number;
  /** Of these, how many the remote only said yes to. */
  unproven: number;
  /** Of these, whose size was seen but once, after an upload of it that had failed. */
  seenOnce: number;
  /** How long the servers may still publish the parts of those. */
  lateMs: number;
  skipped: number;
  /** Of these, how many only have the same size as far as anybody can tell. */
  uncompared: number;
  failed: number;
  /** Links, special files and a recorder's own, that lay in the folders. */
  leftOut: number;
  bytes: number;
}

/** `nvr-uplink upload FILE…`: sends files to the remotes now, beside whatever the recorder does. */
export async function upload(context: Context, options: UploadOptions, paths: readonly string[]): Promise<number> {
  if (paths.length === 0) throw noPaths(options);
  const loaded = loadConfig(options.config, context.env);
  const { config } = loaded;
  const choice = await chooseFiles(paths, config.site, options.to, ownPaths(loaded));
  const { files, leftOut } = choice;
  const remotes = chosen(config, options.remote);
  if (options.dryRun) return preview(context, options, choice, remotes);
  const faulty = leftOut.filter(({ code }) => code === 'key-invalid' || code === 'file-unreadable').length;
  const total: Tally = {
    ...{ stored: 0, unproven: 0, seenOnce: 0, lateMs: 0 },
    ...{ skipped: 0, uncompared: 0, failed: faulty, leftOut: leftOut.length - faulty, bytes: 0 },
  };
  const startedAt = context.clock.monotonic();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (options.json) printJson(context, { event: 'planned', remotes, files: files.length, bytes });
  tellLeftOut(context, options, choice);
  for (const name of remotes) await sendTo(context, options, config, name, files, total);
  const seconds = (context.clock.monotonic() - startedAt) / 1_000;
  if (options.json) printJson(context, { event: 'finished', ...total, seconds });
  else print(context, summary(total, seconds));
  return context.signal.aborted ? EXIT.failed : exitOf(total);
}

/** `--remote` takes all the words that follow it. */
function noPaths({ remote = [] }: UploadOptions): Failure {
  const took = remote.length > 1 ? `: --remote took ${remote.join(', ')} for names of remotes` : '';
  const example = `nvr-uplink upload ${remote.length > 0 ? `--remote ${remote[0]} -- ` : ''}${remote[1] ?? 'FILE'}`;
  return usage(`No file is named${took}`, `Write: ${example}`);
}

export function exitOf(total: Tally): number {
  if (total.failed > 0) return EXIT.failed;
  // The same size is no proof, nor is one that a part left on the server may still replace, and somebody may delete the original on the strength of it.
  return total.uncompared + total.seenOnce > 0 ? EXIT.degraded : EXIT.ok;
}

function chosen(config: Config, wanted: readonly string[] | undefined): string[] {
  const known = Object.keys(config.remotes);
  const unknown = wanted?.find((name) => !known.includes(name));
  if (unknown !== undefined || known.length === 0) {
    throw new Failure(unknown === undefined ? 'No remote is configured' : `There is no remote "${unknown}"`, {
      kind: 'permanent',
      code: 'config-missing',
      hint: known.length > 0 ? `Configured are: ${known.join(', ')}` : 'Add one under `remotes` in the configuration.',
    });
  }
  return wanted ? [...wanted] : known;
}

/** A name may hold what would break a line. */
function tellLeftOut(context: Context, { json }: UploadOptions, { leftOut }: Choice): void {
  for (const one of leftOut) {
    if (json) printJson(context, { event: 'left-out', ...one });
    else context.stderr.write(`${nameOf(one.path)} is not sent: ${one.why}\n`);
  }
}

function nameOf(path: string): string {
  return /[\p{Cc}\\]/u.test(path) ? JSON.stringify(path) : path;
}

function preview(context: Context, options: UploadOptions, choice: Choice, remotes: string[]): number {
  const { files, leftOut } = choice;
  if (options.json) {
    printJson(context, { dryRun: true, remotes, files, leftOut });
    return EXIT.ok;
  }
  tellLeftOut(context, options, choice);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  print(
    context,
    table(
      ['FILE', 'SIZE', 'KEY'],
      files.map((file) => [file.path, size(file.bytes), file.key]),
    ),
  );
  print(
    context,
    `\n${count(files.length, 'file')}, ${size(bytes)}, would go to ${remotes.join(' and ')}. Nothing was sent.`,
  );
  return EXIT.ok;
}

async function sendTo(
  context: Context,
  options: UploadOptions,
  config: Config,
  name: string,
  files: readonly BatchFile[],
  total: Tally,
): Promise<void> {
  const { clock, signal } = context;
  const settings = config.remotes[name]!;
  const { pins, release } = await ledgerPins(config);
  const remote = await connectRemote(name, settings, pins, clock);
  const reader = await remoteReader(settings);
  const line = new Line(config.upload, config.timezone, clock, defaultRouteInterface);
  const pace = new Throttle(clock, () => line.bytesPerSecond()).pace(false);
  const view = options.json ? jsonView(context, name, files) : await lineView(context, options, name, files);
  try {
    const parallel = parallelOf(settings);
    const onEvent = (event: BatchEvent) => {
      addTo(total, event);
      view.event(event);
    };
    const compare = reader && ((file: BatchFile) => isSame(reader, file.key, file.path));
    await sendBatch({ remote, files, parallel, pace, clock, isSame: compare, onEvent }, signal);
  } finally {
    view.close();
    await remote.close();
    reader?.close();
    release();
  }
}

export function addTo(total: Tally, event: BatchEvent): void {
  if (event.type === 'stored') {
    total.stored++;
    if (event.receipt.proven === 'accepted') total.unproven++;
    else if (event.lateMs > 0) total.seenOnce++;
    total.lateMs = Math.max(total.lateMs, event.lateMs);
    total.bytes += event.file.bytes;
  } else if (event.type === 'skipped') {
    total.skipped++;
    if (!event.compared) total.uncompared++;
  } else if (event.type === 'failed') total.failed++;
}

export function summary(
  { stored, unproven, seenOnce, lateMs, skipped, uncompared, failed, leftOut, bytes }: Tally,
  seconds: number,
): string {
  const verified = stored - unproven - seenOnce;
  const parts = [`${verified} stored and verified (${size(bytes)} in ${span(seconds)})`];
  if (seenOnce > 0) parts.push(`${seenOnce} stored, NOT yet verified`);
  if (unproven > 0) parts.push(`${unproven} taken on the server's word alone`);
  if (skipped > uncompared) parts.push(`${skipped - uncompared} there already, byte for byte`);
  if (uncompared > 0) parts.push(`${uncompared} there already by name and size, NOT compared`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (leftOut > 0) parts.push(`${leftOut} left out`);
  if (seenOnce === 0) return parts.join(', ');
  const again = `the server may still put the part of that one over it. Look again in ${span(lateMs / 1_000)} with the same command`;
  return `${parts.join(', ')}. An upload of ${count(seenOnce, 'file')} had failed before, and the size was seen but once: ${again}`;
}
