import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { deploymentRefusals } from './deployment-rules.js';
import {
  type AwsSettings,
  type DeploymentSettings,
  deploymentSchema,
  type SiteSettings,
  type SiteTransport,
  type UploadMode,
} from './deployment-schema.js';
import { asTree, type LineOf, readSettings } from './document.js';
import { ConfigFailure } from './faults.js';
import { faultsOf } from './issues.js';
import { scheduleFor } from './schedule.js';

/** A camera whose silence is noticed. */
export interface ExpectedCamera {
  name: string;
  /** At least one file arrives this often. */
  everyMs: number;
}

/** One recorder's place: its prefix in the bucket, its upload user, its cameras. */
export interface DeployedSite {
  name: string;
  /** Undefined: whatever camera once sent is expected to go on. */
  cameras: ExpectedCamera[] | undefined;
  /** For cameras that are not listed. */
  everyMs: number;
  transport: SiteTransport;
  mode: UploadMode;
  keys: string[];
  allow: string[] | undefined;
}

/** What `cdk deploy` builds. */
export interface Deployment extends AwsSettings {
  /** The file, or `no configuration file`. */
  origin: string;
  sites: DeployedSite[];
}

/** In the order in which they are looked for, after what was named explicitly. The recorder's own. */
const PLACES = ['nvr-uplink.yaml', '/etc/nvr-uplink/nvr-uplink.yaml'];

export interface DeploymentFile {
  deployment: Deployment;
  /** Undefined where there is none. */
  path: string | undefined;
}

/**
 * Reads `aws:` and `sites:` of the recorder's configuration, and of the rest what they need. Secrets are neither needed nor
 * looked at: `${NAME}` stays as it is. Without any file: one site, `home`, that uploads straight to S3.
 * Throws a `ConfigFailure` with every fault.
 */
export function loadDeployment(file: string | undefined): DeploymentFile {
  const path = file ?? PLACES.find((place) => existsSync(place));
  if (path === undefined) return { deployment: deploymentOf({}, 'no configuration file', () => undefined), path };
  const whole = resolve(path);
  const { tree, lineOf } = readSettings(whole);
  return { deployment: deploymentOf(asTree(tree, whole), whole, lineOf), path: whole };
}

export function deploymentOf(tree: unknown, origin: string, lineOf: LineOf): Deployment {
  const result = deploymentSchema.safeParse(tree);
  if (!result.success) {
    throw new ConfigFailure(
      origin,
      result.error.issues.flatMap((issue) => faultsOf(issue, tree, lineOf)),
    );
  }
  const deployment = { ...result.data.aws, origin, sites: sitesOf(result.data) };
  const refusals = deploymentRefusals(deployment);
  if (refusals.length > 0) {
    throw new ConfigFailure(
      origin,
      refusals.map((fault) => ({ ...fault, line: lineNear(fault.path.split('.'), lineOf) })),
    );
  }
  return deployment;
}

/** Of the setting, or where it is missing, of the group it belongs to. */
function lineNear(path: readonly string[], lineOf: LineOf): number | undefined {
  return path.length === 0 ? undefined : (lineOf(path) ?? lineNear(path.slice(0, -1), lineOf));
}

function sitesOf(settings: DeploymentSettings): DeployedSite[] {
  const own = settings.site;
  const named: Record<string, SiteSettings> = settings.sites ?? { [own]: { mode: 'dropbox' } };
  return Object.entries(named).map(([name, site]) => {
    const everyMs = site.expect ?? expectedEvery(settings, {});
    const listed = site.cameras?.map((camera) => ({ name: camera, everyMs }));
    return {
      name,
      cameras: listed ?? (name === own ? ownCameras(settings, site.expect) : undefined),
      everyMs,
      transport: site.transport ?? (settings.aws.transfer?.protocols.includes('sftp') ? 'sftp' : 's3'),
      mode: site.mode,
      keys: site.keys ?? [],
      allow: site.allow,
    };
  });
}

/** The cameras of this very recorder, from its own settings. */
function ownCameras(settings: DeploymentSettings, everyMs: number | undefined): ExpectedCamera[] | undefined {
  if (!settings.cameras) return undefined;
  return Object.entries(settings.cameras)
    .filter(([, camera]) => scheduleFor(settings.record, camera.record, 'UTC').isEver('continuous', 'motion'))
    .map(([name, camera]) => ({ name, everyMs: everyMs ?? expectedEvery(settings, camera) }));
}

/** Without motion nothing is recorded, but a picture is still kept now and then; nothing at all while it is off. */
function expectedEvery(
  settings: DeploymentSettings,
  camera: NonNullable<DeploymentSettings['cameras']>[string],
): number {
  const segmentMs = camera.record?.segment ?? settings.record.segment;
  const week = scheduleFor(settings.record, camera.record, 'UTC');
  const pictureMs = camera.snapshot?.every ?? settings.snapshot.every;
  return week.longestOffMs() + (week.isEver('motion') ? Math.max(segmentMs, pictureMs) : segmentMs);
}
