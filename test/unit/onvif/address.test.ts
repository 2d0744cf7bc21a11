import { describe, expect, it } from 'vitest';
import { pinOf } from '../../../lib/certificate-pin.js';
import { Addresses, credentialsIn } from '../../../lib/onvif/address.js';
import { checkTarget, type OnvifTarget } from '../../../lib/onvif/target.js';

function rewrite(target: OnvifTarget, own: string | undefined, uri: string): string {
  const addresses = new Addresses(target);
  addresses.learn(own);
  return addresses.rewrite(uri);
}

describe('an address the camera names', () => {
  const direct = { host: '192.168.1.64' };
  const own = 'http://192.168.1.64/onvif/device_service';
  const nat = { host: 'shop.example.net', port: 8081 };
  const secure = { host: '192.168.1.64', secure: true };

  it.each<[string, OnvifTarget, string | undefined, string, string]>([
    ['as it is', direct, own, 'http://192.168.1.64/onvif/media', 'http://192.168.1.64:80/onvif/media'],
    [
      'on its other port',
      direct,
      own,
      'http://192.168.1.64:1024/event-0_2020',
      'http://192.168.1.64:1024/event-0_2020',
    ],
    ['behind NAT', nat, own, 'http://192.168.1.64/onvif/media', 'http://shop.example.net:8081/onvif/media'],
    ['behind NAT, other port', nat, own, 'http://192.168.1.64:8899/e', 'http://shop.example.net:8899/e'],
    ['behind NAT, device unknown', nat, undefined, 'http://10.0.0.1:99/e', 'http://shop.example.net:8081/e'],
    [
      'RTSP',
      nat,
      own,
      'rtsp://192.168.1.64:554/Streaming/Channels/101?a=[b]',
      'rtsp://shop.example.net:554/Streaming/Channels/101?a=[b]',
    ],
    ['RTSP without host', direct, own, 'rtsp://:554/live', 'rtsp://192.168.1.64:554/live'],
    ['RTSP with a password', direct, own, 'rtsp://admin:p@ss@10.9.9.9/live', 'rtsp://192.168.1.64/live'],
    [
      'somebody else’s',
      direct,
      own,
      'http://169.254.169.254/latest/meta-data',
      'http://192.168.1.64:80/latest/meta-data',
    ],
    ['with a trick', direct, own, 'http://evil.example\\@192.168.1.64/x', 'http://192.168.1.64:80/x'],
    ['http though we came by https', secure, own, 'http://192.168.1.64:80/event', 'https://192.168.1.64:443/event'],
    ['http on another port, too', secure, own, 'http://192.168.1.64:8080/event', 'https://192.168.1.64:443/event'],
    ['https though we came by http', direct, own, 'https://192.168.1.64/event', 'http://192.168.1.64:80/event'],
    ['IPv6', { host: 'fe80::1' }, own, 'http://192.168.1.64/x', 'http://[fe80::1]:80/x'],
    ['without a path', direct, own, 'http://192.168.1.64', 'http://192.168.1.64:80/'],
  ])('%s', (_, target, ownUri, uri, expected) => {
    expect(rewrite(target, ownUri, uri)).toBe(expected);
    expect(rewrite(target, ownUri, expected), 'again').toBe(expected);
  });

  it.each([
    '',
    'hello',
    '//x/y',
    'ftp://x/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'rtsp://x/a\nb',
    'rtsp://x/a b',
  ])('is refused when it is none: %j', (uri) => {
    expect(() => rewrite(direct, own, uri)).toThrow(expect.objectContaining({ code: 'address-invalid' }));
  });

  it('keeps the password out of the error', () => {
    expect(() => rewrite(direct, own, 'rtsp://admin:secret@x/a b')).toThrow(/\*\*\*@x/);
    expect(() => rewrite(direct, own, 'rtsp://admin:secret@x/a b')).not.toThrow(/secret/);
  });

  it('may hold user and password', () => {
    expect(credentialsIn('rtsp://admin:p%40s:s@x/live')).toEqual({ username: 'admin', password: 'p@s:s' });
    expect(credentialsIn('rtsp://admin:100%@x/live')).toEqual({ username: 'admin', password: '100%' });
    expect(credentialsIn('rtsp://x/live@home')).toBeUndefined();
  });
});

describe('a target', () => {
  it.each([
    [{ host: 'http://x' }, /host "http:\/\/x" is not valid/],
    [{ host: '' }, /host "" is not valid/],
    [{ host: 'a b' }, /host/],
    [{ host: 'x', port: 70_000 }, /port "70000"/],
    [{ host: 'x', path: 'onvif' }, /path "onvif"/],
    [{ host: 'x', certificate: 'SHA256:abc' }, /certificate "SHA256:abc"/],
  ])('%j is refused with its field', (target, message) => {
    expect(() => checkTarget(target)).toThrow(message);
    expect(() => checkTarget(target)).toThrow(
      expect.objectContaining({ code: 'target-invalid', hint: expect.stringMatching(/\w/) }),
    );
  });

  it('takes addresses and names', () => {
    for (const host of ['192.168.1.64', 'fe80::1', 'camera-1.local', 'x'])
      expect(() => checkTarget({ host })).not.toThrow();
  });

  it('takes a pin in every spelling', () => {
    const hex = 'ab'.repeat(32);
    const colons = hex.match(/../g)!.join(':').toUpperCase();
    const base64 = Buffer.from(hex, 'hex').toString('base64');
    for (const text of [
      hex,
      colons,
      `SHA256:${hex}`,
      `sha256 Fingerprint=${colons}`,
      `SHA256:${base64}`,
      base64.replace('=', ''),
    ]) {
      expect(pinOf(text), text).toBe(hex);
    }
  });
});
