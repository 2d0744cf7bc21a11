import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorised, challenge } from '../../../lib/simulator/digest.js';
import { TOKEN_WINDOW_MS, tokenOwner } from '../../../lib/simulator/onvif-sign-in.js';
import { parseSoap } from '../../../lib/simulator/soap.js';

describe('Digest', () => {
  // The example of RFC 2617, section 3.5.
  const realm = 'testrealm@host.com';
  const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
  const account = { username: 'Mufasa', password: 'Circle Of Life' };
  const request = { method: 'GET', uri: '/dir/index.html' };
  const header =
    `Digest username="Mufasa", realm="${realm}", nonce="${nonce}", uri="/dir/index.html", qop=auth, nc=00000001, ` +
    'cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"';

  it('accepts the example of the RFC', () => {
    expect(authorised(header, request, realm, nonce, account)).toBe(true);
  });

  it('accepts the older form without qop', () => {
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const response = md5(`${md5(`Mufasa:${realm}:Circle Of Life`)}:${nonce}:${md5('GET:/dir/index.html')}`);
    const old = `Digest username="Mufasa",realm="${realm}",nonce="${nonce}",uri="/dir/index.html",response="${response}"`;
    expect(authorised(old, request, realm, nonce, account)).toBe(true);
  });

  it('refuses another password, user, method, address or nonce, Basic, and nothing', () => {
    expect(authorised(header, request, realm, nonce, { ...account, password: 'circle of life' })).toBe(false);
    expect(authorised(header, request, realm, nonce, { ...account, username: 'Scar' })).toBe(false);
    expect(authorised(header, { ...request, method: 'PUT' }, realm, nonce, account)).toBe(false);
    expect(authorised(header, { ...request, uri: '/other' }, realm, nonce, account)).toBe(false);
    expect(authorised(header, request, realm, 'another', account)).toBe(false);
    expect(authorised(`Basic ${btoa('Mufasa:Circle Of Life')}`, request, realm, nonce, account)).toBe(false);
    expect(authorised(undefined, request, realm, nonce, account)).toBe(false);
  });

  it('offers qop only where asked to', () => {
    expect(challenge(realm, nonce, false)).not.toContain('qop');
    expect(challenge(realm, nonce, true)).toContain('qop="auth"');
  });
});

describe('UsernameToken', () => {
  const now = Date.UTC(2026, 4, 3, 12);
  const account = { username: 'admin', password: 'pässwörd' };
  const accounts = { find: (username: string) => (username === 'admin' ? account : undefined) };
  const tokenIsValid = (request: ReturnType<typeof parseSoap>) => tokenOwner(request!, accounts, now) === account;

  function request(password: string, createdAt: number, username = 'admin') {
    const [nonce, created] = [Buffer.from('0123456789abcdef'), new Date(createdAt).toISOString()];
    const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
    return parseSoap(
      `<x:Envelope xmlns:x="s" xmlns:w="w" xmlns:u="u"><x:Header><w:Security><w:UsernameToken><w:Username>${username}</w:Username><w:Password Type="D">${digest}</w:Password>` +
        `<w:Nonce>${nonce.toString('base64')}</w:Nonce><u:Created>${created}</u:Created></w:UsernameToken></w:Security></x:Header>` +
        '<x:Body> <q:GetProfile xmlns:q="m"><q:ProfileToken>a&amp;b</q:ProfileToken></q:GetProfile></x:Body></x:Envelope>',
    )!;
  }

  it('reads operation and texts under any prefix', () => {
    expect(request('x', now).operation).toBe('GetProfile');
    expect(request('x', now).text('ProfileToken')).toBe('a&b');
    expect(request('x', now).text('Profile')).toBeUndefined();
    expect(request('x', now)).toMatchObject({ namespace: 'm', body: { name: 'GetProfile' } });
    expect(parseSoap('<html><body><p>hello')).toBeUndefined();
  });

  it('accepts the right password made about now, and nothing else', () => {
    expect(tokenIsValid(request('pässwörd', now))).toBe(true);
    expect(tokenIsValid(request('pässwörd', now - TOKEN_WINDOW_MS))).toBe(true);
    expect(tokenIsValid(request('pässwörd', now - TOKEN_WINDOW_MS - 1))).toBe(false);
    expect(tokenIsValid(request('pässwörd', now + TOKEN_WINDOW_MS + 1))).toBe(false);
    expect(tokenIsValid(request('password', now))).toBe(false);
    expect(tokenIsValid(request('pässwörd', now, ''))).toBe(false);
    expect(tokenIsValid(parseSoap('<Envelope><Body><GetProfiles/></Body></Envelope>'))).toBe(false);
  });
});
