import { join, resolve } from 'node:path';
import { Failure, messageOf } from '../../lib/errors.js';
import { checkKey } from '../../lib/remote/key.js';
import { fetchMedia, type Wanted } from '../archive/fetch-media.js';
import { ObjectArchive } from '../archive/object-archive.js';
import { entriesIn, isMedia } from '../archive/span-entries.js';
import { dayOf, parseMediaKey } from '../segment.js';
import { openPlace, openSite, type Place } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { count, size, usage } from './format.js';
import { Progress } from './progress.js';
import { type SpanOptions, spanOf } from './spans.js';

interface GetOptions extends SpanOptions {
  output?: string;
}

/** `nvr-uplink get KEY…`, or `--camera --from --to`: files as they were recorded, each held against its hash. Goes on where it ended. */
export async function get(context: Context, options: GetOptions, keys: string[]): Promise<number> {
  const place = keys.length > 0 ? await openPlace(context, options) : await openSite(context, options);
  try {
    const wanted = keys.length > 0 ? await named(place, keys) : await inSpan(context, options, place);
    return await fetchAll(context, options, place, wanted);
  } finally {
    place.reader.close();
  }
}

function archiveOf({ reader }: Place, site: string): ObjectArchive {
  return new ObjectArchive({ reader, site, onProblem: () => undefined });
}

async function inSpan(context: Context, options: GetOptions, place: Place): Promise<Wanted[]> {
  const { camera, ...span } = spanOf(options, place.timezone, context.clock.now());
  await requireCamera(place, camera);
  const found = (await entriesIn(archiveOf(place, place.sites[0]!), camera, span)).filter(isMedia);
  if (found.length > 0) return found;
  throw new Failure(`There is nothing of ${camera} in that time.`, {
    kind: 'permanent',
    code: 'nothing-found',
    hint: '`nvr-uplink ls --camera NAME` lists its days.',
  });
}

/** What the index says of keys; of one it does not know, its size alone. */
async function named(place: Place, keys: readonly string[]): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const key of keys) {
    checkKey(key);
    const parsed = parseMediaKey(key);
    const entries = parsed ? await archiveOf(place, parsed.site).entries(parsed.camera, dayOf(parsed.start)) : [];
    const entry = entries.filter(isMedia).find((one) => one.key === key);
    const stored = entry ?? (await place.reader.stat(key));
    if (!stored) throw usage(`There is no ${key} in ${place.reader.name}`, 'nvr-uplink ls --camera … --from … --to …');
    wanted.push(entry ?? { key, bytes: stored.bytes });
  }
  return wanted;
}

async function fetchAll(
  context: Context,
  options: GetOptions,
  place: Place,
  wanted: readonly Wanted[],
): Promise<number> {
  const bytes = wanted.reduce((sum, one) => sum + one.bytes, 0);
  const quiet = options.quiet || options.json;
  const progress = quiet ? undefined : new Progress(context, wanted.length, bytes);
  const target = resolve(options.output ?? '.');
  let [fetched, failed, unknown, whole] = [0, 0, 0, 0];
  for (const one of wanted) {
    const path = join(target, one.key.split('/').at(-1)!);
    progress?.start(one.key, one.bytes);
    try {
      const onBytes = (done: number) => progress?.advance(one.key, done);
      const isNew = await fetchMedia(place.reader, one, path, onBytes, context.signal);
      if (isNew) fetched++;
      whole += one.bytes;
      if (one.sha256 === undefined) unknown++;
      const state = one.sha256 === undefined ? 'unverified' : isNew ? 'fetched' : 'present';
      if (options.json) printJson(context, { key: one.key, path, bytes: one.bytes, state });
      progress?.end(one.key);
    } catch (error) {
      context.signal.throwIfAborted();
      failed++;
      const { code, hint } = error instanceof Failure ? error : { code: 'failed', hint: undefined };
      if (options.json)
        printJson(context, { key: one.key, path, state: 'failed', code, message: messageOf(error), hint });
      progress?.end(one.key, [messageOf(error), ...(hint ? [hint] : [])].join(' → '));
    }
  }
  progress?.close();
  if (!options.json) {
    const unverified =
      unknown > 0 ? `, ${unknown} of them in no index and so not verified` : ', each held against its hash';
    const lost = failed > 0 ? `; ${failed} FAILED` : '';
    print(
      context,
      `${count(wanted.length - failed, 'file')}, ${size(whole)}, in ${target}: ${fetched} fetched${unverified}${lost}.`,
    );
  }
  return failed > 0 ? EXIT.failed : unknown > 0 ? EXIT.degraded : EXIT.ok;
}
