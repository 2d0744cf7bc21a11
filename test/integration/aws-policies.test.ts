import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectLockRule,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newestObject } from '../../cdk/handlers/newest-object.js';
import { sessionPolicy } from '../../cdk/upload-policy.js';
import { resolved } from '../cdk/resolved.js';
import { deployment, example, synthesize } from '../cdk/synthesized.js';
import type { Radosgw, RadosgwAddress } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';

/** The policies of the templates, word for word, enforced by a server that AWS did not write. */

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q recorder';
const SITES = `sites: { shop: { keys: [${KEY}] }, bank: { keys: [${KEY}], mode: verify } }`;
const OWN = 'shop/gate/2026/05/03/gate_20260503T021000Z_continuous.mp4';
const OTHER = 'bank/safe/2026/05/03/safe_20260503T021000Z_continuous.mp4';

let server: Radosgw;
let bucket: string;
let owner: S3Client;
const clients: S3Client[] = [];

function client(credentials: RadosgwAddress['credentials']): S3Client {
  const made = new S3Client({ ...server.access, credentials, forcePathStyle: true });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  server = await sharedRadosgw();
  owner = client(server.access.credentials);
  bucket = await server.createBucket();
  await owner.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (const Key of [OWN, OTHER]) await owner.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'the owner’s' }));
}, 240_000);

afterAll(() => {
  for (const one of clients) one.destroy();
});

const put = (Key: string, Body = 'footage') => new PutObjectCommand({ Bucket: bucket, Key, Body });
const list = (Prefix: string | undefined) => new ListObjectsV2Command({ Bucket: bucket, Prefix });
const denied = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });

/** The policy of the one role or user whose description or logical id begins so. */
function policyOf(stacks: ReturnType<typeof synthesize>, end: string, begins: string): object {
  const { Resources } = stacks.template(end).toJSON();
  const found = Object.entries(Resources as Record<string, { Type: string; Properties: Record<string, never> }>).filter(
    ([id, { Type }]) => id.startsWith(begins) && (Type === 'AWS::IAM::Role' || Type === 'AWS::IAM::Policy'),
  );
  expect(found).toHaveLength(1);
  const { Policies, PolicyDocument } = found[0]![1].Properties as {
    Policies?: { PolicyDocument: object }[];
    PolicyDocument?: object;
  };
  if (Policies) expect(Policies).toHaveLength(1);
  return resolved(PolicyDocument ?? Policies![0]!.PolicyDocument, bucket, stacks.template, end) as object;
}

const throughEndpoint = () => synthesize(deployment(`aws: { transfer: {} }\n${SITES}`));

/** Every way in which a site's right to upload comes about. */
const WAYS: [string, () => Promise<S3Client>][] = [
  [
    'its role at the endpoint',
    async () => client(await server.assumeRole(policyOf(throughEndpoint(), 'Transfer', 'Roleshop'))),
  ],
  [
    'its user for direct uploads',
    async () =>
      client(
        await server.assumeRole(
          policyOf(synthesize(deployment('sites: { shop: {}, bank: {} }')), 'Direct', 'Uploadshop'),
        ),
      ),
  ],
  [
    // The widest role there is: whatever is denied now is denied by the session policy alone.
    'the session policy of the sign-in',
    async () => {
      const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
      const policy = sessionPolicy({ bucketArn: `arn:aws:s3:::${bucket}`, site: 'shop', mode: 'dropbox' });
      return client(await server.assumeRole(everything, policy));
    },
  ],
];

describe.each(WAYS)('a recorder with %s', (_, signIn) => {
  let recorder: S3Client;
  beforeAll(async () => {
    recorder = await signIn();
  });

  it('puts files below its own prefix, small ones and those of many parts', async () => {
    await recorder.send(put('shop/gate/2026/05/03/gate_20260503T021500Z_continuous.mp4'));
    await recorder.send(put('shop/index/gate/2026/05/03/02-000001.ndjson', '{}\n'));
    const Body = Buffer.alloc(11 * 2 ** 20, 'x');
    const Key = 'shop/gate/2026/05/03/gate_20260503T022000Z_continuous.mp4';
    await new Upload({ client: recorder, params: { Bucket: bucket, Key, Body }, partSize: 5 * 2 ** 20 }).done();
    expect((await owner.send(new HeadObjectCommand({ Bucket: bucket, Key }))).ContentLength).toBe(Body.length);
  });

  it('looks up the size of what it put, in a listing of its own prefix', async () => {
    const found = await recorder.send(list(OWN));
    expect(found.Contents?.map(({ Key }) => Key)).toEqual([OWN]);
  });

  it.each(['bank/safe/2026/05/03/safe_20260503T021500Z_continuous.mp4', 'shopping/x.mp4', 'x.mp4', 'shop'])(
    'cannot put %s',
    async (key) => {
      await denied(recorder.send(put(key)));
    },
  );

  it.each([['bank/'], ['shopping/'], [''], [undefined]])('cannot list %s', async (prefix) => {
    await denied(recorder.send(list(prefix)));
  });

  it.each([OWN, OTHER])('cannot read %s, nor ask about it', async (Key) => {
    await denied(recorder.send(new GetObjectCommand({ Bucket: bucket, Key })));
    await denied(recorder.send(new HeadObjectCommand({ Bucket: bucket, Key })));
  });

  it.each([OWN, OTHER])('cannot delete %s, nor any version of it, nor list versions', async (Key) => {
    await denied(recorder.send(new DeleteObjectCommand({ Bucket: bucket, Key })));
    const { Versions } = await owner.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key }));
    const { VersionId } = Versions!.at(-1)!;
    await denied(recorder.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId })));
    await denied(recorder.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key })));
  });

  it('may overwrite, and what was there before stays', async () => {
    await recorder.send(put(OWN, 'forged'));
    const { Versions } = await owner.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: OWN }));
    const { VersionId } = Versions!.at(-1)!;
    const first = await owner.send(new GetObjectCommand({ Bucket: bucket, Key: OWN, VersionId }));
    expect(await first.Body!.transformToString()).toBe('the owner’s');
  });
});

