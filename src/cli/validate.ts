import { loadConfig } from '../config/load.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';

/** `nvr-uplink config validate`: every fault at once, or what the file amounts to. */
export async function validate(context: Context, options: GlobalOptions): Promise<number> {
  const { config, origin } = loadConfig(options.config, context.env);
  const cameras = Object.keys(config.cameras);
  const remotes = Object.keys(config.remotes);
  if (options.json) {
    printJson(context, { valid: true, origin, site: config.site, cameras, remotes });
    return EXIT.ok;
  }
  print(context, `${origin} is valid.`);
  print(context, `  site     ${config.site}`);
  print(context, `  cameras  ${cameras.join(', ')}`);
  print(context, `  remotes  ${remotes.join(', ') || 'none: footage stays on this disk only'}`);
  print(context, `  storage  ${config.storage.dir}`);
  return EXIT.ok;
}
