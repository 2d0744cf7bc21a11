import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AlarmStatusWidget, Dashboard, GraphWidget, LogQueryWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { AlarmSettings } from '../src/config/deployment-schema.js';
import type { ArchiveBucket } from './archive-bucket.js';
import { WatchAlarms } from './watch-alarms.js';
import { WatchFunctions } from './watch-functions.js';

export interface WatchStackProps extends StackProps {
  readonly archive: ArchiveBucket;
  readonly settings: AlarmSettings;
  readonly sites: readonly DeployedSite[];
  /** Sets this deployment's metrics apart from another's. */
  readonly deployment: string;
  /**
   * The endpoint's structured log, for failed sign-ins.
   * @default - there is no endpoint
   */
  readonly transferLog?: ILogGroup;
}

/** Looks at the bucket from outside: a recorder that was stolen cannot say so itself. */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, props: WatchStackProps) {
    super(scope, id, props);
    const { archive, settings, sites, deployment, transferLog } = props;
    const topic = this.#makeTopic(settings);
    const functions = new WatchFunctions(this, 'Watch', { archive, settings, sites, topic, deployment });
    const alarms = new WatchAlarms(this, 'Alarms', { settings, deployment, topic, sites, transferLog });
    this.#makeDashboard(alarms, functions, transferLog);
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn, description: 'Subscribe telephones and pagers here' });
  }

  #makeTopic(settings: AlarmSettings): Topic {
    const topic = new Topic(this, 'Alarm', { displayName: 'nvr-uplink', enforceSSL: true });
    for (const address of settings.email) topic.addSubscription(new EmailSubscription(address));
    topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com', { conditions: this.#ownAlarms() }));
    return topic;
  }

  /** CloudWatch publishes for every account; only alarms of this one may use the topic. */
  #ownAlarms() {
    return { StringEquals: { 'aws:SourceAccount': this.account } };
  }

  #makeDashboard(
    { alarms, metrics, bySite }: WatchAlarms,
    { checking }: WatchFunctions,
    transferLog?: ILogGroup,
  ): void {
    const dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.days(1) });
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24 }));
    dashboard.addWidgets(
      new GraphWidget({ title: 'Silent', left: [metrics.silentCameras, metrics.silentSites], width: 12 }),
      new GraphWidget({ title: 'Failed uploads', left: [metrics.failedUploads], width: 12 }),
    );
    if (bySite) dashboard.addWidgets(new GraphWidget({ title: 'Silent cameras by site', left: [bySite], width: 24 }));
    dashboard.addWidgets(
      new LogQueryWidget({
        title: 'Errors of the watch',
        logGroupNames: [checking.logGroup.logGroupName],
        queryLines: ['fields @timestamp, @message', 'filter @message like /ERROR|Task timed out/', 'limit 20'],
        width: transferLog ? 12 : 24,
      }),
      ...(transferLog ? [refusals(transferLog)] : []),
    );
  }
}

function refusals(transferLog: ILogGroup): LogQueryWidget {
  return new LogQueryWidget({
    title: 'Refused sign-ins and broken uploads by user and address',
    logGroupNames: [transferLog.logGroupName],
    queryLines: [
      'filter `activity-type` in ["AUTH_FAILURE", "PARTIAL_CLOSE", "ERROR", "TLS_RESUME_FAILURE"]',
      'stats count(*) as times by `activity-type`, user, `source-ip`',
      'sort times desc',
      'limit 20',
    ],
    width: 12,
  });
}
