import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { OnvifConnection } from './connection.js';
import { children, escapeXml, textAt } from './xml.js';

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

export type UserLevel = 'Administrator' | 'Operator' | 'User';

export interface CameraUser {
  username: string;
  level: string;
}

export async function readUsers(connection: OnvifConnection, signal: AbortSignal): Promise<CameraUser[]> {
  const reply = await connection.call({ service: 'device', body: `<GetUsers xmlns="${DEVICE}"/>`, signal });
  return children(reply, 'User').map((one) => ({
    username: textAt(one, 'Username') ?? '',
    level: textAt(one, 'UserLevel') ?? '',
  }));
}

/**
 * Gives a user this password, and makes the user if there is none. Done only when that user has signed in with it; resolves with
 * that connection. Rejects with `setting-ignored` if the camera says yes and then refuses the sign-in.
 */
export async function setUser(
  connection: OnvifConnection,
  user: { username: string; password: string; level?: UserLevel },
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<OnvifConnection> {
  const present = (await readUsers(connection, signal)).find(({ username }) => username === user.username);
  const operation = present ? 'SetUser' : 'CreateUsers';
  const level = user.level ?? present?.level ?? 'User';
  const fields = { Username: user.username, Password: user.password, UserLevel: level };
  const inside = Object.entries(fields).map(
    ([name, text]) => `<${name} xmlns="${SCHEMA}">${escapeXml(text)}</${name}>`,
  );
  const body = `<${operation} xmlns="${DEVICE}"><User>${inside.join('')}</User></${operation}>`;
  await connection.call({ service: 'device', body, signal });
  const target = { ...connection.target, username: user.username, password: user.password };
  try {
    return await OnvifConnection.open(target, { clock, signal });
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'sign-in-refused') throw error;
    throw new Failure(`The camera accepted the new password of ${user.username}, and refuses the sign-in with it`, {
      kind: 'permanent',
      code: 'setting-ignored',
      hint: 'Try the old password. Many cameras cut long passwords short, or take letters and digits only.',
      cause: error,
    });
  }
}
