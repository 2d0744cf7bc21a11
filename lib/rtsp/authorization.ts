import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  username: string;
  password: string;
}

/** One `WWW-Authenticate` challenge, taken apart; names in lower case. */
interface Challenge {
  scheme: string;
  parameters: Map<string, string>;
}

const HASHES: Record<string, string> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

/**
 * Signs requests as the server asked for (RFC 2617, RFC 7616; RFC 2326 takes both over): Digest with the strongest hash
 * offered, or Basic where there is no Digest.
 */
export class Authorization {
  readonly #credentials: Credentials | undefined;
  readonly #cnonce: () => string;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(credentials: Credentials | undefined, cnonce = () => randomBytes(8).toString('hex')) {
    this.#credentials = credentials;
    this.#cnonce = cnonce;
  }

  /** Takes the challenges of a 401: none of them can be answered, one can, or only the nonce was too old. */
  challenged(lines: readonly string[]): 'unanswerable' | 'answerable' | 'stale' {
    const best = this.#credentials ? strongest(lines.flatMap(parseChallenges)) : undefined;
    if (!best) return 'unanswerable';
    if (best.parameters.get('nonce') !== this.#challenge?.parameters.get('nonce')) this.#count = 0;
    this.#challenge = best;
    return best.parameters.get('stale')?.toLowerCase() === 'true' ? 'stale' : 'answerable';
  }

  /** The `Authorization` line for a request; undefined before the first challenge. */
  line(method: string, uri: string): string | undefined {
    const [challenge, credentials] = [this.#challenge, this.#credentials];
    if (!challenge || !credentials) return undefined;
    if (challenge.scheme === 'basic') {
      return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
    }
    return this.#digest(challenge.parameters, credentials, method, uri);
  }

  #digest(given: Map<string, string>, { username, password }: Credentials, method: string, uri: string): string {
    const algorithm = given.get('algorithm') ?? 'MD5';
    const [, name, session] = /^(.*?)(-sess)?$/i.exec(algorithm)!;
    const hash = (text: string) => createHash(HASHES[name!.toLowerCase()]!).update(text).digest('hex');
    const [realm, nonce] = [given.get('realm') ?? '', given.get('nonce') ?? ''];
    const cnonce = this.#cnonce();
    const count = (++this.#count).toString(16).padStart(8, '0');
    const plain = hash(`${username}:${realm}:${password}`);
    const secret = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    const qop = given.has('qop') ? 'auth' : undefined;
    const middle = qop ? `${nonce}:${count}:${cnonce}:${qop}` : nonce;
    const response = hash(`${secret}:${middle}:${hash(`${method}:${uri}`)}`);
    const fields = { username, realm, nonce, uri, response };
    const quoted = Object.entries(fields).map(([field, value]) => `${field}="${value.replace(/["\\]/g, '\\$&')}"`);
    if (given.has('opaque')) quoted.push(`opaque="${given.get('opaque')}"`);
    if (given.has('algorithm')) quoted.push(`algorithm=${algorithm}`);
    if (qop || session) quoted.push(`cnonce="${cnonce}"`);
    if (qop) quoted.push(`qop=${qop}`, `nc=${count}`);
    return `Digest ${quoted.join(', ')}`;
  }
}

/** SHA-256 before MD5 before Basic; what we cannot answer is left out. */
function strongest(challenges: readonly Challenge[]): Challenge | undefined {
  const ranked = challenges.map((challenge) => ({ challenge, rank: rankOf(challenge) })).filter(({ rank }) => rank > 0);
  return ranked.sort((a, b) => b.rank - a.rank)[0]?.challenge;
}

function rankOf({ scheme, parameters }: Challenge): number {
  if (scheme === 'basic') return 1;
  if (scheme !== 'digest' || !parameters.has('nonce')) return 0;
  const qop = parameters.get('qop');
  if (qop !== undefined && !/(?:^|[\s,])auth(?:$|[\s,])/i.test(qop)) return 0;
  const name = (parameters.get('algorithm') ?? 'MD5').toLowerCase().replace(/-sess$/, '');
  return name in HASHES ? 2 + Object.keys(HASHES).indexOf(name) : 0;
}

/** A line may hold several challenges, and some cameras put commas where they please. */
function parseChallenges(line: string): Challenge[] {
  const found: Challenge[] = [];
  const token = /([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))|(digest|basic)(?=\s|,|$)/gi;
  for (const [, name, quoted, bare, scheme] of line.matchAll(token)) {
    if (scheme) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare!);
  }
  return found;
}
