import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoWatchTable } from '../../cdk/handlers/dynamo-watch-table.js';
import type { WatchTable } from '../../cdk/handlers/watch-table.js';
import { example, synthesize } from '../cdk/synthesized.js';
import { MemoryWatchTable } from '../simulators/memory-watch-table.js';

/** What every memory of the watch keeps to. */
function keepsTheContract(makeTable: () => Promise<WatchTable>): void {
  const cameras = async (table: WatchTable) => (await table.all()).cameras;

  it('knows nothing at first', async () => {
    expect(await (await makeTable()).all()).toEqual({ cameras: [], failures: [] });
  });

  it('keeps the latest arrival, in whatever order and however often they are noted', async () => {
    const table = await makeTable();
    for (const at of [2_000, 1_000, 3_000, 3_000, 2_500]) await table.seen('home', 'gate', at);
    await table.seen('shop', 'gate', 5);
    const states = (await cameras(table)).sort((a, b) => a.site.localeCompare(b.site));
    expect(states).toEqual([
      { site: 'home', camera: 'gate', lastSeen: 3_000 },
      { site: 'shop', camera: 'gate', lastSeen: 5 },
    ]);
  });

  it('keeps since when it waits, and when it told; an arrival touches neither', async () => {
    const table = await makeTable();
    await table.awaited('home', 'gate', 10);
    await table.awaited('home', 'gate', 20);
    await table.told('home', 'gate', 30);
    await table.seen('home', 'gate', 40);
    expect(await cameras(table)).toEqual([
      { site: 'home', camera: 'gate', awaitedSince: 10, toldAt: 30, lastSeen: 40 },
    ]);
    await table.told('home', 'gate', undefined);
    expect((await cameras(table))[0]!.toldAt).toBeUndefined();
  });

  it('counts failures, and keeps those that came while the others were told', async () => {
    const table = await makeTable();
    await table.failed('home', '/b/home/1.mp4', 'PARTIAL_UPLOAD');
    await table.failed('home', '/b/home/2.mp4', 'PARTIAL_UPLOAD');
    const { count } = (await table.all()).failures[0]!;
    await table.failed('home', '/b/home/3.mp4', 'UNKNOWN_ERROR');
    await table.failuresTold('home', count, 99);
    expect((await table.all()).failures).toEqual([
      { site: 'home', count: 1, lastFile: '/b/home/3.mp4', lastReason: 'UNKNOWN_ERROR', toldAt: 99 },
    ]);
    expect(await cameras(table)).toEqual([]);
  });

  it('holds a thousand cameras', async () => {
    const table = await makeTable();
    const names = Array.from({ length: 1_000 }, (_, index) => `camera-${index}`);
    await Promise.all(names.map((name) => table.seen('fleet', name, 1_788_000_000_000)));
    expect((await cameras(table)).map(({ camera }) => camera).sort()).toEqual(names.sort());
  });
}

describe('in memory', () => {
  keepsTheContract(async () => new MemoryWatchTable());
});

describe('in DynamoDB, as somebody else wrote it', () => {
  let server: Server;
  let client: DynamoDBClient;
  let tables = 0;
  beforeAll(async () => {
    server = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 10,
    });
  });
  afterAll(async () => {
    client.destroy();
    server.close();
  });

  keepsTheContract(async () => {
    // As the template has it.
    const { template } = synthesize(example('two-cameras'));
    const [table] = Object.values(template('Watch').findResources('AWS::DynamoDB::Table'));
    const { KeySchema, AttributeDefinitions, BillingMode } = table!.Properties;
    const TableName = `table-${++tables}`;
    await client.send(new CreateTableCommand({ TableName, KeySchema, AttributeDefinitions, BillingMode }));
    return new DynamoWatchTable(client, TableName);
  });
});
