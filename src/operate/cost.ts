import { AWS_PRICES } from '../config/aws-prices.js';
import { bestTier, type TierPlan, tierCost } from '../config/tiers.js';

/** What an archive costs on AWS each month, once it is as full as its retention makes it. */
export interface CostInput {
  cameras: number;
  /** Average of each camera. */
  mbps: number;
  retentionDays: number;
  segmentSeconds: number;
  transport: CostTransport;
  /** Elastic IPs of a VPC endpoint. */
  addresses: number;
  /** Share of the footage that is looked at, once, over the internet. */
  viewed: number;
  /** Whether old footage moves to a cheaper class where that pays. */
  tiered: boolean;
  /** Sites whose silence is watched; undefined where nothing is. */
  watchedSites: number | undefined;
  siteMetrics: boolean;
  kms: boolean;
}

export type CostTransport = 'sftp' | 'ftps' | 'ftp' | 's3';

export interface CostLine {
  what: string;
  /** US dollars a month. */
  usd: number;
  /** How it comes about. */
  because: string;
}

export interface CostEstimate {
  transport: CostTransport;
  lines: CostLine[];
  usd: number;
  /** What arrives in a month. */
  gibPerMonth: number;
  /** What lies there once the oldest begins to expire. */
  gibStored: number;
}

const GIB = 2 ** 30;
const DAYS_PER_MONTH = AWS_PRICES.hoursPerMonth / 24;
/** S3 Transfer and our own uploader send larger files in parts of about this size; each is a request, and two more for the whole. */
const PART_BYTES = 8 * 2 ** 20;
/** Index shards and pictures, for each camera and hour. */
const SMALL_OBJECTS_PER_HOUR = 7;

export function estimateCost(input: CostInput): CostEstimate {
  const bytesPerSecond = (input.mbps * 1_000_000) / 8;
  const secondsPerMonth = AWS_PRICES.hoursPerMonth * 3_600;
  const gibPerMonth = (input.cameras * bytesPerSecond * secondsPerMonth) / GIB;
  const gibStored = (gibPerMonth * input.retentionDays) / DAYS_PER_MONTH;
  const objectBytes = bytesPerSecond * input.segmentSeconds;
  const objects = (input.cameras * secondsPerMonth) / input.segmentSeconds;
  const amounts = { gibPerMonth, gibStored, objectBytes, objects };
  const lines = [
    ...transferLines(input, amounts),
    storageLine(input, amounts),
    requestLine(input, amounts),
    viewingLine(input, amounts),
    ...watchLines(input, amounts),
    ...(input.kms ? [{ what: 'KMS key', usd: AWS_PRICES.kmsKey, because: 'a key of its own' }] : []),
  ];
  const usd = lines.reduce((sum, line) => sum + line.usd, 0);
  return { transport: input.transport, lines, usd, gibPerMonth, gibStored };
}

interface Amounts {
  gibPerMonth: number;
  gibStored: number;
  objectBytes: number;
  objects: number;
}

function transferLines({ transport, addresses }: CostInput, { gibPerMonth }: Amounts): CostLine[] {
  if (transport === 's3') return [];
  const { protocolHour, uploadGb } = AWS_PRICES.transfer;
  const hours = AWS_PRICES.hoursPerMonth;
  const lines = [
    {
      what: 'Transfer Family, endpoint',
      usd: protocolHour * hours,
      because: `$${protocolHour} an hour for ${transport}, also while it is stopped`,
    },
    { what: 'Transfer Family, uploads', usd: gibPerMonth * uploadGb, because: `$${uploadGb} a GB` },
  ];
  if (addresses > 0) {
    const { publicIpHour } = AWS_PRICES;
    const usd = addresses * publicIpHour * hours;
    lines.push({ what: 'Elastic IPs', usd, because: `${addresses} at $${publicIpHour} an hour` });
  }
  return lines;
}

function storageLine({ retentionDays, tiered }: CostInput, { gibPerMonth, gibStored, ...amounts }: Amounts): CostLine {
  const price = AWS_PRICES.s3.standard.gbMonth;
  const plan = tiered ? bestTier(retentionDays) : undefined;
  if (!plan)
    return { what: 'S3, storage', usd: gibStored * price, because: `${round(gibStored)} GB in Standard at $${price}` };
  return { what: 'S3, storage', ...tieredStorage(plan, retentionDays, amounts) };
}

/** Full and steady, an archive costs each month what the objects that arrive in a month cost over their whole lives. */
function tieredStorage(
  plan: TierPlan,
  retentionDays: number,
  { objects, objectBytes }: Pick<Amounts, 'objects' | 'objectBytes'>,
): Pick<CostLine, 'usd' | 'because'> {
  return {
    usd: objects * tierCost(plan.tier, plan.afterDays, retentionDays, objectBytes),
    because: `${plan.tier} after ${plan.afterDays} ${plan.afterDays === 1 ? 'day' : 'days'}, moving and looking included`,
  };
}

function requestLine({ cameras }: CostInput, { objects, objectBytes }: Amounts): CostLine {
  const parts = objectBytes > PART_BYTES ? Math.ceil(objectBytes / PART_BYTES) + 2 : 1;
  const small = cameras * SMALL_OBJECTS_PER_HOUR * AWS_PRICES.hoursPerMonth;
  const puts = objects * parts + small;
  const usd = puts * AWS_PRICES.s3.standard.put;
  return { what: 'S3, requests', usd, because: `${round(puts)} puts, parts of large files included` };
}

function viewingLine({ viewed }: CostInput, { gibPerMonth }: Amounts): CostLine {
  const free = 100;
  const gib = gibPerMonth * viewed;
  const usd = Math.max(0, gib - free) * AWS_PRICES.egressGb;
  return { what: 'Looking at footage', usd, because: `${round(gib)} GB over the internet, ${free} GB of them free` };
}

function watchLines({ cameras, watchedSites, siteMetrics }: CostInput, { objects }: Amounts): CostLine[] {
  if (watchedSites === undefined) return [];
  const { watch, hoursPerMonth } = AWS_PRICES;
  const alarms = 4 * watch.alarm + watch.compositeAlarm + watch.dashboard;
  const metrics = (6 + (siteMetrics ? watchedSites : 0)) * watch.metric;
  // Every file and picture is noted; every minute all cameras are read, 16 of them to a unit.
  const notes = objects + cameras * hoursPerMonth;
  const checks = hoursPerMonth * 60;
  const noting = notes * (watch.lambdaRequest + watch.tableWrite + 0.256 * 0.05 * watch.lambdaGbSecond);
  const units = Math.max(1, Math.ceil(cameras / 40));
  const checking = checks * (watch.lambdaRequest + units * watch.tableRead + 0.256 * 0.2 * watch.lambdaGbSecond);
  return [
    {
      what: 'Watch, alarms and graphs',
      usd: alarms + metrics,
      because: siteMetrics ? `a metric for each of ${watchedSites} sites` : 'the same for 1 camera as for 1,000',
    },
    { what: 'Watch, looking', usd: noting + checking, because: `${round(notes)} files noted, a check each minute` },
  ];
}

function round(amount: number): string {
  return amount >= 100 ? Math.round(amount).toLocaleString('en') : amount.toFixed(1);
}
