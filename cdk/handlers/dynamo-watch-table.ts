import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  paginateScan,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { CameraState, FailureState, WatchTable } from './watch-table.js';

/** No camera has this name: names hold no `#`. */
const FAILURES = '#failures';

type Item = Record<string, AttributeValue>;

/** The watch's memory in DynamoDB: an item for each camera and one for each site's failures, by `site` and `item`. */
export class DynamoWatchTable implements WatchTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async all(): Promise<{ cameras: CameraState[]; failures: FailureState[] }> {
    const items = await this.#scan();
    const isFailures = (item: Item) => item.item!.S === FAILURES;
    return {
      cameras: items.filter((item) => !isFailures(item)).map(cameraOf),
      failures: items.filter(isFailures).map(failuresOf),
    };
  }

  async seen(site: string, camera: string, at: number): Promise<void> {
    try {
      await this.#update(site, camera, {
        UpdateExpression: 'SET lastSeen = :at',
        ConditionExpression: 'attribute_not_exists(lastSeen) OR lastSeen < :at',
        ExpressionAttributeValues: { ':at': { N: String(at) } },
      });
    } catch (error) {
      // A later one was there already.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async awaited(site: string, camera: string, since: number): Promise<void> {
    await this.#update(site, camera, {
      UpdateExpression: 'SET awaitedSince = if_not_exists(awaitedSince, :since)',
      ExpressionAttributeValues: { ':since': { N: String(since) } },
    });
  }

  async told(site: string, camera: string, at: number | undefined): Promise<void> {
    await this.#update(
      site,
      camera,
      at === undefined
        ? { UpdateExpression: 'REMOVE toldAt' }
        : { UpdateExpression: 'SET toldAt = :at', ExpressionAttributeValues: { ':at': { N: String(at) } } },
    );
  }

  async failed(site: string, file: string, reason: string): Promise<void> {
    await this.#update(site, FAILURES, {
      UpdateExpression: 'SET lastFile = :file, lastReason = :reason ADD failed :one',
      ExpressionAttributeValues: { ':file': { S: file }, ':reason': { S: reason }, ':one': { N: '1' } },
    });
  }

  async failuresTold(site: string, count: number, at: number): Promise<void> {
    await this.#update(site, FAILURES, {
      UpdateExpression: 'SET toldAt = :at ADD failed :told',
      ExpressionAttributeValues: { ':at': { N: String(at) }, ':told': { N: String(-count) } },
    });
  }

  async #update(site: string, item: string, update: Partial<UpdateItemCommandInput>): Promise<void> {
    const Key = { site: { S: site }, item: { S: item } };
    await this.#client.send(new UpdateItemCommand({ TableName: this.#table, Key, ...update }));
  }

  async #scan(): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of paginateScan({ client: this.#client }, { TableName: this.#table })) {
      items.push(...(page.Items ?? []));
    }
    return items;
  }
}

function cameraOf(item: Item): CameraState {
  return {
    site: item.site!.S!,
    camera: item.item!.S!,
    lastSeen: numberOf(item, 'lastSeen'),
    awaitedSince: numberOf(item, 'awaitedSince'),
    toldAt: numberOf(item, 'toldAt'),
  };
}

function failuresOf(item: Item): FailureState {
  return {
    site: item.site!.S!,
    count: numberOf(item, 'failed') ?? 0,
    lastFile: item.lastFile?.S ?? '',
    lastReason: item.lastReason?.S ?? '',
    toldAt: numberOf(item, 'toldAt'),
  };
}

function numberOf(item: Item, name: string): number | undefined {
  const text = item[name]?.N;
  return text === undefined ? undefined : Number(text);
}
