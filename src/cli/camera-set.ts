import type { OnvifConnection } from '../../lib/onvif/connection.js';
import type { Outcome } from '../../lib/onvif/settings.js';
import { Finder } from '../camera/finder.js';
import { carriedOut, ending, exitOf, failed, signIn } from './camera-changes.js';
import { changeAddress } from './camera-move.js';
import { namedCamera, type SignInOptions } from './camera-named.js';
import { changePassword, type NewPassword, newPassword, type PasswordOptions } from './camera-password.js';
import { parseWishes } from './camera-wishes.js';
import { changesJson, changesTable } from './changes-table.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { usage, width } from './format.js';

export interface SetOptions extends SignInOptions, PasswordOptions {
  dryRun?: boolean;
}

/**
 * `nvr-uplink camera set NAME key=value…`. Every write is read back and compared. The password comes after the other wishes and
 * the address last, since they change how the camera is reached. Exit status as {@link exitOf} says.
 */
export async function cameraSet(context: Context, options: SetOptions, given: string, args: string[]): Promise<number> {
  const { ip, ...wishes } = parseWishes(args);
  const camera = await namedCamera(context, options, given);
  const password = await newPassword(context, options, camera.settings.username);
  if (args.length === 0 && !password)
    throw usage('There is nothing to set', 'Write NAME=VALUE, e.g. fps=15; see --help.');
  const tell = (line: string) => options.quiet || options.json || context.stderr.write(`${line}\n`);
  tell(`signing in to ${camera.name} …`);
  let connection = await signIn(context, new Finder(context.clock), camera.name, camera.settings);
  tell('writing, reading back, comparing …');
  const dryRun = options.dryRun === true;
  const outcomes = await carriedOut(connection, camera.settings, wishes, context, dryRun);
  if (password) {
    const changed = await renewed(connection, password, context, dryRun);
    outcomes.push(changed.outcome);
    connection = changed.connection;
  }
  if (ip) outcomes.push(await changeAddress(connection, camera, ip, context, options));
  if (options.json) printJson(context, { camera: camera.name, dryRun, changes: changesJson(outcomes) });
  else print(context, `\n${changesTable(outcomes, width(context))}\n\n${ending(outcomes)}`);
  if (password && !dryRun && exitOf(outcomes) !== EXIT.failed && password.username === camera.settings.username) {
    tell(
      `→ The configuration must know the new password before the recorder connects again (cameras.${camera.name}.password).`,
    );
  }
  return exitOf(outcomes);
}

async function renewed(
  connection: OnvifConnection,
  password: NewPassword,
  context: Context,
  dryRun: boolean,
): Promise<{ outcome: Outcome; connection: OnvifConnection }> {
  const setting = `password of ${password.username}`;
  if (dryRun) {
    return { connection, outcome: { setting, before: '***', wanted: '***', after: '***', state: 'planned' } };
  }
  try {
    return await changePassword(connection, password, context);
  } catch (error) {
    context.signal.throwIfAborted();
    return { connection, outcome: failed(setting, '***', error) };
  }
}
