import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { watchSettings } from '../../cdk/watch-functions.js';
import { deployment } from '../cdk/synthesized.js';
import { type LoadedLambda, loadLambda } from '../simulators/lambda.js';
import { AwsError, ScriptedAws } from '../simulators/scripted-aws.js';

/** The two functions that are deployed, as the files that are deployed, on a DynamoDB that somebody else wrote. */

const MINUTE = 60_000;
const TABLE = 'last-seen';
const { alarms, sites } = deployment(`
aws: { alarms: { silent_after: 3, site_metrics: true } }
sites: { home: { cameras: [gate, yard] } }
`);

let database: Server;
let aws: ScriptedAws;
let arrived: LoadedLambda<object, void>;
let check: LoadedLambda<object, void>;
let now = Date.parse('2026-05-03T12:00:00Z');
const logged: string[] = [];

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => void logged.push(line));
  vi.spyOn(Date, 'now').mockImplementation(() => now);
  database = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
  await once(database, 'listening');
  const endpoint = `http://127.0.0.1:${(database.address() as AddressInfo).port}`;
  aws = await ScriptedAws.start({
    Publish: () => '<MessageId>1</MessageId>',
    // An empty bucket.
    GET: () => '<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
  });
  const environment = {
    ...aws.environment,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    ...{ TABLE, BUCKET: 'archive', DEPLOYMENT: 'NvrUplink', TOPIC: 'arn:aws:sns:eu-west-1:123456789012:alarm' },
  };
  arrived = await loadLambda('arrived', environment);
  check = await loadLambda('check', environment, watchSettings(alarms!, sites));
  const client = new DynamoDBClient({ endpoint, region: 'eu-west-1' });
  const keys = [
    ['site', 'HASH'],
    ['item', 'RANGE'],
  ] as const;
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
      AttributeDefinitions: keys.map(([AttributeName]) => ({ AttributeName, AttributeType: 'S' })),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  client.destroy();
});

afterAll(async () => {
  vi.restoreAllMocks();
  await Promise.all([arrived.remove(), check.remove(), aws.stop()]);
  database.close();
});

const mails = () => aws.inputsOf('Publish').map(({ Subject, Message }) => `${Subject} | ${String(Message).trim()}`);
const arrive = (camera: string) => {
  const time = new Date(now).toISOString();
  const stamp = time.replace(/[-:]|\.\d{3}/g, '');
  const key = `home/${camera}/2026/05/03/${camera}_${stamp}_continuous.mp4`;
  return arrived.handler({
    ...{ source: 'aws.s3', 'detail-type': 'Object Created', time },
    detail: { bucket: { name: 'archive' }, object: { key, size: 77_000_000 } },
  });
};
const failed = () =>
  arrived.handler({
    ...{ source: 'aws.transfer', 'detail-type': 'SFTP Server File Upload Failed', time: new Date(now).toISOString() },
    detail: { username: 'home', 'file-path': '/archive/home/yard/x.mp4', 'failure-code': 'PARTIAL_UPLOAD' },
  });
const metrics = () => logged.map((line) => JSON.parse(line)).filter((line) => '_aws' in line);

it('tell by name who fell silent, who is back and what failed, once each, and count it', async () => {
  await arrive('gate');
  await arrive('yard');
  await check.handler({});
  expect(mails()).toEqual([]);
  now += 10 * MINUTE;
  await arrive('gate');
  await check.handler({});
  expect(mails()).toEqual([]);
  now += 5 * MINUTE;
  await check.handler({});
  await check.handler({});
  expect(mails()).toEqual(['nvr-uplink: silent: home | SILENT  home: yard (since 2026-05-03T12:00:00Z)']);
  // It asked the bucket before it told.
  expect(aws.inputsOf('GET').map(({ url }) => decodeURIComponent(String(url)))).toEqual([
    expect.stringContaining('prefix=home/yard/2026/05/03/'),
    expect.stringContaining('prefix=home/yard/2026/05/02/'),
  ]);
  expect(metrics().at(-1)).toMatchObject({ Deployment: 'NvrUplink', Site: 'home', SilentCameras: 1 });
  await arrive('yard');
  await failed();
  await check.handler({});
  expect(mails().slice(1)).toEqual([
    'nvr-uplink: back: home; failed uploads: home | BACK    home: yard\nFAILED  home: 1 upload, last /archive/home/yard/x.mp4 (PARTIAL_UPLOAD)',
  ]);
  expect(metrics().filter((line) => 'FailedUploads' in line)).toHaveLength(1);
  const [whole] = metrics().filter((line) => 'Checks' in line);
  expect(whole).toMatchObject({
    ...{ Deployment: 'NvrUplink', Checks: 1, Cameras: 2, SilentCameras: 0, SilentSites: 0 },
    _aws: { Timestamp: Date.parse('2026-05-03T12:00:00Z'), CloudWatchMetrics: [{ Namespace: 'NvrUplink' }] },
  });
});

it('fail, so that it is seen, where the mail cannot be sent', async () => {
  aws.script.Publish = () => {
    throw new AwsError('AuthorizationError', 'not allowed', 403);
  };
  now += 60 * MINUTE;
  await expect(check.handler({})).rejects.toThrow('not allowed');
});
