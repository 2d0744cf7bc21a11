import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '../../lib/files.js';
import { hashPassword } from '../../lib/password.js';
import type { Config } from '../config/schema.js';

/** What opens the pages. */
export interface Access {
  username: string;
  passwordHash: string;
  sessionSecret: string;
  /** Lets commands on this machine ask the running service. */
  localToken: string;
  /** The file that holds the password, where we made it up. */
  passwordFile?: string;
}

/** Signing in is always on: without a password in the configuration one is made at the first start and kept. */
export async function loadAccess(root: string, web: Config['web']): Promise<Access> {
  const passwordFile = join(root, 'web-password');
  const password = web.password ?? (await kept(passwordFile, () => randomBytes(9).toString('base64url')));
  return {
    username: web.username,
    passwordHash: await hashPassword(password),
    sessionSecret: await kept(join(root, 'session-secret'), () => randomBytes(32).toString('base64url')),
    localToken: randomBytes(32).toString('base64url'),
    passwordFile: web.password === undefined ? passwordFile : undefined,
  };
}

async function kept(file: string, make: () => string): Promise<string> {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = make();
  await writeFileDurably(file, `${secret}\n`, 0o600);
  return secret;
}