describe('a recorder in mode `verify`', () => {
  it("reads its own files back, and nobody else's", async () => {
    const recorder = client(await server.assumeRole(policyOf(throughEndpoint(), 'Transfer', 'Rolebank')));
    await recorder.send(put(OTHER));
    await recorder.send(new HeadObjectCommand({ Bucket: bucket, Key: OTHER }));
    const read = await recorder.send(new GetObjectCommand({ Bucket: bucket, Key: OTHER }));
    expect(await read.Body!.transformToString()).toBe('footage');
    await denied(recorder.send(new GetObjectCommand({ Bucket: bucket, Key: OWN })));
    await denied(recorder.send(new DeleteObjectCommand({ Bucket: bucket, Key: OTHER })));
  });
});

describe('the watch', () => {
  it('finds when the newest file of a camera arrived, and needs no right but to list', async () => {
    const { Resources } = synthesize(example('two-cameras')).template('Watch').toJSON();
    const statements = Object.values(
      Resources as Record<string, { Properties: { PolicyDocument?: { Statement: { Sid?: string }[] } } }>,
    )
      .flatMap(({ Properties }) => Properties.PolicyDocument?.Statement ?? [])
      .filter(({ Sid }) => Sid === 'LookAgain');
    expect(statements).toHaveLength(1);
    const stacks = synthesize(example('two-cameras'));
    const policy = resolved({ Version: '2012-10-17', Statement: statements }, bucket, stacks.template, 'Watch');
    const watch = client(await server.assumeRole(policy as object));
    const now = Date.parse('2026-05-04T00:20:00Z');
    const before = Date.now() - 60_000;
    // Of the day before, since today has nothing yet.
    const found = await newestObject(watch, bucket, { site: 'bank', camera: 'safe', now });
    expect(found).toBeGreaterThan(before);
    expect(
      await newestObject(watch, bucket, { site: 'bank', camera: 'safe', now: now + 2 * 86_400_000 }),
    ).toBeUndefined();
    expect(await newestObject(watch, bucket, { site: 'bank', camera: 'other', now })).toBeUndefined();
    await denied(watch.send(new GetObjectCommand({ Bucket: bucket, Key: OTHER })));
    await denied(watch.send(put(OTHER)));
  });
});

describe('a viewer', () => {
  it('reads and lists everything, old versions too, and changes nothing', async () => {
    const viewer = client(await server.assumeRole(policyOf(throughEndpoint(), 'Viewer', 'Viewer')));
    for (const Key of [OWN, OTHER]) await viewer.send(new GetObjectCommand({ Bucket: bucket, Key }));
    expect((await viewer.send(list(undefined))).KeyCount).toBeGreaterThan(1);
    const { Versions } = await viewer.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: OWN }));
    const { VersionId } = Versions!.at(-1)!;
    await viewer.send(new GetObjectCommand({ Bucket: bucket, Key: OWN, VersionId }));
    await denied(viewer.send(put(OWN)));
    await denied(viewer.send(put('elsewhere.mp4')));
    await denied(viewer.send(new DeleteObjectCommand({ Bucket: bucket, Key: OWN })));
    await denied(viewer.send(new DeleteObjectCommand({ Bucket: bucket, Key: OWN, VersionId })));
  });
});

describe('a locked bucket', () => {
  it('keeps each version from everybody, its owner included, while uploads go on as before', async () => {
    const locked = await server.createBucket({ objectLock: true });
    const { Resources } = synthesize(example('locked-kms')).template('Archive').toJSON();
    const archive = Object.values(Resources as Record<string, { Properties: Record<string, unknown> }>).find(
      ({ Properties }) => 'ObjectLockConfiguration' in Properties,
    )!;
    expect(archive.Properties.ObjectLockEnabled).toBe(true);
    // As the template has it, in the words of the API.
    const { Rule } = archive.Properties.ObjectLockConfiguration as { Rule: ObjectLockRule };
    expect(Rule).toEqual({ DefaultRetention: { Days: 90, Mode: 'GOVERNANCE' } });
    await owner.send(
      new PutObjectLockConfigurationCommand({
        Bucket: locked,
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule },
      }),
    );
    const back = await owner.send(new GetObjectLockConfigurationCommand({ Bucket: locked }));
    expect(back.ObjectLockConfiguration?.Rule).toEqual(Rule);
    const first = await owner.send(new PutObjectCommand({ Bucket: locked, Key: OWN, Body: 'evidence' }));
    await owner.send(new PutObjectCommand({ Bucket: locked, Key: OWN, Body: 'forged' }));
    await owner.send(new DeleteObjectCommand({ Bucket: locked, Key: OWN }));
    await denied(owner.send(new DeleteObjectCommand({ Bucket: locked, Key: OWN, VersionId: first.VersionId })));
    const kept = await owner.send(new GetObjectCommand({ Bucket: locked, Key: OWN, VersionId: first.VersionId }));
    expect(await kept.Body!.transformToString()).toBe('evidence');
  });
});
