import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Library } from '../../lib/onvif/library.js';
import { libraryMessage } from '../../lib/onvif/messages.js';
import { child, parseXml, textAt } from '../../lib/onvif/xml.js';
import { FakeClock } from '../simulators/fake-clock.js';

/**
 * What `lib/onvif/library.ts` relies on inside the package, and no typing promises: a new version that does it in another
 * way is to fail here, not at a camera.
 */
const target = { host: '192.168.1.64', username: 'a&b', password: 'grün☂' };
const url = new URL('http://192.168.1.64/onvif/device_service');
const signed = { signed: true, offsetMs: 0 };

function headerOf(envelope: string) {
  return child(parseXml(envelope), 'Header', 'Security', 'UsernameToken');
}

describe('the onvif package', () => {
  it('signs by the password’s UTF-8, our clock and the camera’s offset, with a nonce for each', () => {
    const clock = new FakeClock();
    const library = new Library(target, clock);
    const envelope = library.envelope('<x xmlns="urn:x"/>', '', { signed: true, offsetMs: 3_600_000 });
    const token = headerOf(envelope);
    const text = (name: string) => textAt(token, name)!;
    expect(Math.abs(Date.parse(text('Created')) - clock.now() - 3_600_000)).toBeLessThan(5);
    const hash = createHash('sha1')
      .update(Buffer.from(text('Nonce'), 'base64'))
      .update(text('Created'));
    expect(text('Password')).toBe(hash.update('grün☂', 'utf8').digest('base64'));
    expect(text('Username')).toBe('a&b');
    const again = headerOf(library.envelope('<x xmlns="urn:x"/>', '', signed));
    expect(textAt(again, 'Nonce')).not.toBe(text('Nonce'));
  });

  it('leaves the signature out where none is wanted, or there is no user', () => {
    const clock = new FakeClock();
    expect(headerOf(new Library(target, clock).envelope('<x/>', '', { ...signed, signed: false }))).toBeUndefined();
    expect(headerOf(new Library({ host: 'x' }, clock).envelope('<x/>', '', signed))).toBeUndefined();
  });

  it('puts headers and body where they belong', () => {
    const envelope = parseXml(
      new Library(target, new FakeClock()).envelope('<x xmlns="urn:x"/>', '<h xmlns="urn:h"/>', signed),
    );
    expect(child(envelope, 'Header', 'h')?.namespace).toBe('urn:h');
    expect(child(envelope, 'Body', 'x')?.namespace).toBe('urn:x');
  });

  it('writes requests for either media service, at once and without sending them', () => {
    const library = new Library(target, new FakeClock());
    const options = { protocol: 'RTSP', profileToken: 'p' };
    const first = libraryMessage(library, url, (cam) => cam.getStreamUri(options, () => undefined), false);
    expect(first).toMatchObject({
      operation: 'GetStreamUri',
      action: 'http://www.onvif.org/ver10/media/wsdl/GetStreamUri',
    });
    const second = libraryMessage(library, url, (cam) => cam.getStreamUri(options, () => undefined), true);
    expect(second.action).toBe('http://www.onvif.org/ver20/media/wsdl/GetStreamUri');
    expect(headerOf(second.write(signed))).toBeDefined();
    expect(textAt(parseXml(second.write(signed)), 'Body', 'GetStreamUri', 'ProfileToken')).toBe('p');
    expect(() => libraryMessage(library, url, () => undefined, false)).toThrow(/sends nothing/);
  });
});
