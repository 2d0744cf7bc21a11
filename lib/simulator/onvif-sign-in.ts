import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.js';
import { type Account, type Accounts, basicOwner, challenge, type DigestAlgorithm, digestOwner } from './digest.js';
import { find, type SoapRequest, textAt } from './soap.js';

/** How a camera lets clients sign in to its services. */
export interface SignInPolicy {
  /** Takes WS-Security UsernameTokens (digest). */
  usernameToken: boolean;
  /** How far a token's `Created` may be off. */
  tokenWindowMs: number;
  /** HTTP Digest: one challenge for each. None: no HTTP authentication on services. */
  digest: readonly DigestAlgorithm[];
}

export type SnapshotSignIn = 'none' | 'basic' | 'digest';

/** A `Created` further off than this is refused, as cameras with replay protection do (WS-Security UsernameToken 1.0). */
export const TOKEN_WINDOW_MS = 60_000;

export interface HttpSignInOptions {
  realm: string;
  accounts: Accounts;
  clock: Clock;
  /** How long a nonce is good for at this moment; undefined: until the camera restarts. */
  nonceMs(): number | undefined;
}

/** The HTTP side of signing in: one realm, and one nonce at a time. */
export class HttpSignIn {
  readonly accounts: Accounts;
  readonly #options: HttpSignInOptions;
  #nonce = newNonce();
  #madeAt: number;

  constructor(options: HttpSignInOptions) {
    this.accounts = options.accounts;
    this.#options = options;
    this.#madeAt = options.clock.monotonic();
  }

  digestOwner(header: string | undefined, method: string, uri: string): Account | undefined {
    const { realm, accounts } = this.#options;
    return digestOwner(header, { method, uri }, realm, this.#currentNonce(), accounts);
  }

  basicOwner(header: string | undefined): Account | undefined {
    return basicOwner(header, this.accounts);
  }

  /** `WWW-Authenticate` lines, in reply to this `Authorization`: who signed with an old nonce need not ask for the password again. */
  challenges(digest: readonly DigestAlgorithm[], { basic = false, refused }: ChallengeOptions = {}): string[] {
    const { realm } = this.#options;
    const nonce = this.#currentNonce();
    const old = /\bnonce="([^"]*)"/.exec(refused ?? '')?.[1];
    const stale = old !== undefined && old !== nonce ? ', stale=true' : '';
    const lines = digest.map((algorithm) => challenge(realm, nonce, true, algorithm) + stale);
    return basic ? [...lines, `Basic realm="${realm}"`] : lines;
  }

  #currentNonce(): string {
    const { clock, nonceMs } = this.#options;
    const limitMs = nonceMs();
    if (limitMs !== undefined && clock.monotonic() - this.#madeAt >= limitMs) {
      this.#nonce = newNonce();
      this.#madeAt = clock.monotonic();
    }
    return this.#nonce;
  }
}

export interface ChallengeOptions {
  /** Offer Basic as well. */
  basic?: boolean;
  /** The `Authorization` that was no good. */
  refused?: string;
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/** Whether a request tries to sign in by UsernameToken at all. */
export function hasToken(request: SoapRequest): boolean {
  return find(request.header, 'Security', 'UsernameToken') !== undefined;
}

/** Whose UsernameToken this is: the digest fits, and it was made about now. Plain-text passwords are refused. */
export function tokenOwner(
  request: SoapRequest,
  accounts: Accounts,
  now: number,
  windowMs = TOKEN_WINDOW_MS,
): Account | undefined {
  const token = find(request.header, 'Security', 'UsernameToken');
  const [nonce, created, digest] = [textAt(token, 'Nonce'), textAt(token, 'Created'), textAt(token, 'Password')];
  const account = accounts.find(textAt(token, 'Username') ?? '');
  if (!nonce || !created || !digest || !account) return undefined;
  if (!(Math.abs(Date.parse(created) - now) <= windowMs)) return undefined;
  const hash = createHash('sha1').update(Buffer.from(nonce, 'base64')).update(created).update(account.password, 'utf8');
  const expected = Buffer.from(hash.digest('base64'));
  const given = Buffer.from(digest);
  return given.length === expected.length && timingSafeEqual(given, expected) ? account : undefined;
}
