import { Failure } from '../../lib/errors.js';
import { addressProblem, parseCameraAddress } from '../config/camera-address.js';
import { ConfigFailure } from '../config/faults.js';
import { loadConfig } from '../config/load.js';
import type { CameraConfig, Config } from '../config/schema.js';
import type { Context, GlobalOptions } from './context.js';
import { readPassword } from './secret.js';

export interface SignInOptions extends GlobalOptions {
  username?: string;
  passwordFile?: string;
  certificate?: string;
}

export interface NamedCamera {
  name: string;
  settings: CameraConfig;
  /** Undefined for one that was given by its address and is in no configuration. */
  config: Config | undefined;
}

/** The environment variable with the password for cameras that are in no configuration. */
export const PASSWORD_VARIABLE = 'NVR_UPLINK_CAMERA_PASSWORD';

/** A camera by its name in the configuration, or by its address; the address of a configured one will do for its name. */
export async function namedCamera(context: Context, options: SignInOptions, given: string): Promise<NamedCamera> {
  const isAddress = /[.:]/.test(given) && addressProblem(given) === undefined;
  const config = configOrNone(context, options, isAddress);
  const known = config && (config.cameras[given] ? given : isAddress ? nameAt(config, given) : undefined);
  if (config && known !== undefined && options.username === undefined) {
    return { name: known, settings: config.cameras[known]!, config };
  }
  if (!isAddress) throw noSuchCamera(given, config);
  return { name: given, config: undefined, settings: { address: given, ...(await signInOf(context, options, given)) } };
}

/** An address with a sign-in needs no configuration, be there none or a faulty one. */
function configOrNone(context: Context, options: SignInOptions, isAddress: boolean): Config | undefined {
  try {
    return loadConfig(options.config, context.env).config;
  } catch (error) {
    const isMissing = error instanceof Failure && error.code === 'config-missing' && options.config === undefined;
    const isFaulty = error instanceof ConfigFailure && options.username !== undefined;
    if (isAddress && (isMissing || isFaulty)) return undefined;
    throw error;
  }
}

function nameAt(config: Config, given: string): string | undefined {
  const { host } = parseCameraAddress(given);
  const isThere = ({ address }: CameraConfig) => address !== undefined && parseCameraAddress(address).host === host;
  return Object.entries(config.cameras).find(([, settings]) => isThere(settings))?.[0];
}

/** The sign-in given on the command line, for cameras that are in no configuration. */
export async function signInOf(context: Context, options: SignInOptions, what: string) {
  const { username, passwordFile, certificate } = options;
  if (username === undefined) return { certificate };
  const question = `Password of ${username} at ${what}`;
  const password = await readPassword(context, { file: passwordFile, variable: PASSWORD_VARIABLE, question });
  if (password !== undefined) return { username, password, certificate };
  throw new Failure(`There is no password for ${username}`, {
    kind: 'permanent',
    code: 'usage',
    hint: `Give --password-file FILE, or set ${PASSWORD_VARIABLE}; at a terminal it is asked for.`,
  });
}

function noSuchCamera(given: string, config: Config | undefined): Failure {
  const names = Object.keys(config?.cameras ?? {});
  return new Failure(`There is no camera ${JSON.stringify(given)}`, {
    kind: 'permanent',
    code: 'usage',
    hint: names.length > 0 ? `Configured are: ${names.join(', ')}. An address will do too.` : 'Give its address.',
  });
}
