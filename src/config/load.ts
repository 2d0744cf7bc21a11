import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../lib/errors.js';
import { entangledFolders } from './apart.js';
import { asTree, type LineOf, readSettings } from './document.js';
import { applyOverrides, type Environment, filesOfSettings, resolveReferences } from './environment.js';
import { ConfigFailure, type Fault } from './faults.js';
import { faultsOf } from './issues.js';
import { unreadableAuthorities } from './missing-files.js';
import { placesOf } from './places.js';
import { type Config, configSchema } from './schema.js';
import { inVariables, signInFault, singleCamera } from './single-camera.js';

export interface LoadedConfig {
  config: Config;
  /** The file, or `environment` for a single camera described there. */
  origin: string;
  /** Files that passwords and other settings were read from, absolute. */
  secretFiles: readonly string[];
}

export type Section = keyof Config;

/** Spared by who looks at everything that was stored: no camera is signed in to, and nobody told. */
export const TO_VERIFY: readonly Section[] = ['cameras', 'inbox', 'mqtt', 'alerts', 'web'];
/** Who reads the archive alone. */
export const TO_READ: readonly Section[] = [...TO_VERIFY, 'remotes'];
/** Who asks the recorder, or its ledger, and signs in nowhere. */
export const TO_ASK: readonly Section[] = [...TO_READ, 'archive'];

const PLACES = ['nvr-uplink.yaml', '/etc/nvr-uplink/nvr-uplink.yaml'];

/**
 * Reads the configuration: `file`, else NVR_UPLINK_CONFIG, else ./nvr-uplink.yaml, else /etc/nvr-uplink/nvr-uplink.yaml,
 * else a single camera from the environment; then environment overrides. Relative paths are relative to the file.
 * Of the sections in `spared` nothing is used that a variable or a secret's file says: one that is not there is no fault, and its text
 * stays as it was written. Throws a `ConfigFailure` with every fault, or a `Failure` `config-missing`.
 */
export function loadConfig(
  file: string | undefined,
  environment: Environment = process.env,
  spared: readonly Section[] = [],
): LoadedConfig {
  const path = configFile(file, environment);
  if (path !== undefined) return fromFile(resolve(path), environment, spared);
  const single = singleCamera(environment);
  if (single) return fromEnvironment(single, environment);
  throw new Failure('There is no configuration', {
    kind: 'permanent',
    code: 'config-missing',
    hint: 'Write nvr-uplink.yaml (the README has one to start from), pass one with -c FILE, or try: nvr-uplink demo',
  });
}

/** Where the configuration is looked for; undefined if it is nowhere. */
export function configFile(file: string | undefined, environment: Environment): string | undefined {
  return file ?? environment.NVR_UPLINK_CONFIG ?? PLACES.find((place) => existsSync(place));
}

function fromFile(path: string, environment: Environment, spared: readonly Section[]): LoadedConfig {
  const { tree, lineOf } = readSettings(path);
  return fromTree(tree, path, dirname(path), environment, lineOf, spared);
}

function fromEnvironment(single: unknown, environment: Environment): LoadedConfig {
  const origin = 'the environment';
  const missing = signInFault(environment);
  const hint = 'Correct the environment variable, then check it: nvr-uplink config validate';
  try {
    const loaded = fromTree(single, origin, process.cwd(), environment, () => undefined);
    if (missing.length === 0) return loaded;
  } catch (error) {
    if (!(error instanceof ConfigFailure)) throw error;
    throw new ConfigFailure(origin, [...inVariables(error.faults, environment), ...missing], hint);
  }
  throw new ConfigFailure(origin, missing, hint);
}

function fromTree(
  settings: unknown,
  origin: string,
  base: string,
  environment: Environment,
  lineOf: LineOf,
  spared: readonly Section[] = [],
): LoadedConfig {
  const tree = asTree(settings, origin);
  const faults = applyOverrides(tree, environment);
  const secretFiles = filesOfSettings(tree, environment, base);
  const unresolved = resolveReferences(tree, environment, base);
  const result = configSchema.safeParse(tree);
  const isSpared = ({ path }: Fault) => result.success && spared.some((section) => path.startsWith(`${section}.`));
  faults.push(...unresolved.filter((fault) => !isSpared(fault)));
  if (!result.success) faults.push(...result.error.issues.flatMap((issue) => faultsOf(issue, tree, lineOf)));
  // Told together with all others, whatever else is wrong.
  const places = placesOf(tree, base);
  const further = [...entangledFolders(places), ...unreadableAuthorities(places)];
  faults.push(...further.map((fault) => ({ ...fault, line: lineOf(fault.path.split('.')) })));
  if (faults.length > 0 || !result.success) throw new ConfigFailure(origin, faults);
  return { config: withAbsolutePaths(result.data, base), origin, secretFiles };
}

/** Settings of remotes that name a file. */
const REMOTE_PATHS = new Set(['path', 'key_file', 'ca_file', 'agent']);

function withAbsolutePaths(config: Config, base: string): Config {
  const absolute = (path: string) => resolve(base, path);
  return {
    ...config,
    storage: { ...config.storage, dir: absolute(config.storage.dir) },
    mqtt: config.mqtt && {
      ...config.mqtt,
      ...(config.mqtt.ca_file !== undefined && { ca_file: absolute(config.mqtt.ca_file) }),
    },
    inbox: config.inbox && inboxWithAbsolutePaths(config.inbox, absolute),
    archive: archiveWithAbsolutePaths(config.archive, absolute),
    alerts: Object.fromEntries(
      Object.entries(config.alerts).map(([name, { ca_file: file, ...target }]) => [
        name,
        { ...target, ...(file !== undefined && { ca_file: absolute(file) }) },
      ]),
    ),
    remotes: Object.fromEntries(
      Object.entries(config.remotes).map(([name, remote]) => {
        const paths = Object.entries(remote).filter(([setting]) => REMOTE_PATHS.has(setting));
        const found = paths.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
        return [name, { ...remote, ...Object.fromEntries(found.map(([setting, path]) => [setting, absolute(path)])) }];
      }),
    ),
  };
}

function archiveWithAbsolutePaths(archive: Config['archive'], absolute: (path: string) => string): Config['archive'] {
  if (archive?.type === 'folder') return { ...archive, path: absolute(archive.path) };
  return archive?.ca_file === undefined ? archive : { ...archive, ca_file: absolute(archive.ca_file) };
}

function inboxWithAbsolutePaths(inbox: NonNullable<Config['inbox']>, absolute: (path: string) => string) {
  const { ftp, folders } = inbox;
  const tls = ftp?.tls && {
    ...ftp.tls,
    certificate_file: absolute(ftp.tls.certificate_file),
    key_file: absolute(ftp.tls.key_file),
  };
  const moved = Object.entries(folders).map(([name, folder]) => [name, { ...folder, path: absolute(folder.path) }]);
  return { ...inbox, ftp: ftp && { ...ftp, tls }, folders: Object.fromEntries(moved) };
}
