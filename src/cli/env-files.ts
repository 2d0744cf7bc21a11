import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { messageOf } from '../../lib/errors.js';
import type { Environment } from '../config/environment.js';
import { configFile } from '../config/load.js';

/** The `.env` files that hold, those first that win: the one beside the configuration file in use, then that of the current folder. */
export function envFiles(config: string | undefined, env: Environment): string[] {
  const here = resolve('.env');
  const file = configFile(config ?? env.NVR_UPLINK_CONFIG ?? told(here), env);
  const beside = file === undefined ? here : join(dirname(resolve(file)), '.env');
  return [...new Set([beside, here])].filter((path) => existsSync(path));
}

/** Which configuration it names, if it can be read. */
function told(path: string): string | undefined {
  try {
    return parseEnv(readFileSync(path, 'utf8')).NVR_UPLINK_CONFIG;
  } catch {
    return undefined;
  }
}

/** Has `load` take in each of them. One that may not be read is told of, and ends no command that can do without it. */
export function loadEnvFiles(
  paths: readonly string[],
  load: (path: string) => void,
  tell: (line: string) => void,
): void {
  for (const path of paths) {
    try {
      load(path);
    } catch (error) {
      tell(`${path} cannot be read, and what it sets does not hold: ${messageOf(error)}`);
    }
  }
}
