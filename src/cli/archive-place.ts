import { existsSync } from 'node:fs';
import { whatThereIs } from '../../lib/nearest.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { archiveReader, archiveWriter, bucketReader, sitesOf } from '../archive/reader.js';
import { loadConfig, TO_READ } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { isName } from '../segment.js';
import type { Context, GlobalOptions } from './context.js';
import { usage } from './format.js';

/** Where the archive is: named on the command line, so that nothing of the recorder is needed, or else by the configuration. */
export interface PlaceOptions extends GlobalOptions {
  bucket?: string;
  prefix?: string;
  region?: string;
  profile?: string;
  endpoint?: string;
  caFile?: string;
  folder?: string;
  site?: string[];
  timezone?: string;
}

export interface Place {
  reader: ObjectReader;
  sites: string[];
  /** IANA zone that times without one are meant in. */
  timezone: string;
  /** Where the configuration named it. */
  config?: Config;
}

/** Whether the archive is named on the command line. */
export function isPlaced({ bucket, folder }: PlaceOptions): boolean {
  return bucket !== undefined || folder !== undefined;
}

/** The archive and its sites. Throws a `Failure`: `usage`, `no-archive`, or as the store does. */
export async function openPlace(context: Context, options: PlaceOptions): Promise<Place> {
  const { reader, config } = await readerOf(context, options);
  try {
    if (options.site) await requireSites(reader, options.site);
    const sites = options.site ?? (config ? [config.site] : await sitesOf(reader));
    return { reader, sites, config, timezone: zone(options.timezone ?? config?.timezone) };
  } catch (error) {
    reader.close();
    throw error;
  }
}

/** A slip of the pen is not to look like an archive in which nothing is wrong. */
async function requireSites(reader: ObjectReader, sites: readonly string[]): Promise<void> {
  for (const site of sites) {
    if ((await reader.names(site)).length > 0) continue;
    throw usage(`There is no site "${site}" in ${reader.name}`, whatThereIs(site, await sitesOf(reader)));
  }
}

/** As {@link openPlace}, where the command is about one site. */
export async function openSite(context: Context, options: PlaceOptions): Promise<Place & { site: string }> {
  const place = await openPlace(context, options);
  const [site, ...others] = place.sites;
  if (others.length === 0) return { ...place, site: site! };
  place.reader.close();
  throw usage(`${place.reader.name} holds several sites: ${place.sites.join(', ')}`, 'Say which one: --site NAME');
}

/** A site whether or not it has an index yet, and how to write to it. */
export async function openRebuildPlace(context: Context, options: PlaceOptions) {
  const { reader, config } = await readerOf(context, options);
  const [site = config?.site, ...others] = options.site ?? [];
  if (site === undefined || others.length > 0) {
    reader.close();
    throw usage('Which site?', 'Say which one folder of the archive it is: --site NAME');
  }
  const timezone = zone(options.timezone ?? config?.timezone);
  return { reader, site, timezone, writer: () => archiveWriter({ ...options, config }, context.env) };
}

async function readerOf(context: Context, options: PlaceOptions): Promise<{ reader: ObjectReader; config?: Config }> {
  const { bucket, folder, site } = options;
  const wrong = site?.find((name) => !isName(name));
  if (wrong !== undefined) throw usage(`--site ${wrong} is not a site's name`, 'Names are of a-z, 0-9 and "-".');
  if (bucket !== undefined && folder !== undefined)
    throw usage('--bucket and --folder are two places', 'Leave one out.');
  if (folder !== undefined) return { reader: await folderReader(folder) };
  if (bucket !== undefined) return { reader: await bucketReader({ ...options, bucket }, context.env) };
  const { config } = loadConfig(options.config, context.env, TO_READ);
  if (config.archive) return { reader: await archiveReader(config.archive), config };
  throw usage('The configuration names no `archive`', 'Say where it is: --bucket NAME, or --folder DIR');
}

async function folderReader(folder: string): Promise<ObjectReader> {
  const reader = await archiveReader({ type: 'folder', path: folder });
  if ((await reader.isThere?.()) !== false) return reader;
  const what = existsSync(folder) ? 'is not a folder' : 'does not exist';
  throw usage(
    `--folder ${folder} ${what}`,
    'Name the folder that holds the folders of the sites; is its disk mounted?',
  );
}

function zone(timezone = Intl.DateTimeFormat().resolvedOptions().timeZone): string {
  try {
    return Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch {
    // RangeError: there is no such zone.
    throw usage(`--timezone ${timezone} is not a time zone`, 'Write it as Europe/Copenhagen');
  }
}
