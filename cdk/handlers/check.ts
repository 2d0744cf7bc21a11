import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DynamoWatchTable } from './dynamo-watch-table.js';
import { checkMetrics } from './metrics.js';
import { newestObject } from './newest-object.js';
import { check } from './silence.js';
import type { WatchSettings } from './watch-settings.js';

/** Runs on Lambda once a minute. */

const settings = JSON.parse(readFileSync(new URL('settings.json', import.meta.url), 'utf8')) as WatchSettings;
const { TABLE = '', BUCKET = '', TOPIC = '', DEPLOYMENT = '' } = process.env;
const table = new DynamoWatchTable(new DynamoDBClient({}), TABLE);
const s3 = new S3Client({});
const sns = new SNSClient({});

export async function handler(): Promise<void> {
  const now = Date.now();
  const counts = await check(now, {
    settings,
    table,
    newest: (site, camera) => newestObject(s3, BUCKET, { site, camera, now }),
    async tell(Subject, Message) {
      await sns.send(new PublishCommand({ TopicArn: TOPIC, Subject, Message }));
    },
  });
  for (const line of checkMetrics(counts, { deployment: DEPLOYMENT, siteMetrics: settings.siteMetrics, now })) {
    console.log(line);
  }
}
