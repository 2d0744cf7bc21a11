import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { type RunningCamera, type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { findAll, parseSoap, textAt } from '../../lib/simulator/soap.js';
import { type SoapSignIn, soapCall, soapEnvelope } from '../simulators/soap-call.js';

const never = new AbortController().signal;
const size = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };
const admin = { username: 'admin', password: 'secret' };

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  simulator = await start();
});

afterEach(() => {
  for (const { camera } of simulator.cameras) camera.faults.clear();
});

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

/** One camera of each maker, all of the same scene. */
async function start(): Promise<Simulator> {
  const personas = ['generic', 'hikvision', 'dahua', 'reolink', 'tapo', 'axis'] as const;
  const cameras = personas.map((persona) => ({ name: persona, persona, title: 'one', variant: 0 }));
  return await startSimulator(
    { cameras, cacheDir: dir, password: 'secret', https: true, restartMs: 300, main: size, sub: size },
    never,
  );
}

function running(name: string): RunningCamera {
  return simulator.cameras.find((one) => one.name === name)!;
}

async function ask(at: RunningCamera, operation: string, content = '', signIn: SoapSignIn = admin) {
  return await soapCall(at.camera.deviceUrl, 'device', operation, { content, signIn });
}

describe('signing in', () => {
  it('is offered with MD5 and SHA-256 at once, and either does', async () => {
    const { camera } = running('hikvision');
    const { status, headers } = await soapCall(camera.deviceUrl, 'device', 'GetScopes');
    const offered = headers.get('www-authenticate')!;
    expect([status, offered]).toEqual([401, expect.stringMatching(/algorithm=MD5.*algorithm=SHA-256/)]);
    const [, realm, nonce] = /realm="([^"]*)", nonce="([^"]*)"/.exec(offered)!;
    for (const [algorithm, kind] of [
      ['MD5', 'md5'],
      ['SHA-256', 'sha256'],
    ] as const) {
      const hash = (text: string) => createHash(kind).update(text).digest('hex');
      const path = camera.persona.services.device;
      const middle = `${nonce}:00000001:abcd:auth`;
      const sign = (password: string) => {
        const response = hash(`${hash(`admin:${realm}:${password}`)}:${middle}:${hash(`POST:${path}`)}`);
        return `Digest username="admin", realm="${realm}", nonce="${nonce}", uri="${path}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="abcd", response="${response}"`;
      };
      const call = (Authorization: string) =>
        soapCall(camera.deviceUrl, 'device', 'GetScopes', { headers: { Authorization } });
      expect((await call(sign('secret'))).status).toBe(200);
      expect((await call(sign('wrong'))).status).toBe(401);
    }
  });

  it('begins anew when a nonce has had its time, and says that the password is not what was wrong', async () => {
    const { camera } = running('hikvision');
    camera.faults.set('nonce-expiry', 60_000);
    const call = (headers: Record<string, string> = {}) =>
      soapCall(camera.deviceUrl, 'device', 'GetScopes', { headers });
    const sign = (challenge: string) => {
      const [, realm, nonce] = /realm="([^"]*)", nonce="([^"]*)"/.exec(challenge)!;
      const md5 = (text: string) => createHash('md5').update(text).digest('hex');
      const path = camera.persona.services.device;
      const response = md5(`${md5(`admin:${realm}:secret`)}:${nonce}:${md5(`POST:${path}`)}`);
      return {
        Authorization: `Digest username="admin", realm="${realm}", nonce="${nonce}", uri="${path}", response="${response}"`,
      };
    };
    const first = sign((await call()).headers.get('www-authenticate')!);
    expect((await call(first)).status).toBe(200);
    camera.faults.set('nonce-expiry', 0);
    const stale = await call(first);
    expect([stale.status, stale.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('stale=true')]);
    camera.faults.clear();
    const again = await call();
    expect(again.headers.get('www-authenticate')).not.toContain('stale');
    expect((await call(sign(again.headers.get('www-authenticate')!))).status).toBe(200);
  });

  it('goes by Digest alone where that is the rule', async () => {
    const { camera } = running('generic');
    camera.faults.set('digest-only', true);
    expect((await ask(running('generic'), 'GetScopes')).status).toBe(401);
  });

  it('has a narrow window with some makers', async () => {
    const ago = (ms: number) => ({ ...admin, createdMs: systemClock.now() - ms });
    expect((await ask(running('dahua'), 'GetScopes', '', ago(0))).status).toBe(200);
    expect((await ask(running('dahua'), 'GetScopes', '', ago(30_000))).status).toBe(400);
    expect((await ask(running('tapo'), 'GetScopes', '', ago(30_000))).status).toBe(200);
  });
});

