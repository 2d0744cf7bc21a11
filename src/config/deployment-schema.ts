import { isIP } from 'node:net';
import * as z from 'zod';
import { isName } from '../segment.js';
import { RECORD_MODES, schedule } from './schedule.js';
import { duration } from './units.js';

/** The shape of `aws:` and `sites:` in `nvr-uplink.yaml`: what `cdk deploy` builds, and for whom. */

const DAY_MS = 86_400_000;
const MAX_DAYS = 36_500;

/** `90d` → 90. S3 counts in whole days. */
const days = duration
  .refine((ms) => ms % DAY_MS === 0 && ms >= DAY_MS && ms <= MAX_DAYS * DAY_MS, {
    error: `write whole days from 1d to ${MAX_DAYS}d, e.g. 90d`,
  })
  .transform((ms) => ms / DAY_MS);

const cidr = z.string().refine(isCidr, { error: 'write an address range, e.g. 203.0.113.7/32' });

export function isCidr(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  if (rest.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  const version = isIP(address!);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

const publicKey = z
  .string()
  .regex(/^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{60,}={0,2}(?: .*)?$/, {
    error: 'write the one line of the .pub file, e.g. "ssh-ed25519 AAAA… recorder"',
  });

const bucket = z.strictObject({
  /** Whole days after which footage and its index expire. Left out, nothing expires. */
  retention: days.optional(),
  /** What was replaced or deleted can be brought back for this long. */
  keep_replaced: days.default(30),
  encryption: z.enum(['s3', 'kms']).default('s3'),
  /** `governance` may be lifted by whoever holds that right; `compliance` by nobody, AWS and the root user included. */
  object_lock: z
    .strictObject({ mode: z.enum(['governance', 'compliance']).default('governance'), for: days })
    .optional(),
  /** `auto` moves footage to the class that is cheapest for the retention, as long as it can still be played at once. */
  tier: z.enum(['none', 'auto', 'standard-ia', 'glacier-ir', 'deep-archive']).default('none'),
});

export const TRANSFER_PROTOCOLS = ['sftp', 'ftps', 'ftp'] as const;

/** Newest first. CloudFormation's own default is of 2018. */
export const SECURITY_POLICIES = [
  'TransferSecurityPolicy-2025-03',
  'TransferSecurityPolicy-FIPS-2025-03',
  'TransferSecurityPolicy-SshAuditCompliant-2025-02',
  'TransferSecurityPolicy-Restricted-2024-06',
  'TransferSecurityPolicy-2024-01',
] as const;

/** The numbers of days CloudWatch Logs offers. */
const logDays = z.union(([30, 60, 90, 180, 365, 400, 731, 1096, 1827, 3653] as const).map((count) => z.literal(count)));

const transfer = z.strictObject({
  protocols: z
    .array(z.enum(TRANSFER_PROTOCOLS))
    .min(1, { error: 'name at least one of sftp, ftps, ftp' })
    .default(['sftp']),
  /** `public`: AWS's own address, SFTP only. `vpc`: Elastic IPs and an allow-list. `vpc-internal`: private addresses only. */
  endpoint: z.enum(['public', 'vpc', 'vpc-internal']).default('public'),
  /** `service`: AWS keeps users and keys, SFTP only. `lambda`: keys, passwords and address ranges. Changing it replaces the server. */
  identity: z.enum(['service', 'lambda']).default('service'),
  /** How SFTP users prove who they are, where `identity` is `lambda`. */
  sftp_sign_in: z.enum(['key', 'password', 'either', 'both']).default('key'),
  certificate: z
    .string()
    .regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/, {
      error: 'write the ARN of a certificate in ACM, e.g. arn:aws:acm:eu-west-1:123456789012:certificate/…',
    })
    .optional(),
  hostname: z
    .string()
    .regex(/^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
      error: 'write a host name in lower case, e.g. upload.example.com',
    })
    .optional(),
  /** Availability zones, one Elastic IP each. */
  zones: z.number().int().min(1).max(3, { error: 'Transfer Family takes 1 to 3 zones' }).default(2),
  /** An existing network; left out, one is made. */
  vpc: z
    .strictObject({
      id: z.string().regex(/^vpc-[0-9a-f]{8,17}$/, { error: 'write the id, e.g. vpc-0123456789abcdef0' }),
      subnets: z
        .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, { error: 'write the id, e.g. subnet-0123456789abcdef0' }))
        .min(1)
        .max(3, { error: 'Transfer Family takes 1 to 3 subnets' }),
    })
    .optional(),
  /** Who may reach a VPC endpoint at all. Left out, everybody may knock. */
  allow: z.array(cidr).min(1).max(50).optional(),
  security_policy: z.enum(SECURITY_POLICIES).default('TransferSecurityPolicy-2025-03'),
  log_days: logDays.default(90),
});

