import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HttpSignIn } from '../../../lib/onvif/http-sign-in.js';
import type { OnvifTarget } from '../../../lib/onvif/target.js';

const target: OnvifTarget = { host: 'x', username: 'Mufasa', password: 'Circle of Life' };

function signIn(lines: string[], changed: Partial<OnvifTarget> = {}): HttpSignIn | undefined {
  const made = new HttpSignIn({ ...target, ...changed });
  return made.learn(lines) ? made : undefined;
}

function fields(header: string): Record<string, string> {
  const found = [...header.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,\s]+))/g)];
  return Object.fromEntries(found.map(([, key, quoted, bare]) => [key, quoted ?? bare]));
}

/** RFC 7616 §3.9.1's example, with whatever client nonce was drawn. */
const RFC =
  'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';

describe('HTTP Digest', () => {
  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
    ['SHA-512-256', 'sha512-256'],
    ['md5-sess', 'md5'],
    ['SHA-256-sess', 'sha256'],
  ])('%s is answered as the RFC says', (algorithm, name) => {
    const header = signIn([`Digest ${RFC}, algorithm=${algorithm}`])!.header('GET', '/dir/index.html')!;
    const { response, cnonce, nc, nonce, uri, opaque, qop, username } = fields(header);
    const hash = (text: string) => createHash(name).update(text).digest('hex');
    let secret = hash('Mufasa:http-auth@example.org:Circle of Life');
    if (/sess/.test(algorithm)) secret = hash(`${secret}:${nonce}:${cnonce}`);
    expect(response).toBe(hash(`${secret}:${nonce}:${nc}:${cnonce}:auth:${hash('GET:/dir/index.html')}`));
    expect([uri, opaque, qop, nc, username]).toEqual([
      '/dir/index.html',
      'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
      'auth',
      '00000001',
      'Mufasa',
    ]);
  });

  it('without a quality is answered as the older RFC says', () => {
    const { response, ...others } = fields(signIn(['Digest realm="r", nonce="n"'])!.header('POST', '/x')!);
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    expect(response).toBe(md5(`${md5('Mufasa:r:Circle of Life')}:n:${md5('POST:/x')}`));
    expect(Object.keys(others).sort()).toEqual(['nonce', 'realm', 'uri', 'username']);
  });

  it('counts the uses of a nonce, and begins anew with the next', () => {
    const made = signIn([`Digest ${RFC}`])!;
    const count = () => fields(made.header('GET', '/')!).nc;
    expect([count(), count()]).toEqual(['00000001', '00000002']);
    expect(made.learn(['Digest realm="r", nonce="other", qop="auth"'])).toBe(true);
    expect(count()).toBe('00000001');
  });

  it('takes the strongest it knows, however they are listed', () => {
    const algorithmOf = (lines: string[]) => fields(signIn(lines)!.header('GET', '/')!).algorithm;
    expect(algorithmOf(['Digest realm="r", nonce="n"', 'Digest realm="r", nonce="n", algorithm=SHA-256'])).toBe(
      'SHA-256',
    );
    expect(
      algorithmOf(['Digest realm="r", nonce="n", algorithm=SHA-256, Digest realm="r", nonce="n", algorithm=MD5']),
    ).toBe('SHA-256');
    expect(
      algorithmOf(['Digest realm="r", nonce="n", algorithm=WHIRLPOOL', 'DIGEST realm=r,nonce=n,algorithm=MD5']),
    ).toBe('MD5');
  });

  it.each([
    ['nothing', []],
    ['nonsense', ['', '=', 'a=b', '"', 'Digest', 'Digest realm="', 'Bearer x']],
    ['no nonce', ['Digest realm="r"']],
    ['only integrity', ['Digest realm="r", nonce="n", qop="auth-int"']],
    [
      'an unknown algorithm',
      ['Digest realm="r", nonce="n", algorithm="__proto__"', 'Digest realm="r", nonce="n", algorithm=constructor'],
    ],
  ])('cannot be answered: %s', (_, lines) => {
    expect(signIn(lines)).toBeUndefined();
    expect(signIn(['Digest realm="r", nonce="n"'], { username: undefined })).toBeUndefined();
  });

  it('lets nobody out of the quotes, and holds names that are not ASCII', () => {
    const made = signIn(['Digest realm="a\\"b", nonce="n\\\\"'], { username: 'o"b\r\nX: ü' })!;
    const header = made.header('GET', '/')!;
    expect(header).not.toMatch(/[\r\n]/);
    expect(header).toContain('realm="a\\"b"');
    expect(header).toContain('nonce="n\\\\"');
    expect(Buffer.from(header, 'latin1').toString('utf8')).toContain('username="o\\"bX: ü"');
  });
});

describe('HTTP Basic', () => {
  const basic = ['Basic realm="x"'];

  it('is answered where nobody can listen, or where that was allowed', () => {
    const line = `Basic ${Buffer.from('Mufasa:Circle of Life').toString('base64')}`;
    expect(signIn(basic)).toBeUndefined();
    expect(signIn(basic, { secure: true })!.header('GET', '/')).toBe(line);
    expect(signIn(basic, { plainPassword: true })!.header('GET', '/')).toBe(line);
  });

  it('never where Digest is to be had', () => {
    expect(signIn([...basic, 'Digest realm="r", nonce="n"'], { secure: true })!.header('GET', '/')).toMatch(/^Digest /);
  });
});
