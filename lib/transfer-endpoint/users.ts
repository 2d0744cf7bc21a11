import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import ssh2, { type AuthContext, type ParsedKey } from 'ssh2';
import { Failure } from '../errors.js';
import { folderOf } from '../remote/key.js';

/**
 * What a user may do besides putting objects. Neither may remove or rename, as the upload roles that AWS recommends.
 * `verify`: look at objects and read them. `dropbox`: not even that; list only.
 */
export type UserMode = 'verify' | 'dropbox';

export interface EndpointUser {
  name: string;
  password?: string;
  /** Lines of an `authorized_keys` file: `ssh-ed25519 AAAA… comment`. */
  publicKeys?: readonly string[];
  /** The folder of the store that this user sees as `/`; `''` for all of it. */
  root: string;
  mode: UserMode;
}

interface Known {
  user: EndpointUser;
  /** SHA-256 of the password; of something nobody knows where there is none. */
  digest: Buffer;
  keys: ParsedKey[];
}

/** Who may sign in. Throws `user-invalid` on a root or key that cannot be used. */
export class Users {
  readonly #known = new Map<string, Known>();
  /** Compared against for unknown names, so that their refusal takes as long. */
  readonly #nobody = randomBytes(32);

  constructor(users: readonly EndpointUser[]) {
    for (const user of users) {
      const root = folderOf(user.root);
      const keys = (user.publicKeys ?? []).map((line) => parsePublicKey(user.name, line));
      const digest = user.password ? sha256(user.password) : randomBytes(32);
      this.#known.set(user.name, { user: { ...user, root }, digest, keys });
    }
  }

  /** The user who proved to be one. `probing`: the key would do, but nothing was signed yet. */
  check(attempt: AuthContext): { user: EndpointUser; probing: boolean } | undefined {
    const known = this.#known.get(attempt.username);
    if (attempt.method === 'password') {
      const same = timingSafeEqual(sha256(attempt.password), known?.digest ?? this.#nobody);
      return known && same ? { user: known.user, probing: false } : undefined;
    }
    if (attempt.method !== 'publickey' || !known) return undefined;
    const key = known.keys.find((one) => one.type === attempt.key.algo && one.getPublicSSH().equals(attempt.key.data));
    if (!key) return undefined;
    if (!attempt.signature) return { user: known.user, probing: true };
    const proven = attempt.blob && key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true;
    return proven ? { user: known.user, probing: false } : undefined;
  }
}

function parsePublicKey(name: string, line: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(line);
  if (parsed instanceof Error) {
    throw new Failure(`A public key of ${name} cannot be read`, {
      kind: 'permanent',
      code: 'user-invalid',
      hint: 'Give the one line of the .pub file.',
    });
  }
  return Array.isArray(parsed) ? parsed[0] : parsed;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
