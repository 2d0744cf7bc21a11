import { AWS_PRICES } from '../config/aws-prices.js';
import { type Deployment, loadDeployment } from '../config/deployment.js';
import { duration } from '../config/units.js';
import { type CostEstimate, type CostInput, type CostTransport, estimateCost } from '../operate/cost.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { table, usage } from './format.js';

interface CostOptions extends GlobalOptions {
  cameras?: string;
  mbps: string;
  retention?: string;
  segment?: string;
  transport?: string;
  viewed: string;
}

const TRANSPORTS: readonly CostTransport[] = ['sftp', 'ftps', 'ftp', 's3'];
const DAY_MS = 86_400_000;

/** `nvr-uplink cost`: each way of uploading beside the others, from the prices of a day that is said. Asks nobody. */
export async function cost(context: Context, options: CostOptions): Promise<number> {
  const { deployment } = loadDeployment(options.config ?? context.env.NVR_UPLINK_CONFIG);
  const input = inputOf(options, deployment);
  const estimates = transportsOf(options, deployment).map((transport) => estimateCost({ ...input, transport }));
  const { date, region, currency } = AWS_PRICES;
  if (options.json) printJson(context, { prices: { date, region, currency }, input, estimates });
  else print(context, readable(input, estimates));
  return EXIT.ok;
}

function inputOf(options: CostOptions, deployment: Deployment): Omit<CostInput, 'transport'> {
  const { sites, bucket, transfer, alarms } = deployment;
  const configured = sites.reduce((sum, { cameras }) => sum + (cameras?.length ?? 0), 0);
  return {
    cameras: options.cameras === undefined ? configured || 1 : number('--cameras', options.cameras, 1, 1_000_000),
    mbps: number('--mbps', options.mbps, 0.001, 1_000),
    retentionDays:
      options.retention === undefined ? (bucket.retention ?? 30) : time('--retention', options.retention) / DAY_MS,
    segmentSeconds:
      (options.segment === undefined ? (sites[0]?.everyMs ?? 300_000) : time('--segment', options.segment)) / 1_000,
    addresses: transfer?.endpoint === 'vpc' ? (transfer.vpc?.subnets.length ?? transfer.zones) : 0,
    viewed: number('--viewed', options.viewed.replace(/%$/, ''), 0, 10_000) / 100,
    tiered: bucket.tier !== 'none',
    watchedSites: alarms ? sites.length : undefined,
    siteMetrics: alarms?.site_metrics ?? false,
    kms: bucket.encryption === 'kms',
  };
}

/** Those of the deployment, and always the cheap road beside them. */
function transportsOf({ transport }: CostOptions, { transfer }: Deployment): CostTransport[] {
  if (transport === undefined)
    return [...new Set<CostTransport>([...(transfer?.protocols ?? ['sftp' as const]), 's3'])];
  const found = TRANSPORTS.find((one) => one === transport);
  if (!found) throw usage(`--transport ${transport} is not known`, `Write one of ${TRANSPORTS.join(', ')}.`);
  return [found];
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw usage(
    `${option} ${text} is no number from ${least} to ${most}`,
    `For example: ${option} ${Math.max(least, 2)}`,
  );
}

function time(option: string, text: string): number {
  const result = duration.safeParse(text);
  if (result.success && result.data > 0) return result.data;
  throw usage(
    `${option} ${text} is no length of time`,
    `For example: ${option} ${option === '--retention' ? '30d' : '5m'}`,
  );
}

function readable(input: Omit<CostInput, 'transport'>, estimates: readonly CostEstimate[]): string {
  const names = [...new Set(estimates.flatMap(({ lines }) => lines.map(({ what }) => what)))];
  const lineOf = ({ lines }: CostEstimate, name: string) => lines.find(({ what }) => what === name);
  const rows = names.map((name) => [
    name,
    ...estimates.map((estimate) => money(lineOf(estimate, name)?.usd ?? 0)),
    estimates.map((estimate) => lineOf(estimate, name)?.because).find((because) => because !== undefined) ?? '',
  ]);
  const total = [
    'in all',
    ...estimates.map(({ usd }) => money(usd)),
    `${money(Math.min(...estimates.map(({ usd }) => usd / input.cameras)))} a camera at best`,
  ];
  const { date, region } = AWS_PRICES;
  const [first] = estimates;
  return [
    `${input.cameras} cameras of ${input.mbps} Mbit/s, kept ${input.retentionDays} days: ${Math.round(first!.gibPerMonth)} GB arrive each month, ${Math.round(first!.gibStored)} GB lie there`,
    '',
    table(['US$ A MONTH', ...estimates.map(({ transport }) => transport.toUpperCase()), ''], [...rows, total]),
    '',
    `Prices of ${region} on ${date}, without taxes and free tiers; other regions are up to a third dearer.`,
  ].join('\n');
}

function money(usd: number): string {
  return usd.toFixed(2).padStart(8);
}
