import { Duration } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { AlarmSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { HandlerFunction } from './handler-function.js';
import type { WatchSettings } from './handlers/watch-settings.js';

export interface WatchFunctionsProps {
  readonly archive: ArchiveBucket;
  readonly settings: AlarmSettings;
  readonly sites: readonly DeployedSite[];
  readonly topic: ITopic;
  /** Sets this deployment's metrics apart from another's. */
  readonly deployment: string;
}

/** The dead-man: one function notes what arrives, another looks once a minute who has fallen silent. Two, for 1 camera or for 1,000. */
export class WatchFunctions extends Construct {
  readonly noting: HandlerFunction;
  readonly checking: HandlerFunction;

  constructor(scope: Construct, id: string, props: WatchFunctionsProps) {
    super(scope, id);
    const { deployment } = props;
    const table = new Table(this, 'LastSeen', {
      partitionKey: { name: 'site', type: AttributeType.STRING },
      sortKey: { name: 'item', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.DEFAULT,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    this.noting = new HandlerFunction(this, 'Noting', {
      handler: 'arrived',
      description: 'nvr-uplink: notes what arrived in the archive',
      environment: { TABLE: table.tableName, DEPLOYMENT: deployment },
    });
    table.grant(this.noting, 'dynamodb:UpdateItem');
    this.checking = this.#makeCheck(props, table);
    table.grant(this.checking, 'dynamodb:Scan', 'dynamodb:UpdateItem');
    this.#subscribe(props.archive);
  }

  #makeCheck({ archive, settings, sites, topic, deployment }: WatchFunctionsProps, table: Table): HandlerFunction {
    const checking = new HandlerFunction(this, 'Checking', {
      handler: 'check',
      description: 'nvr-uplink: tells which cameras have fallen silent',
      environment: {
        TABLE: table.tableName,
        BUCKET: archive.bucket.bucketName,
        TOPIC: topic.topicArn,
        DEPLOYMENT: deployment,
      },
      settings: watchSettings(settings, sites),
      // Over before the next begins: two at once would tell everything twice. Not by reserving concurrency, of which a new account has
      // none to spare.
      timeout: Duration.seconds(50),
    });
    checking.addToRolePolicy(
      new PolicyStatement({ sid: 'LookAgain', actions: ['s3:ListBucket'], resources: [archive.bucket.bucketArn] }),
    );
    topic.grantPublish(checking);
    new Rule(this, 'EveryMinute', {
      description: 'nvr-uplink: who has fallen silent?',
      schedule: Schedule.rate(Duration.minutes(1)),
      // The next minute brings the next check; an old one is worth nothing.
      targets: [new LambdaFunction(checking, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    return checking;
  }

  #subscribe({ bucket }: ArchiveBucket): void {
    const target = new LambdaFunction(this.noting, { maxEventAge: Duration.hours(2) });
    new Rule(this, 'Arrived', {
      description: 'nvr-uplink: footage arrived',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        // Index shards say nothing of a camera, and are a third of all objects.
        detail: { bucket: { name: [bucket.bucketName] }, object: { key: [{ suffix: '.mp4' }, { suffix: '.jpg' }] } },
      },
      targets: [target],
    });
    new Rule(this, 'UploadFailed', {
      description: 'nvr-uplink: an upload broke off or was refused',
      eventPattern: {
        source: ['aws.transfer'],
        detailType: ['SFTP', 'FTPS', 'FTP'].map((protocol) => `${protocol} Server File Upload Failed`),
        // Other servers of the account are not ours to tell of.
        detail: { 'file-path': [{ prefix: `/${bucket.bucketName}/` }] },
      },
      targets: [target],
    });
  }
}

export function watchSettings(settings: AlarmSettings, sites: readonly DeployedSite[]): WatchSettings {
  return {
    sites: Object.fromEntries(
      sites.map(({ name, everyMs, cameras }) => [
        name,
        {
          everyMs,
          cameras: cameras && Object.fromEntries(cameras.map((camera) => [camera.name, camera.everyMs])),
        },
      ]),
    ),
    silentAfter: settings.silent_after,
    remindMs: settings.remind,
    siteMetrics: settings.site_metrics,
  };
}
