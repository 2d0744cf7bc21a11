import { createHash, timingSafeEqual } from 'node:crypto';

export interface Account {
  username: string;
  password: string;
}

/** The `WWW-Authenticate` line of a camera: MD5, and without `qop` unless asked for, as most firmware has it. */
export function challenge(realm: string, nonce: string, qop: boolean): string {
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=MD5${qop ? ', qop="auth"' : ''}`;
}

/**
 * Checks an `Authorization` header (RFC 2617): the user, our nonce, this very URI, and the response, with `qop=auth` or
 * without. Anything else, Basic included, is refused.
 */
export function authorised(
  header: string | undefined,
  request: { method: string; uri: string },
  realm: string,
  nonce: string,
  account: Account,
): boolean {
  if (!header || !/^Digest\s/i.test(header)) return false;
  const given = parameters(header.slice(6));
  // Realm and nonce need no look: the expected response is made of ours.
  if (given.username !== account.username || given.uri !== request.uri) return false;
  const secret = md5(`${account.username}:${realm}:${account.password}`);
  const action = md5(`${request.method}:${request.uri}`);
  const middle = given.qop ? `${nonce}:${given.nc}:${given.cnonce}:${given.qop}` : nonce;
  const expected = Buffer.from(md5(`${secret}:${middle}:${action}`));
  const response = Buffer.from((given.response ?? '').toLowerCase());
  return response.length === expected.length && timingSafeEqual(response, expected);
}

function parameters(text: string): Record<string, string | undefined> {
  const found: Record<string, string> = {};
  for (const match of text.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi)) {
    found[match[1]!.toLowerCase()] = match[2] !== undefined ? match[2].replace(/\\(.)/g, '$1') : match[3]!;
  }
  return found;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