describe('HTTPS', () => {
  /** Addresses of services as the camera tells them over HTTPS, to who trusts this certificate alone. */
  const services = async ({ camera }: RunningCamera, ca: string | undefined): Promise<string[]> => {
    const body = await new Promise<string>((resolve, reject) => {
      const call = request(camera.secureUrl!, { method: 'POST', ca, agent: false }, (reply) => resolve(text(reply)));
      call.once('error', reject);
      call.end(soapEnvelope('device', 'GetServices', '', admin));
    });
    return findAll(parseSoap(body)?.body, 'Service').map((one) => textAt(one, 'XAddr')!);
  };

  it("has a certificate of the camera's own, which no other camera's stands for", async () => {
    const [one, other] = [running('axis'), running('tapo')];
    expect(await services(one, one.camera.certificate)).not.toHaveLength(0);
    await expect(services(one, other.camera.certificate)).rejects.toThrow(/self-signed/);
  });

  it('is in its addresses when it is how one came, unless the camera forgets that', async () => {
    const generic = running('generic');
    const schemes = async () =>
      new Set((await services(generic, generic.camera.certificate)).map((url) => new URL(url).protocol));
    expect(await schemes()).toEqual(new Set(['https:']));
    generic.camera.faults.set('http-addresses', true);
    expect(await schemes()).toEqual(new Set(['http:']));
  });
});

describe('snapshots', () => {
  const basic = { Authorization: `Basic ${btoa('admin:secret')}` };
  const snapshot = async (name: string, headers = {}) => {
    const reply = await fetch(running(name).camera.snapshotUrl!, { headers });
    return { status: reply.status, bytes: Buffer.from(await reply.arrayBuffer()), headers: reply.headers };
  };

  it('are signed for as the maker has it, and told by the media service where there are any', async () => {
    expect((await snapshot('axis')).headers.get('www-authenticate')).toMatch(/^Basic /);
    expect((await snapshot('axis', { Authorization: `Basic ${btoa('admin:wrong')}` })).status).toBe(401);
    expect((await snapshot('axis', basic)).bytes.subarray(0, 2).toString('hex')).toBe('ffd8');
    expect((await snapshot('hikvision', basic)).headers.get('www-authenticate')).toMatch(/^Digest /);
    expect((await snapshot('reolink')).status).toBe(200);
    expect(running('tapo').camera.snapshotUrl).toBeUndefined();
    for (const name of ['generic', 'tapo']) {
      const { persona, deviceUrl, snapshotUrl } = running(name).camera;
      const content = `<q:ProfileToken>${persona.profiles.main.token}</q:ProfileToken>`;
      const url = new URL(persona.services.media, deviceUrl);
      const reply = await soapCall(url, 'media', 'GetSnapshotUri', { content, signIn: admin });
      if (snapshotUrl) expect(reply.xml).toContain(snapshotUrl);
      else expect(reply.fault).toEqual(['ActionNotSupported']);
    }
  });

  it('may be nothing, or half of one', async () => {
    const { faults } = running('reolink').camera;
    faults.set('cut-snapshot', true);
    const half = await snapshot('reolink');
    expect([half.status, half.bytes.subarray(-2).toString('hex') === 'ffd9']).toEqual([200, false]);
    expect(half.bytes.length).toBeGreaterThan(100);
    faults.set('empty-snapshot', true);
    expect(await snapshot('reolink')).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
  });

  it('may be told as an address with the password in it', async () => {
    const { faults, persona, deviceUrl } = running('generic').camera;
    faults.set('rtsp-snapshot', true);
    const url = new URL(persona.services.media, deviceUrl);
    const content = '<q:ProfileToken>main</q:ProfileToken>';
    const { xml } = await soapCall(url, 'media', 'GetSnapshotUri', { content, signIn: admin });
    expect(xml).toContain('rtsp://admin:secret@127.0.0.1');
  });
});

