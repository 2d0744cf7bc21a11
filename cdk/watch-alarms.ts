import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { DeployedSite } from '../src/config/deployment.js';
import type { AlarmSettings } from '../src/config/deployment-schema.js';
import { NAMESPACE } from './handlers/metrics.js';

export interface WatchAlarmsProps {
  readonly settings: AlarmSettings;
  readonly deployment: string;
  readonly topic: ITopic;
  readonly sites: readonly DeployedSite[];
  /**
   * The endpoint's structured log.
   * @default - there is no endpoint
   */
  readonly transferLog?: ILogGroup;
}

/** CloudWatch takes filter patterns of up to 1,024 characters. */
const MAX_PATTERN = 1_024;

/** Five alarms at most, whatever the number of cameras: the check's mail names those, and these watch the check itself. */
export class WatchAlarms extends Construct {
  readonly alarms: IAlarm[];
  readonly metrics: Record<'silentCameras' | 'silentSites' | 'failedUploads', IMetric>;
  /** A line for each site, where each has a metric of its own. */
  readonly bySite: IMetric | undefined;

  constructor(scope: Construct, id: string, props: WatchAlarmsProps) {
    super(scope, id);
    const { deployment, topic, transferLog } = props;
    const metric = (metricName: string, statistic: string) =>
      new Metric({
        ...{ namespace: NAMESPACE, metricName, statistic, period: Duration.minutes(5) },
        dimensionsMap: { Deployment: deployment },
      });
    this.metrics = {
      silentCameras: metric('SilentCameras', Stats.MAXIMUM),
      silentSites: metric('SilentSites', Stats.MAXIMUM),
      failedUploads: metric('FailedUploads', Stats.SUM),
    };
    this.bySite = props.settings.site_metrics
      ? new MathExpression({
          expression: `SEARCH('{${NAMESPACE},Deployment,Site} Deployment="${deployment}" MetricName="SilentCameras"', 'Maximum')`,
          label: '',
          period: Duration.minutes(5),
        })
      : undefined;
    const watching = this.#alarm('WatchStopped', metric('Checks', Stats.SUM), {
      description: 'Nobody looks any more whether cameras have fallen silent',
      threshold: 1,
      isBelow: true,
    });
    const silent = this.#alarm('Silent', this.metrics.silentCameras, {
      description: 'A camera is silent; the mail of nvr-uplink names it',
      threshold: 1,
    });
    const failing = this.#alarm('UploadsFail', this.metrics.failedUploads, {
      description: 'Uploads break off or are refused; the mail of nvr-uplink names the site',
      threshold: 1,
    });
    const told = [watching, ...(transferLog ? [this.#signIns(props, transferLog)] : [])];
    // The other two have their mail already, with names.
    for (const alarm of told) alarm.addAlarmAction(new SnsAction(topic));
    this.alarms = [silent, failing, ...told];
    new CompositeAlarm(this, 'Anything', {
      alarmDescription: `${Stack.of(this).stackName}: anything at all is wrong, for a pager or a wall`,
      alarmRule: AlarmRule.anyOf(...this.alarms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
    });
  }

  #alarm(
    id: string,
    metric: IMetric,
    { description, threshold, isBelow = false }: { description: string; threshold: number; isBelow?: boolean },
  ): Alarm {
    return new Alarm(this, id, {
      metric,
      alarmDescription: description,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: isBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // No count of checks is the very thing to alarm about; no count of failures is a good day.
      treatMissingData: isBelow ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }

  /** Scanners try any name, all day. What counts is a sign-in with the name of a site. */
  #signIns({ settings, deployment, sites }: WatchAlarmsProps, logGroup: ILogGroup): Alarm {
    const filter = new MetricFilter(this, 'FailedSignIns', {
      logGroup,
      filterPattern: FilterPattern.literal(signInPattern(sites.map(({ name }) => name))),
      metricNamespace: NAMESPACE,
      metricName: `FailedSignIns-${deployment}`,
    });
    return this.#alarm('SignInsFail', filter.metric({ statistic: Stats.SUM, period: Duration.minutes(5) }), {
      description: 'Somebody tries to sign in as one of the sites, or a recorder has the wrong key',
      threshold: settings.failed_sign_ins,
    });
  }
}

/** Failed sign-ins of these names; of any name where they are too many for one pattern. */
export function signInPattern(sites: readonly string[]): string {
  const names = sites.map((site) => `($.user = "${site}")`).join(' || ');
  const pattern = `{ ($.activity-type = "AUTH_FAILURE") && (${names}) }`;
  return pattern.length <= MAX_PATTERN ? pattern : '{ $.activity-type = "AUTH_FAILURE" }';
}
