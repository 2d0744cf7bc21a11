import { resolve } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import type { ObjectEraser } from '../../lib/objects/eraser.js';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import type { S3Thaw } from '../../lib/objects/s3-thaw.js';
import type { Remote } from '../../lib/remote/remote.js';
import type { S3Access } from '../../lib/s3-client.js';
import { readCa, s3Access } from '../config/access.js';
import type { Config } from '../config/schema.js';
import { isName } from '../segment.js';

type Place = NonNullable<Config['archive']>;

/** What the configuration's `archive` is read through; the SDK of AWS is loaded only for a bucket. Opens nothing yet. */
export async function archiveReader(place: Place): Promise<ObjectReader> {
  if (place.type === 'folder') return new FolderReader(place.path);
  const { S3Reader } = await import('../../lib/objects/s3-reader.js');
  return new S3Reader({ ...s3Access(place), bucket: place.bucket, prefix: place.prefix });
}

/** As a command line names a bucket. */
export interface NamedBucket {
  bucket: string;
  prefix?: string;
  region?: string;
  profile?: string;
  endpoint?: string;
  caFile?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Whatever is not said comes from the AWS profile and environment. */
export function bucketAccess(place: NamedBucket, env: Env): S3Access & { bucket: string; prefix?: string } {
  const { bucket, profile, endpoint } = place;
  const region = place.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (endpoint && 'us-east-1');
  const prefix = place.prefix?.replace(/^\/+|\/+$/g, '');
  return { ...{ bucket, prefix, region, profile, endpoint }, ca: readCa(place.caFile) };
}

export async function bucketReader(place: NamedBucket, env: Env): Promise<ObjectReader> {
  const { S3Reader } = await import('../../lib/objects/s3-reader.js');
  return new S3Reader(bucketAccess(place, env));
}

/** Puts objects where {@link archiveReader} or {@link bucketReader} reads them; replaces none. */
export async function archiveWriter(
  { bucket, folder, config, ...more }: Partial<NamedBucket> & { folder?: string; config?: Config },
  env: Env,
): Promise<Remote> {
  const place = config?.archive;
  const path = folder ?? (bucket === undefined && place?.type === 'folder' ? place.path : undefined);
  if (path !== undefined) return new (await import('../../lib/remote/folder.js')).FolderRemote({ path });
  const { S3Remote } = await import('../../lib/remote/s3.js');
  if (bucket !== undefined) return new S3Remote(bucketAccess({ ...more, bucket }, env));
  if (place?.type !== 's3') throw new Error('neither a bucket nor a folder');
  return new S3Remote({ ...s3Access(place), bucket: place.bucket, prefix: place.prefix });
}

/** Erases where {@link archiveReader} or {@link bucketReader} reads. */
export async function archiveEraser(
  { bucket, folder, config, ...more }: Partial<NamedBucket> & { folder?: string; config?: Config },
  env: Env,
  clock: Clock,
): Promise<ObjectEraser> {
  const place = config?.archive;
  const path = folder ?? (bucket === undefined && place?.type === 'folder' ? place.path : undefined);
  if (path !== undefined) return new (await import('../../lib/objects/folder-eraser.js')).FolderEraser(resolve(path));
  const { S3Eraser } = await import('../../lib/objects/s3-eraser.js');
  if (bucket !== undefined) return new S3Eraser(bucketAccess({ ...more, bucket }, env), clock);
  if (place?.type !== 's3') throw new Error('neither a bucket nor a folder');
  return new S3Eraser({ ...s3Access(place), bucket: place.bucket, prefix: place.prefix }, clock);
}

/** Thaws where {@link bucketReader} reads. Throws a `Failure` `usage` for a folder, where nothing freezes. */
export async function archiveThaw(
  { bucket, config, ...more }: Partial<NamedBucket> & { config?: Config },
  env: Env,
): Promise<S3Thaw> {
  const { S3Thaw: Thaw } = await import('../../lib/objects/s3-thaw.js');
  const place = config?.archive;
  if (bucket !== undefined) return new Thaw(bucketAccess({ ...more, bucket }, env));
  if (place?.type === 's3') return new Thaw({ ...s3Access(place), bucket: place.bucket, prefix: place.prefix });
  throw new Failure('Nothing is frozen in a folder', {
    kind: 'permanent',
    code: 'usage',
    hint: 'To copy footage here: nvr-uplink get',
  });
}

/** Sites are looked at so many at once: each is a listing. */
const AT_ONCE = 16;

/** The sites whose index an archive holds. Throws a `Failure` `no-archive` where there is none. */
export async function sitesOf(reader: ObjectReader): Promise<string[]> {
  const names = (await reader.names('')).filter(isName).sort();
  const sites: string[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const below = await Promise.all(some.map((name) => reader.names(name)));
    sites.push(...some.filter((_, index) => below[index]!.includes('index')));
  }
  if (sites.length > 0) return sites;
  throw new Failure(`${reader.name} holds no archive: nothing there has an index`, {
    kind: 'permanent',
    code: 'no-archive',
    hint: `Check ${reader instanceof FolderReader ? '--folder' : '--bucket and --prefix'}. Files that an NVR uploaded by itself get an index by: nvr-uplink index rebuild`,
  });
}

/** A remote whose store can also be read with the same sign-in; undefined for the others. */
export async function remoteReader(remote: Config['remotes'][string]): Promise<ObjectReader | undefined> {
  return remote.type === 'folder' || remote.type === 's3' ? await archiveReader(remote) : undefined;
}
