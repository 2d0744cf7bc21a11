import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type ArchiveEvent, note } from './arrivals.js';
import { DynamoWatchTable } from './dynamo-watch-table.js';
import { metricLine } from './metrics.js';

/** Runs on Lambda: EventBridge calls it for each object that arrives and each upload that failed. */

const { TABLE = '', DEPLOYMENT = '' } = process.env;
const table = new DynamoWatchTable(new DynamoDBClient({}), TABLE);

export async function handler(event: ArchiveEvent): Promise<void> {
  await note(event, table);
  if (event.source === 'aws.transfer') {
    console.log(metricLine(Date.now(), { Deployment: DEPLOYMENT }, { FailedUploads: 1 }));
  }
}