describe('a reply', () => {
  const time = (signal?: AbortSignal) =>
    soapCall(running('generic').camera.deviceUrl, 'device', 'GetSystemDateAndTime', { signal });

  it('may be no SOAP, a web page, or have a DOCTYPE', async () => {
    const { faults } = running('generic').camera;
    faults.set('doctype', true);
    expect((await time()).xml).toMatch(/^<\?xml[^>]*\?><!DOCTYPE .*<s:Body>&e9;/s);
    faults.set('login-page', true);
    expect(await time()).toMatchObject({
      status: 200,
      body: undefined,
      xml: expect.stringMatching(/^<!DOCTYPE html>/),
    });
    faults.set('garbage', true);
    expect(await time()).toMatchObject({ status: 200, body: undefined });
  });

  it('may come a byte at a time, in all its length, or never', async () => {
    const { faults } = running('generic').camera;
    faults.set('drip', 2);
    const begun = systemClock.monotonic();
    expect((await time()).status).toBe(200);
    expect(systemClock.monotonic() - begun).toBeGreaterThan(500);
    faults.clear();
    faults.set('huge', 5_000_000);
    expect((await time()).xml.length).toBeGreaterThan(5_000_000);
    faults.clear();
    faults.set('stalled', true);
    await expect(time(AbortSignal.timeout(1_000))).rejects.toThrow(/timeout/i);
  });

  it('may name another host in every address, also in discovery', async () => {
    const { camera } = running('generic');
    camera.faults.set('xaddr-host', '169.254.169.254:81');
    const { body } = await ask(running('generic'), 'GetServices');
    const hosts = findAll(body, 'Service').map((one) => new URL(textAt(one, 'XAddr')!).host);
    expect(new Set(hosts)).toEqual(new Set(['169.254.169.254:81']));
    expect(camera.addresses).toBe('http://169.254.169.254:81/onvif/device_service');
    camera.faults.clear();
    camera.faults.set('leading-space', true);
    expect(camera.addresses).toBe(` ${camera.deviceUrl}`);
    camera.faults.set('no-xaddrs', true);
    expect(camera.addresses).toBe('');
  });
});

describe('a subscription', () => {
  const events = async (name: string, operation: string, content = '', url?: string) => {
    const { persona, deviceUrl } = running(name).camera;
    return await soapCall(url ?? new URL(persona.services.events!, deviceUrl), 'events', operation, {
      content,
      signIn: admin,
    });
  };
  const subscribe = async (name: string) => {
    const reply = await events(name, 'CreatePullPointSubscription');
    return { ...reply, address: textAt(reply.body, 'SubscriptionReference', 'Address') ?? '' };
  };

  it('finds no room where others have taken it all', async () => {
    running('axis').camera.faults.set('subscription-slots', 1);
    expect((await subscribe('axis')).status).toBe(200);
    expect((await subscribe('axis')).status).toBe(500);
  });

  it('may be told to be elsewhere', async () => {
    running('generic').camera.faults.set('subscription-host', '169.254.169.254:1024');
    expect((await subscribe('generic')).address).toMatch(/^http:\/\/169\.254\.169\.254:1024\//);
  });

  it('may tell of events that were at no time', async () => {
    const { faults, motion } = running('generic').camera;
    const { address } = await subscribe('generic');
    await events('generic', 'SetSynchronizationPoint', '', address);
    const pull = async () =>
      (
        await events(
          'generic',
          'PullMessages',
          '<q:Timeout>PT1S</q:Timeout><q:MessageLimit>9</q:MessageLimit>',
          address,
        )
      ).xml;
    expect(await pull()).toMatch(/UtcTime="2\d{3}-/);
    faults.set('zero-times', true);
    motion.force(['person']);
    await events('generic', 'SetSynchronizationPoint', '', address);
    expect(await pull()).toContain('UtcTime="0000-00-00T00:00:00Z"');
    motion.force(undefined);
  });
});
