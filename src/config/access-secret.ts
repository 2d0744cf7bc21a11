import { hashPassword, isPasswordHash, verifyPassword } from '../../lib/password.js';

/**
 * What Secrets Manager holds for a site that signs in with a password. `nvr-uplink aws keys password` writes it, the
 * endpoint's sign-in reads it, and nobody else may.
 */
export interface AccessSecret {
  passwordHash: string;
}

/** Long enough that nobody guesses it, and made of what every NVR's password field takes. */
export const PASSWORD_LENGTH = 24;

export async function accessSecretOf(password: string): Promise<string> {
  const secret: AccessSecret = { passwordHash: await hashPassword(password) };
  return JSON.stringify(secret);
}

/** Undefined for a text that holds no usable hash; it is never repeated in an error. */
export function parseAccessSecret(text: string): AccessSecret | undefined {
  try {
    const { passwordHash } = JSON.parse(text) as Partial<AccessSecret>;
    return typeof passwordHash === 'string' && isPasswordHash(passwordHash) ? { passwordHash } : undefined;
  } catch {
    // Not JSON; the parser's message would repeat it.
    return undefined;
  }
}

/** Made once for each process: what a password is compared with where there is none, so that a refusal takes as long. */
let nobody: Promise<string> | undefined;

/** Whether `password` is the one the secret was made of; takes as long where there is no secret. */
export async function passwordMatches(password: string, secret: AccessSecret | undefined): Promise<boolean> {
  nobody ??= hashPassword('');
  const matches = await verifyPassword(password, secret?.passwordHash ?? (await nobody));
  return matches && secret !== undefined;
}
