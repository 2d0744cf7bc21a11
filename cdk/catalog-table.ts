import type { DeployedSite } from '../src/config/deployment.js';
import { indexFolder } from '../src/segment.js';

/** How a table lies over index shards (docs/archive-format.md §3). */

/**
 * Of the day a shard is filed under, not of the entry: what runs past midnight is listed in each day it touches.
 * `site`, `camera` and `day` come from the key, so that a query reads only the folders it is about.
 */
export const PARTITIONS = ['site', 'camera', 'day'] as const;

/** Fields of entries. Names that SQL reserves (`end`) are quoted in queries. Times are text in one form, so they sort. */
export const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['n', 'bigint'],
  ['prev', 'string'],
  ['type', 'string'],
  ['kind', 'string'],
  ['key', 'string'],
  ['start', 'string'],
  ['end', 'string'],
  ['bytes', 'bigint'],
  ['sha256', 'string'],
  ['crc64nvme', 'string'],
  ['codecs', 'array<string>'],
  ['width', 'int'],
  ['height', 'int'],
  ['source', 'string'],
  ['run', 'string'],
  ['seq', 'bigint'],
  ['cause', 'string'],
  ['detail', 'string'],
];

/** The first day there can be footage of; each day of the range costs a query nothing unless it asks for it. */
const FIRST_DAY = '2024/01/01';

/** Athena works out the folders from these, without a crawler and without ever listing the bucket. */
export function projection(sites: readonly DeployedSite[]): Record<string, string> {
  const cameras = new Set(sites.flatMap((site) => site.cameras?.map(({ name }) => name) ?? []));
  return {
    'projection.enabled': 'true',
    'projection.site.type': 'enum',
    'projection.site.values': sites.map(({ name }) => name).join(','),
    'projection.camera.type': 'enum',
    'projection.camera.values': [...cameras].sort().join(','),
    'projection.day.type': 'date',
    'projection.day.format': 'yyyy/MM/dd',
    // A recorder's clock may be a little ahead.
    'projection.day.range': `${FIRST_DAY},NOW+1DAYS`,
    'projection.day.interval': '1',
    'projection.day.interval.unit': 'DAYS',
  };
}

/** The grammar of keys itself says where a day lies. */
export function locationTemplate(bucket: string): string {
  const [site, camera, day] = PARTITIONS.map((name) => `\${${name}}`) as [string, string, string];
  return `s3://${bucket}/${indexFolder(site, camera, day)}`;
}
