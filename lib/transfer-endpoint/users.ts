import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import ssh2, { type AuthContext, type ParsedKey, type PublicKeyAuthContext } from 'ssh2';
import { Failure } from '../errors.js';
import { folderOf } from '../remote/key.js';
import type { SessionPolicy } from './session-policy.js';

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
  /** The folder of the store that this user sees as `/`, or as `entry`; `''` for all of it. */
  root: string;
  /** The one folder at the top of what the user sees; the top itself holds nothing else and takes nothing. @default '', the top itself */
  entry?: string;
  mode: UserMode;
  /** Narrows what the mode allows. @default nothing narrower */
  policy?: SessionPolicy;
}

/** Somebody who proved to be one. `probing`: the key would do, but nothing was signed yet. */
export interface SignedIn {
  user: EndpointUser;
  probing: boolean;
}

export type SignInMethod = 'publickey' | 'password';

/** Who may sign in. */
export interface Identity {
  /** What is offered. */
  readonly methods: readonly SignInMethod[];
  /** Whether it takes all of them. */
  readonly needsAll: boolean;
  /** Undefined: refused. */
  check(attempt: AuthContext, sourceIp: string): Promise<SignedIn | undefined>;
}

interface Known {
  user: EndpointUser;
  /** SHA-256 of the password; of something nobody knows where there is none. */
  digest: Buffer;
  keys: ParsedKey[];
}

/** Who may sign in. Throws `user-invalid` on a root or key that cannot be used. */
export class Users implements Identity {
  readonly methods: readonly SignInMethod[] = ['publickey', 'password'];
  readonly needsAll = false;
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

  async check(attempt: AuthContext): Promise<SignedIn | undefined> {
    const known = this.#known.get(attempt.username);
    if (attempt.method === 'password') {
      const same = timingSafeEqual(sha256(attempt.password), known?.digest ?? this.#nobody);
      return known && same ? { user: known.user, probing: false } : undefined;
    }
    if (attempt.method !== 'publickey' || !known) return undefined;
    const proven = isKeyProven(attempt, known.keys);
    return proven && { user: known.user, probing: proven === 'probing' };
  }
}

/** What a client shows of its key. */
export type KeyProof = Pick<PublicKeyAuthContext, 'key' | 'signature' | 'blob' | 'hashAlgo'>;

/** Whether the client holds the secret of one of `keys`; `probing` while it only asks whether that key would do. */
export function isKeyProven(attempt: KeyProof, keys: readonly ParsedKey[]): 'proven' | 'probing' | undefined {
  const key = keys.find((one) => one.type === attempt.key.algo && one.getPublicSSH().equals(attempt.key.data));
  if (!key) return undefined;
  if (!attempt.signature) return 'probing';
  const holds = attempt.blob && key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true;
  return holds ? 'proven' : undefined;
}

export function parsePublicKey(name: string, line: string): ParsedKey {
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
