import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { streams } from '../../lib/onvif/media.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import {
  type Asked,
  dateAndTime,
  type ScriptedCamera,
  type ScriptedOptions,
  scriptedCamera,
} from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;
const account = { username: 'admin', password: 'secret' };
const refused = { code: 'sign-in-refused', kind: 'permanent' };

let camera: ScriptedCamera | undefined;
afterEach(async () => await camera?.close());

async function start(options: ScriptedOptions): Promise<number> {
  camera = await scriptedCamera(options);
  return camera.port;
}

function open(target: Partial<OnvifTarget>): Promise<OnvifConnection> {
  return OnvifConnection.open({ host: '127.0.0.1', ...target }, { clock: systemClock, signal });
}

describe('a wrong password', () => {
  // Services are told to everybody, as the specification allows; the media are closed.
  const unsigned = ['GetServices'];

  it('is a success to the package, with a warning and no profiles', async () => {
    const port = await start({ account, open: unsigned });
    const { outcome, warnings, cam } = await connectBare(port, { username: 'admin', password: 'wrong' });
    expect(outcome).toBe('connected');
    expect(warnings.join()).toMatch(/not authorized/i);
    expect((cam as unknown as { profiles: unknown[] }).profiles).toEqual([]);
  });

  it('is refused, and not tried again while the clock stands as it was', async () => {
    const port = await start({ account, open: unsigned });
    await expect(open({ port, username: 'admin', password: 'wrong' })).rejects.toMatchObject(refused);
    expect(camera!.operations().filter((one) => one === 'GetDeviceInformation')).toHaveLength(1);
    await expect(open({ port, ...account })).resolves.toBeDefined();
  });
});

describe('names and passwords', () => {
  const odd = { username: 'a&b <c>', password: 'grün & "Haus" ☂' };

  it('are pasted and hashed wrongly by the package', async () => {
    const port = await start({ account: odd });
    const { cam } = await connectBare(port, { ...odd });
    await expect(askBare(cam, 'getDeviceInformation')).rejects.toThrow(/entity name/);
    const umlaut = { username: 'admin', password: 'grün☂' };
    const other = await start({ account: umlaut });
    const second = await connectBare(other, umlaut);
    await expect(askBare(second.cam, 'getDeviceInformation')).rejects.toThrow(/not authorized/i);
  });

  it('are escaped and hashed as UTF-8', async () => {
    await expect(open({ port: await start({ account: odd }), ...odd })).resolves.toBeDefined();
  });

  it('an empty password signs too, which the package leaves out', async () => {
    const port = await start({ account: { username: 'admin', password: '' } });
    const { cam } = await connectBare(port, { username: 'admin', password: '' });
    await expect(askBare(cam, 'getDeviceInformation')).rejects.toThrow(/not authorized/i);
    await expect(open({ port, username: 'admin', password: '' })).resolves.toBeDefined();
  });
});

describe('a camera whose clock is set while we know it', () => {
  const HOUR = 3_600_000;

  it('refuses the package from then on', async () => {
    let offset = -HOUR;
    const port = await start({ account, now: () => Date.now() + offset });
    const { cam } = await connectBare(port, account);
    await expect(askBare(cam, 'getDeviceInformation')).resolves.toBeDefined();
    offset = HOUR;
    await expect(askBare(cam, 'getSystemDateAndTime')).resolves.toBeDefined();
    await expect(askBare(cam, 'getDeviceInformation')).rejects.toThrow(/not authorized/i);
  });

  it('is asked for its time again, unsigned, and goes on', async () => {
    let offset = -HOUR;
    const port = await start({ account, now: () => Date.now() + offset });
    const connection = await open({ port, ...account });
    offset = HOUR;
    expect(await streams(connection)).toHaveLength(2);
    const [time] = camera!.asked.filter(({ operation }) => operation === 'GetSystemDateAndTime').slice(-1);
    expect(time!.body).not.toContain('UsernameToken');
    // Told to read it, as after setting it, it needs no refusal first.
    offset = 5 * HOUR;
    const { offsetMs } = await connection.clock();
    expect(Math.abs(offsetMs - 5 * HOUR)).toBeLessThan(10_000);
    const before = camera!.asked.length;
    expect(await streams(connection)).toHaveLength(2);
    expect(camera!.operations().slice(before)).not.toContain('GetSystemDateAndTime');
  });

  it('may tell no time at all, or nonsense', async () => {
    const nonsense = dateAndTime(0).replace('<tt:Year>1970', '<tt:Year>0');
    for (const GetSystemDateAndTime of ['<tds:GetSystemDateAndTimeResponse/>', nonsense]) {
      const connection = await open({ port: await start({ account, answers: { GetSystemDateAndTime } }), ...account });
      expect(await connection.clock()).toMatchObject({ utc: undefined, offsetMs: 0 });
      await camera!.close();
    }
  });

  it('is asked signed where it tells the time to nobody else', async () => {
    const answer = ({ body }: Asked) =>
      body.includes('UsernameToken') ? dateAndTime(Date.now()) : { status: 401, body: '<html>Unauthorized</html>' };
    const port = await start({ account, answers: { GetSystemDateAndTime: answer } });
    await expect(open({ port, ...account })).resolves.toBeDefined();
  });
});

