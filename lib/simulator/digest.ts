import { createHash, timingSafeEqual } from 'node:crypto';

export interface Account {
  username: string;
  password: string;
}

/** Who may sign in at this moment: cameras let their users be changed. */
export interface Accounts {
  find(username: string): Account | undefined;
}

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** The `WWW-Authenticate` line of a camera: MD5, and without `qop` unless asked for, as most firmware has it. */
export function challenge(realm: string, nonce: string, qop: boolean, algorithm: DigestAlgorithm = 'MD5'): string {
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}${qop ? ', qop="auth"' : ''}`;
}

export interface SignedRequest {
  method: string;
  uri: string;
}

/** Whose `Authorization` header this is, if it is right. */
export function digestOwner(
  header: string | undefined,
  request: SignedRequest,
  realm: string,
  nonce: string,
  accounts: Accounts,
): Account | undefined {
  const account = accounts.find(parameters(header ?? '').username ?? '');
  return account && authorised(header, request, realm, nonce, account) ? account : undefined;
}

/**
 * Checks an `Authorization` header (RFC 2617, 7616): the user, our nonce, this very URI, and the response, with `qop=auth`
 * or without, in the algorithm it names. Anything else, Basic included, is refused.
 */
export function authorised(
  header: string | undefined,
  request: SignedRequest,
  realm: string,
  nonce: string,
  account: Account,
): boolean {
  if (!header || !/^Digest\s/i.test(header)) return false;
  const given = parameters(header.slice(6));
  // Realm and nonce need no look: the expected response is made of ours.
  if (given.username !== account.username || given.uri !== request.uri) return false;
  const hash = (text: string) =>
    createHash(given.algorithm === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  const secret = hash(`${account.username}:${realm}:${account.password}`);
  const action = hash(`${request.method}:${request.uri}`);
  const middle = given.qop ? `${nonce}:${given.nc}:${given.cnonce}:${given.qop}` : nonce;
  const expected = Buffer.from(hash(`${secret}:${middle}:${action}`));
  const response = Buffer.from((given.response ?? '').toLowerCase());
  return response.length === expected.length && timingSafeEqual(response, expected);
}

/** Whose `Authorization: Basic` header this is, if it is right. */
export function basicOwner(header: string | undefined, accounts: Accounts): Account | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(header ?? '')?.[1];
  if (!encoded) return undefined;
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  const account = accounts.find(username ?? '');
  return account && account.password === password ? account : undefined;
}

function parameters(text: string): Record<string, string | undefined> {
  const found: Record<string, string> = {};
  for (const match of text.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
    found[match[1]!.toLowerCase()] = match[2] !== undefined ? match[2].replace(/\\(.)/g, '$1') : match[3]!;
  }
  return found;
}