const alarms = z.strictObject({
  /** Each address gets a mail to confirm before anything else. */
  email: z.array(z.email({ error: 'not a mail address' })).default([]),
  /** A camera is silent when this many files in a row are missing. */
  silent_after: z.number().int().min(2, { error: 'a late file is not silence: at least 2' }).max(1_000).default(3),
  /** Failed sign-ins of a site's own name within five minutes that are worth a mail. */
  failed_sign_ins: z.number().int().min(1).default(5),
  /** A silence that lasts is told again after this long. */
  remind: duration.default(DAY_MS),
  /** One metric per site ($0.30 a month each), for graphs; alarms work without. */
  site_metrics: z.boolean().default(false),
});

const catalog = z.strictObject({
  /** A query that would read more than this many GB is cancelled. */
  scan_limit_gb: z.number().int().min(1).max(100_000).default(10),
});

const viewer = z.strictObject({
  /** ARNs of users or roles that may look. Left out, whoever in the account may assume the role. */
  principals: z
    .array(z.string().regex(/^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+$/, { error: 'write the ARN of a user or role' }))
    .default([]),
  /**
   * Whether IAM must have seen a second factor. Only for IAM users: Identity Center asks for it itself and does not pass it on, so
   * that nobody who comes from there could take on the role.
   */
  mfa: z.boolean().default(false),
});

export const awsSchema = z.strictObject({
  /** Begins the name of every stack. */
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,39}$/, { error: '1 to 40 letters, digits and "-", beginning with a letter' })
    .default('NvrUplink'),
  /** Where `nvr-uplink aws` looks for the stacks. @default the AWS profile's or environment's region */
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, { error: 'write a region, e.g. eu-west-1' })
    .optional(),
  bucket: bucket.prefault({}),
  transfer: transfer.optional(),
  alarms: alarms.optional(),
  catalog: catalog.optional(),
  viewer: viewer.prefault({}),
});

export const SITE_TRANSPORTS = [...TRANSFER_PROTOCOLS, 's3'] as const;

const siteName = z
  .string()
  .refine(isName, { error: 'a site name is 1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit' });

const cameraName = z.string().refine((text) => isName(text) && text !== 'index', {
  error: 'a camera name is 1 to 63 of a-z, 0-9 and "-", and not "index"',
});

const site = z.strictObject({
  /** Left out, whatever camera once sent is watched. */
  cameras: z.array(cameraName).min(1).optional(),
  /** Lines of the recorder's .pub files; two while one is being replaced. */
  keys: z.array(publicKey).min(1).max(10).optional(),
  /** @default sftp where there is an endpoint for it, else s3 */
  transport: z.enum(SITE_TRANSPORTS).optional(),
  /** `dropbox`: put and list. `verify`: also read its own files back. Neither may delete. */
  mode: z.enum(['dropbox', 'verify']).default('dropbox'),
  /** Where the site may sign in from; needs `identity: lambda`. */
  allow: z.array(cidr).min(1).max(20).optional(),
  /** At least one file of each camera arrives this often. @default record.segment */
  expect: duration.optional(),
});

export const sitesSchema = z
  .record(siteName, site)
  .refine((map) => Object.keys(map).length > 0, { error: 'name at least one site' });

const mode = z.enum(RECORD_MODES);

/** What a deployment reads of the whole file; the recorder's own settings it passes over. */
export const deploymentSchema = z.looseObject({
  site: siteName.default('home'),
  record: z
    .looseObject({
      segment: duration.default(300_000),
      mode: mode.default('continuous'),
      schedule: schedule.optional(),
    })
    .prefault({}),
  snapshot: z.looseObject({ every: duration.default(3_600_000) }).prefault({}),
  cameras: z
    .record(
      cameraName,
      z.looseObject({
        record: z
          .looseObject({ segment: duration.optional(), mode: mode.optional(), schedule: schedule.optional() })
          .optional(),
        snapshot: z.looseObject({ every: duration.optional() }).optional(),
      }),
    )
    .optional(),
  aws: awsSchema.prefault({}),
  sites: sitesSchema.optional(),
});

export type DeploymentSettings = z.infer<typeof deploymentSchema>;
export type AwsSettings = z.infer<typeof awsSchema>;
export type BucketSettings = AwsSettings['bucket'];
export type TransferSettings = NonNullable<AwsSettings['transfer']>;
export type AlarmSettings = NonNullable<AwsSettings['alarms']>;
export type SiteSettings = z.infer<typeof sitesSchema>[string];
export type SiteTransport = (typeof SITE_TRANSPORTS)[number];
export type UploadMode = SiteSettings['mode'];
