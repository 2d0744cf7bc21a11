import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { FolderReader } from '../../lib/objects/folder-reader.js';
import { ParallelReader } from '../../lib/objects/parallel-reader.js';
import { S3Reader } from '../../lib/objects/s3-reader.js';
import { ObjectArchive } from '../../src/archive/object-archive.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { sha256 } from '../simulators/entries.js';
import { buildArchive } from '../simulators/folder-archive.js';
import { archiveSourceContract } from './archive-source.js';
import { objectReaderContract } from './object-reader.js';

objectReaderContract('FolderReader', async () => {
  const root = await mkdtemp(join(tmpdir(), 'reader-'));
  return {
    reader: new FolderReader(root),
    put: async (key, data) => {
      await mkdir(dirname(join(root, key)), { recursive: true });
      await writeFile(join(root, key), data);
    },
    dispose: () => rm(root, { recursive: true }),
  };
});

it('FolderReader computes the SHA-256 of a file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'reader-'));
  await writeFile(join(root, 'x'), 'some bytes');
  expect(await new FolderReader(root).checksum('x')).toEqual({ sha256: sha256('some bytes') });
  await rm(root, { recursive: true });
});

let ceph: Radosgw;
let client: S3Client;
beforeAll(async () => {
  ceph = await sharedRadosgw();
  client = new S3Client({ ...ceph.access, forcePathStyle: true });
});
afterAll(() => client?.destroy());

async function bucketReader() {
  const bucket = await ceph.createBucket();
  const reader = new S3Reader({ ...ceph.access, bucket, prefix: 'some/prefix' });
  const put = async (key: string, data: string) => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: `some/prefix/${key}`, Body: data }));
  };
  return { reader, put, dispose: async () => undefined };
}

objectReaderContract('S3Reader on radosgw', bucketReader);

objectReaderContract('ParallelReader', async () => {
  const { reader, ...rest } = await bucketReader();
  return { ...rest, reader: new ParallelReader(reader, systemClock) };
});

archiveSourceContract('ObjectArchive on a bucket', async () => {
  const { reader, put } = await bucketReader();
  const source = new ObjectArchive({ reader, site: 'home', onProblem: () => undefined });
  return { source, add: buildArchive(put), dispose: async () => reader.close() };
});

it('S3Reader says that there is no such bucket, or no such server', async () => {
  const missing = new S3Reader({ ...ceph.access, bucket: 'no-such-bucket' });
  await expect(missing.names('')).rejects.toMatchObject({ code: 'bucket-missing' });
  const away = new S3Reader({ ...ceph.access, bucket: 'x', endpoint: 'http://127.0.0.1:9' });
  await expect(away.stat('x')).rejects.toMatchObject({ code: 'unreachable' });
});
