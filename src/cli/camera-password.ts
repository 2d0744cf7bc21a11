import type { OnvifConnection } from '../../lib/onvif/connection.js';
import type { Outcome } from '../../lib/onvif/settings.js';
import { setUser, type UserLevel } from '../../lib/onvif/users.js';
import { isWellKnownPassword } from '../camera/well-known.js';
import type { Context } from './context.js';
import { usage } from './format.js';
import { readPassword } from './secret.js';

export interface PasswordOptions {
  newPassword?: boolean;
  newPasswordFile?: string;
  user?: string;
  level?: string;
}

const LEVELS: readonly string[] = ['Administrator', 'Operator', 'User'] satisfies UserLevel[];

/** The environment variable with a password to be set. */
const VARIABLE = 'NVR_UPLINK_NEW_PASSWORD';

export interface NewPassword {
  username: string;
  password: string;
  level: UserLevel | undefined;
}

/** What is to be set, asked for before anything is done; undefined where nobody wants to change a password. */
export async function newPassword(
  context: Context,
  { newPassword: wanted, newPasswordFile: file, user, level }: PasswordOptions,
  ownName: string | undefined,
): Promise<NewPassword | undefined> {
  if (!wanted && file === undefined) {
    if (user === undefined && level === undefined) return undefined;
    throw usage('--user and --level are for a new password', 'Add --new-password or --new-password-file FILE.');
  }
  if (level !== undefined && !LEVELS.includes(level))
    throw usage(`There is no level ${level}`, `Levels: ${LEVELS.join(', ')}`);
  const username = user ?? ownName;
  if (username === undefined) throw usage('Whose password?', 'Say it with --user NAME.');
  const password = await readPassword(context, { file, variable: VARIABLE, question: `New password of ${username}` });
  if (password === undefined) {
    throw usage(
      'There is no new password',
      `Give --new-password-file FILE, or set ${VARIABLE}; at a terminal it is asked for.`,
    );
  }
  if (isWellKnownPassword(username, password)) {
    throw usage('That password is one that everybody tries first', 'Choose another one of at least eight characters.');
  }
  return { username, password, level: level as UserLevel | undefined };
}

/** Sets it, and proves it by signing in. The connection goes on as that user, if it was the one we are. */
export async function changePassword(
  connection: OnvifConnection,
  wanted: NewPassword,
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
): Promise<{ outcome: Outcome; connection: OnvifConnection }> {
  const setting = `password of ${wanted.username}`;
  const changed = await setUser(connection, wanted, { clock, signal });
  const isOurs = wanted.username === connection.target.username;
  return {
    outcome: { setting, before: '***', wanted: '***', after: '***', state: 'verified' },
    connection: isOurs ? changed : connection,
  };
}
