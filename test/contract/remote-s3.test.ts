import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { S3Remote } from '../../lib/remote/s3.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { until } from '../peers/until.js';
import { Line } from '../simulators/line.js';
import { remoteContract } from './remote.js';

let radosgw: Radosgw;
let client: S3Client;
const never = () => new AbortController().signal;

beforeAll(async () => {
  radosgw = await sharedRadosgw();
  client = new S3Client({ ...radosgw.access, forcePathStyle: true });
});
afterAll(() => client?.destroy());

async function read(bucket: string, key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from(await Body!.transformToByteArray());
}

remoteContract(
  's3 on radosgw',
  async ({ stallMs }) => {
    const bucket = await radosgw.createBucket();
    // Others use the same gateway: what goes away, or falls silent, is the line to it.
    const line = await Line.to(Number(new URL(radosgw.access.endpoint).port));
    const endpoint = `http://127.0.0.1:${line.port}`;
    return {
      remote: new S3Remote({ ...radosgw.access, bucket, endpoint, prefix: 'base', stallMs }),
      read: (key) => read(bucket, `base/${key}`),
      vanish: () => line.cut(),
      reappear: () => line.restore(),
      silence: async () => line.hold(),
      stop: () => line.cut(),
    };
  },
  { canFallSilent: true, replaces: false, acknowledgesBytes: 8 * 2 ** 20 },
);

describe('S3Remote', () => {
  let local: string;
  let bucket: string;
  let remote: S3Remote;
  const file = async (data: Buffer) => {
    const path = join(local, 'file');
    await writeFile(path, data);
    return path;
  };

  beforeEach(async () => {
    local = await mkdtemp(join(tmpdir(), 's3-'));
    bucket = await radosgw.createBucket();
    remote = new S3Remote({ ...radosgw.access, bucket });
  });
  afterEach(async () => {
    await remote.close();
    await rm(local, { recursive: true, force: true });
  });

  it('stores what takes several parts, and leaves no parts behind when it is stopped', async () => {
    const data = randomBytes(40_000_000);
    const path = await file(data);
    const stop = new AbortController();
    await expect(remote.put('k', path, stop.signal, () => stop.abort())).rejects.toMatchObject({ kind: 'aborted' });
    await until('the parts gone', async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.length === 0;
    });
    expect(await remote.stat('k', never())).toBeUndefined();
    await remote.put('k', path, never());
    expect((await read(bucket, 'k')).equals(data)).toBe(true);
  });

  it('does not take an object of another for its own because it has the same size', async () => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: randomBytes(1000) }));
    const path = await file(randomBytes(1000));
    await expect(remote.put('k', path, never())).rejects.toMatchObject({ kind: 'permanent', code: 'key-taken' });
  });

  it('knows its own object again by a checksum', async () => {
    const path = await file(randomBytes(1000));
    await remote.put('k', path, never());
    expect(await remote.put('k', path, never())).toMatchObject({ proven: 'checksum', provenBy: 'stat' });
  });

  it.each([
    ['a wrong secret', { secretAccessKey: 'x'.repeat(40) }],
    ['an unknown key', { accessKeyId: 'nobody' }],
  ])('says that %s is refused, for good', async (_what, wrong) => {
    const { credentials } = radosgw.access;
    const other = new S3Remote({ ...radosgw.access, bucket, credentials: { ...credentials, ...wrong } });
    const failure = await other.put('k', await file(Buffer.from('x')), never()).catch((error) => error);
    expect(failure).toMatchObject({ name: 'Failure', kind: 'permanent', code: 'permission-denied' });
    expect(failure.hint).toMatch(/^[A-Z].*[.?]$/);
    await other.close();
  });

  it('says that there is no such bucket', async () => {
    const other = new S3Remote({ ...radosgw.access, bucket: 'nowhere' });
    const put = other.put('k', await file(Buffer.from('x')), never());
    await expect(put).rejects.toMatchObject({ kind: 'permanent', code: 'bucket-missing' });
    await other.close();
  });
});