describe('a camera that wants HTTP Digest', () => {
  const nonce = 'a1b2c3';

  /** Refuses what has no valid Digest answer; `lines` are what it offers. */
  function behindDigest(lines: string[], algorithm: 'md5' | 'sha256', seen: string[]) {
    const check = ({ headers, method, path, body }: Asked) => {
      const given = headers.authorization ?? '';
      seen.push(`${given.split(' ')[0]}${body.includes('UsernameToken') ? '+token' : ''}`);
      const value = (name: string) => new RegExp(`\\b${name}="?([^",]*)`).exec(given)?.[1] ?? '';
      const hash = (text: string) => createHash(algorithm).update(text).digest('hex');
      const middle = `${nonce}:${value('nc')}:${value('cnonce')}:auth`;
      const right = hash(`${hash('admin:Cam "1":secret')}:${middle}:${hash(`${method}:${path}`)}`);
      if (value('response') === right && value('username') === 'admin') return undefined;
      return { status: 401, headers: { 'WWW-Authenticate': lines }, body: '' };
    };
    const operations = ['GetServices', 'GetDeviceInformation', 'GetProfiles'];
    return Object.fromEntries(
      operations.map((one) => [one, (asked: Asked) => check(asked) ?? `<tds:${one}Response/>`]),
    );
  }

  const realm = 'realm="Cam \\"1\\""';
  const md5 = `Digest qop="auth", ${realm}, nonce="${nonce}", stale="FALSE"`;
  const sha256 = `Digest qop="auth-int,auth", ${realm}, nonce="${nonce}", algorithm="SHA-256"`;

  it.each([
    ['MD5', [md5], 'md5'],
    ['SHA-256 beside MD5 on lines of their own', [md5, sha256], 'sha256'],
    ['both in one line, with Basic', [`Basic realm="x", ${md5}, ${sha256}`], 'sha256'],
    ['in an unknown algorithm first', [`Digest ${realm}, nonce="z", algorithm=SHA3-512`, md5], 'md5'],
  ] as const)('gets it: %s', async (_, lines, algorithm) => {
    const seen: string[] = [];
    const GetCapabilities = '<tds:GetCapabilitiesResponse/>';
    const port = await start({ answers: { ...behindDigest([...lines], algorithm, seen), GetCapabilities } });
    await expect(open({ port, ...account })).resolves.toBeDefined();
    // Once asked, it signs on one level only, and without a refusal before each call.
    expect(seen).toEqual(['+token', 'Digest', 'Digest']);
  });

  it('is answered once: a wrong password is no loop', async () => {
    const seen: string[] = [];
    const port = await start({ answers: behindDigest([md5], 'md5', seen) });
    await expect(open({ port, username: 'admin', password: 'wrong' })).rejects.toMatchObject(refused);
    expect(seen).toEqual(['+token', 'Digest']);
  });

  it('gets no password in the clear for asking for Basic, unless that is allowed or hidden by HTTPS', async () => {
    const answers = {
      '/snapshot.jpg': ({ headers }: Asked) =>
        headers.authorization === `Basic ${Buffer.from('admin:secret').toString('base64')}`
          ? { body: 'picture' }
          : { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } },
    };
    const port = await start({ answers });
    const careful = await open({ port, ...account });
    const message = expect.stringContaining('in the clear');
    const hint = expect.stringContaining('HTTPS');
    await expect(careful.get('http://x/snapshot.jpg')).rejects.toMatchObject({ ...refused, message, hint });
    const anonymous = await open({ port });
    await expect(anonymous.get('http://x/snapshot.jpg')).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('without a user'),
    });
    expect(JSON.stringify(camera!.asked)).not.toContain('Basic ');
    const allowed = await open({ port, ...account, plainPassword: true });
    expect(String(await allowed.get('http://x/snapshot.jpg'))).toBe('picture');
  });
});

it('never tells the password in an error', async () => {
  const port = await start({ account });
  const error = await open({ port, username: 'admin', password: 'c4n4ry' }).catch((reason: Error) => reason);
  expect(`${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('c4n4ry');
});
