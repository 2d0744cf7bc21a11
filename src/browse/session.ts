import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import PQueue from 'p-queue';
import type { Clock } from '../../lib/clock.js';
import { verifyPassword } from '../../lib/password.js';

export const SESSION_MS = 7 * 86_400_000;

export const SESSION_COOKIE = { httpOnly: true, sameSite: 'strict', path: '/' } as const;

export interface SessionOptions {
  username: string;
  passwordHash: string;
  sessionSecret: string;
  clock: Clock;
}

/**
 * Who is signed in, told by a signed cookie `ID.EXPIRES.SIGNATURE` alone, so that a restart signs nobody out. The signature
 * covers user and password as well: changing either ends all sessions.
 */
export class Sessions {
  /** Cookies do not tell ports apart, so recorders on one machine need names of their own. */
  readonly cookie: string;
  readonly #options: SessionOptions;
  readonly #key: Buffer;
  /** Signed out before their time, by id, with the time they end. */
  readonly #ended = new Map<string, number>();
  /** Each check takes 32 MiB: one at a time, whoever asks. */
  readonly #checks = new PQueue({ concurrency: 1 });

  constructor(options: SessionOptions) {
    const { username, passwordHash, sessionSecret } = options;
    this.#options = options;
    this.#key = hmac(sessionSecret, JSON.stringify([username, passwordHash]));
    this.cookie = `nvr-uplink-${hmac(sessionSecret, 'cookie').toString('hex', 0, 4)}`;
  }

  /** The cookie's value for a new session; undefined when user or password is wrong. */
  async signIn(user: string, password: string): Promise<string | undefined> {
    const { username, passwordHash } = this.#options;
    // The password is checked in any case: how long it takes must not tell whether the user exists.
    const isPassword = await this.#checks.add(() => verifyPassword(password, passwordHash));
    const isUser = sameSecret(user, username);
    return isPassword && isUser ? this.begin() : undefined;
  }

  /** The cookie's value for a new session of somebody who proved otherwise who they are. */
  begin(): string {
    const claim = `${randomBytes(16).toString('hex')}.${this.#options.clock.now() + SESSION_MS}`;
    return `${claim}.${this.#sign(claim)}`;
  }

  /** The user whose valid session a `Cookie` header holds. */
  userOf(cookies: string | undefined): string | undefined {
    return this.#find(cookies) && this.#options.username;
  }

  /** From now on the session a `Cookie` header holds is worth nothing, wherever else the cookie is kept. */
  end(cookies: string | undefined): void {
    const session = this.#find(cookies);
    if (!session) return;
    const now = this.#options.clock.now();
    for (const [id, expires] of this.#ended) if (expires <= now) this.#ended.delete(id);
    this.#ended.set(session.id, session.expires);
  }

  #find(cookies: string | undefined): { id: string; expires: number } | undefined {
    const prefix = `${this.cookie}=`;
    for (const pair of (cookies ?? '').split(';')) {
      const text = pair.trim();
      const session = text.startsWith(prefix) ? this.#read(text.slice(prefix.length)) : undefined;
      if (session) return session;
    }
    return undefined;
  }

  #read(value: string): { id: string; expires: number } | undefined {
    const [id, expires, signature, ...more] = value.split('.');
    if (!id || !expires || !signature || more.length > 0) return undefined;
    if (!sameSecret(signature, this.#sign(`${id}.${expires}`))) return undefined;
    const isOver = !(Number(expires) > this.#options.clock.now()) || this.#ended.has(id);
    return isOver ? undefined : { id, expires: Number(expires) };
  }

  #sign(claim: string): string {
    return hmac(this.#key, claim).toString('base64url');
  }
}

/** Whether two texts are equal, in a time that tells nothing about either. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
