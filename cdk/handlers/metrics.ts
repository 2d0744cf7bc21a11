import type { Counts } from './silence.js';

/** CloudWatch reads metrics from log lines of this form ("embedded metric format"): no request, and no right to make one. */

export const NAMESPACE = 'NvrUplink';

export interface MetricOptions {
  deployment: string;
  siteMetrics: boolean;
  now: number;
}

/** What a check found. */
export function checkMetrics(counts: Counts, { deployment, siteMetrics, now }: MetricOptions): string[] {
  const { cameras, silentCameras, silentSites, bySite } = counts;
  const whole = { Checks: 1, Cameras: cameras, SilentCameras: silentCameras, SilentSites: silentSites };
  const lines = [metricLine(now, { Deployment: deployment }, whole)];
  if (siteMetrics) {
    for (const [Site, SilentCameras] of Object.entries(bySite)) {
      lines.push(metricLine(now, { Deployment: deployment, Site }, { SilentCameras }));
    }
  }
  return lines;
}

export function metricLine(now: number, dimensions: Record<string, string>, values: Record<string, number>): string {
  const definition = {
    Namespace: NAMESPACE,
    Dimensions: [Object.keys(dimensions)],
    Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
  };
  return JSON.stringify({ _aws: { Timestamp: now, CloudWatchMetrics: [definition] }, ...dimensions, ...values });
}
