import { ObjectArchive } from '../archive/object-archive.js';
import { entriesIn } from '../archive/span-entries.js';
import type { LocatedEntry } from '../archive-source.js';
import { openPlace, type Place } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { size, span, table } from './format.js';
import { shown } from './moments.js';
import { openSpanOf, type SpanOptions } from './spans.js';

/** `nvr-uplink ls`: cameras; with `--camera` its days; with `--from` what there is in that time, until `--to`, else until now, or in that day. `--json`: one a line. */
export async function ls(context: Context, options: SpanOptions): Promise<number> {
  const place = await openPlace(context, options);
  try {
    if (options.from !== undefined || options.to !== undefined) await listEntries(context, options, place);
    else if (options.camera !== undefined) await listDays(context, options, place, options.camera);
    else await listCameras(context, options, place);
    return EXIT.ok;
  } finally {
    place.reader.close();
  }
}

function archivesOf({ stderr }: Context, { reader, sites }: Place): { site: string; archive: ObjectArchive }[] {
  const onProblem = ({ shard, line, message }: { shard: string; line: number; message: string }) =>
    stderr.write(`${shard}:${line}: ${message}\n`);
  return sites.map((site) => ({ site, archive: new ObjectArchive({ reader, site, onProblem }) }));
}

async function listCameras(context: Context, { json }: SpanOptions, place: Place): Promise<void> {
  const rows: string[][] = [];
  for (const { site, archive } of archivesOf(context, place)) {
    for (const camera of await archive.cameras()) {
      const days = await archive.days(camera);
      const [first = null, last = null] = [days[0], days.at(-1)];
      if (json) printJson(context, { site, camera, days: days.length, first, last });
      else rows.push([site, camera, String(days.length), first ?? '', last ?? '']);
    }
  }
  if (!json) print(context, table(['SITE', 'CAMERA', 'DAYS', 'FIRST', 'LAST'], rows));
}

async function listDays(context: Context, { json }: SpanOptions, place: Place, camera: string): Promise<void> {
  await requireCamera(place, camera);
  for (const { site, archive } of archivesOf(context, place)) {
    for (const day of await archive.days(camera)) {
      if (json) printJson(context, { site, camera, day });
      else print(context, place.sites.length > 1 ? `${site}  ${day}` : day);
    }
  }
}

async function listEntries(context: Context, options: SpanOptions, place: Place): Promise<void> {
  const { camera, ...wanted } = openSpanOf(options, place.timezone, context.clock.now());
  await requireCamera(place, camera);
  const rows: string[][] = [];
  for (const { site, archive } of archivesOf(context, place)) {
    for (const entry of await entriesIn(archive, camera, wanted)) {
      if (options.json) printJson(context, { site, ...entry, ...times(entry) });
      else rows.push(rowOf(entry, place.timezone));
    }
  }
  if (options.json) return;
  print(context, table(['FROM', 'TO', 'LENGTH', 'WHAT', 'SIZE', 'WHERE'], rows));
  print(context, `Times are of ${place.timezone}.`);
}

function rowOf(entry: LocatedEntry, timezone: string): string[] {
  const length = entry.end > entry.start ? span((entry.end - entry.start) / 1_000) : '';
  const when = [shown(entry.start, timezone), shown(entry.end, timezone), length];
  if ('key' in entry) return [...when, entry.kind, size(entry.bytes), entry.key];
  return [...when, entry.type, '', 'cause' in entry ? entry.cause : ''];
}

function times({ start, end }: LocatedEntry) {
  return { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
}
