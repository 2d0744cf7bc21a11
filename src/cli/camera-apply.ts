import PQueue from 'p-queue';
import type { Outcome } from '../../lib/onvif/settings.js';
import { Finder } from '../camera/finder.js';
import { settingsFor } from '../config/camera.js';
import { loadConfig } from '../config/load.js';
import type { CameraConfig, Config } from '../config/schema.js';
import { carriedOut, ending, exitOf, failed, signIn } from './camera-changes.js';
import { changesJson, changesTable } from './changes-table.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { usage, width } from './format.js';

interface ApplyOptions extends GlobalOptions {
  dryRun?: boolean;
}

/** Cameras asked at once. */
const PARALLEL = 4;

/** `nvr-uplink camera apply [NAME…]`: every camera gets what the configuration wishes. Exit status as {@link exitOf} says. */
export async function cameraApply(context: Context, options: ApplyOptions, names: string[]): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const dryRun = options.dryRun === true;
  const finder = new Finder(context.clock);
  const queue = new PQueue({ concurrency: PARALLEL });
  const all: Outcome[] = [];
  await queue.addAll(
    chosen(config, names).map(([name, settings]) => async () => {
      const outcomes = await apply(context, finder, name, settings, config, dryRun);
      all.push(...outcomes);
      // Camera by camera, as they are done: whoever waits for twenty wants to see the first.
      if (options.json) printJson(context, { camera: name, dryRun, changes: changesJson(outcomes) });
      else print(context, `${name}\n${changesTable(outcomes, width(context))}\n`);
    }),
  );
  if (!options.json) print(context, ending(all));
  return all.length === 0 ? EXIT.ok : exitOf(all);
}

function chosen({ cameras, camera_settings }: Config, names: readonly string[]): [string, CameraConfig][] {
  const unknown = names.find((name) => !cameras[name]);
  if (unknown !== undefined)
    throw usage(`There is no camera ${JSON.stringify(unknown)}`, `Configured are: ${Object.keys(cameras).join(', ')}`);
  const wanted = Object.entries(cameras).filter(
    ([name, { address, set }]) =>
      (names.length > 0 ? names.includes(name) : address !== undefined) &&
      Object.keys(settingsFor(camera_settings, set)).length > 0,
  );
  if (wanted.length > 0) return wanted;
  throw usage(
    'The configuration wishes nothing of these cameras',
    'Write it under `camera_settings` for all, or `cameras.NAME.set` for one.',
  );
}

async function apply(
  context: Context,
  finder: Finder,
  name: string,
  settings: CameraConfig,
  { camera_settings }: Config,
  dryRun: boolean,
): Promise<Outcome[]> {
  try {
    const connection = await signIn(context, finder, name, settings);
    return await carriedOut(connection, settings, settingsFor(camera_settings, settings.set), context, dryRun);
  } catch (error) {
    context.signal.throwIfAborted();
    // One camera that is off must not keep the others from getting theirs.
    return [failed('sign-in', '', error)];
  }
}
