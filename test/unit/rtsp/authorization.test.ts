import { describe, expect, it } from 'vitest';
import { Authorization } from '../../../lib/rtsp/authorization.js';

/** RFC 7616 §3.9.1, whose nonce, user and password these are; its method and address are those of HTTP. */
const MUFASA = { username: 'Mufasa', password: 'Circle of Life' };
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const challenge = (algorithm: string) =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="FQhe"`;

function signed(lines: string[], credentials = MUFASA, uri = '/dir/index.html'): string {
  const authorization = new Authorization(credentials, () => CNONCE);
  expect(authorization.challenged(lines)).toBe('answerable');
  return authorization.line('GET', uri)!;
}
const field = (line: string, name: string) => new RegExp(`\\b${name}="?([^",]*)"?`).exec(line)?.[1];

describe('signing a request', () => {
  it('answers as RFC 7616 does in its examples', () => {
    expect(field(signed([challenge('MD5')]), 'response')).toBe('8ca523f5e9506fed4657c9700eebdbec');
    const sha256 = signed([challenge('SHA-256')]);
    expect(field(sha256, 'response')).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
    expect(sha256).toContain('qop=auth, nc=00000001');
    expect(sha256).toContain('algorithm=SHA-256');
    expect(sha256).toContain('opaque="FQhe"');
  });

  it('answers as RFC 2617 does in its example, and without qop as RFC 2069 has it', () => {
    const old = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"';
    const credentials = { username: 'Mufasa', password: 'Circle Of Life' };
    const authorization = new Authorization(credentials, () => '0a4f113b');
    authorization.challenged([`${old}, qop="auth,auth-int"`]);
    expect(field(authorization.line('GET', '/dir/index.html')!, 'response')).toBe('6629fae49393a05397450978507c4ef1');
    authorization.challenged([old]);
    const line = authorization.line('GET', '/dir/index.html')!;
    expect(field(line, 'response')).toBe('670fd8c2df070c60b045671b8b24ff02');
    expect(line).not.toMatch(/qop|cnonce|nc=/);
  });

  it('prefers SHA-256 to MD5 to Basic, on one line or several, and Basic to nothing', () => {
    const basic = 'Basic realm="x"';
    expect(signed([basic, challenge('MD5'), challenge('SHA-256')])).toContain('SHA-256');
    expect(signed([`${basic}, ${challenge('MD5')}`])).toMatch(/^Digest/);
    expect(signed([basic], { username: 'ü', password: 'p:w' })).toBe(
      `Basic ${Buffer.from('ü:p:w').toString('base64')}`,
    );
  });

  it('counts the uses of a nonce, and begins again with a new one', () => {
    const authorization = new Authorization(MUFASA);
    authorization.challenged([challenge('MD5')]);
    const counts = [1, 2].map(() => field(authorization.line('OPTIONS', '*')!, 'nc'));
    authorization.challenged([challenge('MD5').replace(NONCE, 'new')]);
    expect([...counts, field(authorization.line('OPTIONS', '*')!, 'nc')]).toEqual(['00000001', '00000002', '00000001']);
  });

  it('quotes what has a meaning between quotes', () => {
    const line = signed([challenge('MD5')], { username: 'a"b\\c', password: 'x' });
    expect(line).toContain('username="a\\"b\\\\c"');
  });

  it('tells a stale nonce from a refusal, and knows what it cannot answer', () => {
    const authorization = new Authorization(MUFASA);
    expect(authorization.challenged([`${challenge('MD5')}, stale=TRUE`])).toBe('stale');
    expect(authorization.challenged([challenge('MD5')])).toBe('answerable');
    for (const line of ['Negotiate', challenge('FOO'), challenge('MD5').replace('auth, auth-int', 'auth-int'), '']) {
      expect(new Authorization(MUFASA).challenged([line])).toBe('unanswerable');
    }
    const nobody = new Authorization(undefined);
    expect(nobody.challenged([challenge('MD5')])).toBe('unanswerable');
    expect(nobody.line('OPTIONS', '*')).toBeUndefined();
  });
});
