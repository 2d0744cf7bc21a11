import { createHash, randomBytes } from 'node:crypto';
import type { OnvifTarget } from './target.js';

interface Challenge {
  scheme: string;
  parameters: Readonly<Record<string, string>>;
}

/** Strongest first. The `-sess` variants hash the nonces into the secret. */
const ALGORITHMS: Record<string, string> = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' };

/**
 * HTTP's own sign-in, for services that refuse the token in the envelope, and for snapshots: Digest (RFC 7616, and 2617
 * without `qop`), and Basic where the password is safe in it. The `onvif` package's own `digestAuth` throws on
 * challenges that it cannot split, on `MD5-sess`, and mistakes `qop="auth-int,auth"`.
 */
export class HttpSignIn {
  readonly #target: OnvifTarget;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(target: OnvifTarget) {
    this.#target = target;
  }

  /** Whether requests are to be signed this way at all: once the camera has asked. */
  get isAsked(): boolean {
    return this.#challenge !== undefined;
  }

  /** Takes the best of what a 401 offers. False if there is nothing in it that can, or may, be answered. */
  learn(lines: readonly string[]): boolean {
    if (this.#target.username === undefined) return false;
    const offered = lines.flatMap(parseChallenges);
    const digests = offered.filter(isDigest).sort((a, b) => strength(b) - strength(a));
    const { secure, plainPassword } = this.#target;
    // Plain HTTP shows the password to whoever listens, or poses as the camera.
    const basic = secure || plainPassword ? offered.find(({ scheme }) => scheme === 'basic') : undefined;
    const chosen = digests[0] ?? basic;
    if (!chosen) return false;
    this.#challenge = chosen;
    this.#count = 0;
    return true;
  }

  /** Whether all that stands in the way is that Basic would show the password. */
  wouldTellPassword(lines: readonly string[]): boolean {
    const { username, secure, plainPassword } = this.#target;
    const schemes = lines.flatMap(parseChallenges).map(({ scheme }) => scheme);
    return username !== undefined && !secure && !plainPassword && schemes.includes('basic');
  }

  /** The `Authorization` line; undefined until the camera has asked for one. */
  header(method: string, uri: string): string | undefined {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    const { username = '', password = '' } = this.#target;
    if (challenge.scheme === 'basic') {
      return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
    }
    this.#count++;
    return digestHeader(challenge.parameters, { username, password, method, uri, count: this.#count });
  }
}

interface DigestInput {
  username: string;
  password: string;
  method: string;
  uri: string;
  /** How often this nonce has been used, this time included. */
  count: number;
}

function digestHeader(parameters: Challenge['parameters'], input: DigestInput): string {
  const { username, password, method, uri } = input;
  const { realm = '', nonce = '', opaque, algorithm, qop } = parameters;
  const hash = (text: string) => createHash(hashOf(algorithm)!).update(text, 'utf8').digest('hex');
  const cnonce = randomBytes(8).toString('hex');
  const nc = input.count.toString(16).padStart(8, '0');
  const known = hash(`${username}:${realm}:${password}`);
  const secret = isSession(algorithm) ? hash(`${known}:${nonce}:${cnonce}`) : known;
  const middle = qop === undefined ? nonce : `${nonce}:${nc}:${cnonce}:auth`;
  const response = hash(`${secret}:${middle}:${hash(`${method}:${uri}`)}`);
  const fields = [
    `username=${quoted(username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${response}"`,
  ];
  if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) fields.push(`opaque=${quoted(opaque)}`);
  if (qop !== undefined) fields.push('qop=auth', `nc=${nc}`);
  if (qop !== undefined || isSession(algorithm)) fields.push(`cnonce="${cnonce}"`);
  // Node writes each character of a header as one byte.
  return Buffer.from(`Digest ${fields.join(', ')}`, 'utf8').toString('latin1');
}

function quoted(text: string): string {
  return `"${text.replace(/[\r\n]/g, '').replace(/["\\]/g, '\\$&')}"`;
}

function isSession(algorithm: string | undefined): boolean {
  return /-sess$/i.test(algorithm ?? '');
}

function hashOf(algorithm = 'MD5'): string | undefined {
  const name = algorithm.toUpperCase().replace(/-SESS$/, '');
  return Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
}

function strength({ parameters }: Challenge): number {
  return -Object.values(ALGORITHMS).indexOf(hashOf(parameters.algorithm) ?? '');
}

/** One that can be answered: a known algorithm, a nonce, and `auth` among the qualities, if it names any. */
function isDigest({ scheme, parameters }: Challenge): boolean {
  if (scheme !== 'digest' || !parameters.nonce || hashOf(parameters.algorithm) === undefined) return false;
  const { qop } = parameters;
  return qop === undefined || qop.split(/[\s,]+/).some((one) => one.toLowerCase() === 'auth');
}

const PART = /([a-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|([a-z][\w-]*)/gi;

/** A line may hold several challenges; a word without `=` begins the next. */
function parseChallenges(line: string): Challenge[] {
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (const [, key, quotedValue, value = '', scheme] of line.matchAll(PART)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: Object.create(null) });
    const current = found.at(-1);
    if (current && key !== undefined) {
      current.parameters[key.toLowerCase()] = quotedValue?.replace(/\\(.)/g, '$1') ?? value;
    }
  }
  return found;
}
