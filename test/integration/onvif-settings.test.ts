import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { encoder } from '../../lib/onvif/encoder.js';
import { gateway, hostname, moveTo, nameServers } from '../../lib/onvif/network-settings.js';
import { change, type Outcome } from '../../lib/onvif/settings.js';
import { time, timeServers } from '../../lib/onvif/time-settings.js';
import { readUsers, setUser } from '../../lib/onvif/users.js';
import type { SimulatedCamera } from '../../lib/simulator/camera.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';

const PERSONAS: PersonaName[] = ['generic', 'hikvision', 'dahua', 'reolink', 'tapo', 'axis'];
const SMALL = { width: 320, height: 180, rateBps: 200_000, loopMs: 16_000 };
const signal = new AbortController().signal;
const clock = systemClock;
const options = { signal, sleep: systemClock.sleep };

let dir: string;
let simulator: Simulator;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'settings-'));
  const cameras = PERSONAS.map((persona) => ({ name: persona, persona, title: 'settings', variant: 0 }));
  simulator = await startSimulator(
    { cameras, cacheDir: join(dir, 'clips'), main: SMALL, sub: SMALL, restartMs: 100 },
    signal,
  );
});
afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true });
});
afterEach(() => {
  for (const { camera } of simulator.cameras) camera.faults.clear();
});

const cameraOf = (persona: string): SimulatedCamera => simulator.cameras.find(({ name }) => name === persona)!.camera;
function targetOf(camera: SimulatedCamera): OnvifTarget {
  const { hostname: host, port, pathname: path } = new URL(camera.deviceUrl);
  return { host, port: Number(port), path, ...simulator.account };
}
const open = (persona: string) => OnvifConnection.open(targetOf(cameraOf(persona)), { clock, signal });
const states = (outcomes: Outcome[]) => Object.fromEntries(outcomes.map(({ setting, state }) => [setting, state]));

describe.each(PERSONAS)('the settings of a %s camera', (persona) => {
  it('are written, read back and compared: the encoder', async () => {
    const camera = cameraOf(persona);
    const { sub } = camera.persona.profiles;
    const connection = await open(persona);
    const group = encoder(connection, connection.has('media2') ? 2 : 1, sub.encoderToken);
    const before = { ...camera.settings.encoders.sub };
    const rate = camera.persona.encoder.frameRates.find((fps) => fps !== before.fps && fps > 5) ?? before.fps;
    const wanted = { fps: String(rate), bitrate: '1024', resolution: `${before.width}x${before.height}` };
    const planned = await change(group, () => wanted, { ...options, dryRun: true });
    expect(camera.settings.encoders.sub).toEqual(before);
    expect(states(planned)).toMatchObject({ bitrate: 'planned', resolution: 'same' });
    const outcomes = await change(group, () => wanted, options);
    expect(states(outcomes)).toEqual({
      ...{ fps: rate === before.fps ? 'same' : 'verified', bitrate: 'verified', resolution: 'same' },
    });
    expect(outcomes.find(({ setting }) => setting === 'bitrate')).toMatchObject({
      ...{ before: String(before.bitrateKbps), wanted: '1024', after: '1024' },
    });
    // What nobody asked to change is as it was: the bare package loses the profile.
    const { quality, profile, codec, gopFrames } = before;
    expect(camera.settings.encoders.sub).toMatchObject({ quality, profile, codec, gopFrames, bitrateKbps: 1024 });
    expect(states(await change(group, () => wanted, options))).toMatchObject({ bitrate: 'same' });
  });

  it('are written, read back and compared: time zone, clock and time servers', async () => {
    const camera = cameraOf(persona);
    const connection = await open(persona);
    const zone = 'CET-1CEST,M3.5.0,M10.5.0/3';
    expect(states(await change(time(connection, clock), () => ({ timezone: zone }), options))).toEqual({
      timezone: 'verified',
    });
    expect(camera.settings.time).toMatchObject({ zone, daylightSavings: true });
    camera.clock.set(clock.now() - 3_600_000);
    const outcomes = await change(time(connection, clock), () => ({ drift: '0' }), options);
    expect(outcomes).toMatchObject([{ before: expect.stringMatching(/^-3[56]\d\d$/), state: 'verified' }]);
    expect(Math.abs(camera.clock.now() - clock.now())).toBeLessThan(2_500);
    for (const ntp of ['192.168.1.1,time.example.org', 'dhcp']) {
      expect(states(await change(timeServers(connection), () => ({ ntp }), options))).toEqual({ ntp: 'verified' });
      expect(states(await change(timeServers(connection), () => ({ ntp }), options))).toEqual({ ntp: 'same' });
    }
  });

  it('are written, read back and compared: host name, gateway and name servers', async () => {
    const camera = cameraOf(persona);
    const connection = await open(persona);
    const wishes = [
      await change(hostname(connection), () => ({ hostname: 'north-gate' }), options),
      await change(gateway(connection), () => ({ gateway: '10.1.2.3' }), options),
      await change(nameServers(connection), () => ({ dns: '10.1.2.3,10.1.2.4' }), options),
    ].flat();
    expect(states(wishes)).toEqual({ hostname: 'verified', gateway: 'verified', dns: 'verified' });
    expect(camera.settings).toMatchObject({
      hostname: { name: 'north-gate' },
      gateways: ['10.1.2.3'],
      dns: { servers: ['10.1.2.3', '10.1.2.4'] },
    });
  });

  it('are called ignored where the camera says yes and does nothing', async () => {
    const camera = cameraOf(persona);
    const connection = await open(persona);
    camera.faults.set('ignores-set', true);
    const quick = { settleMs: 0 };
    const media = connection.has('media2') ? 2 : 1;
    const wishes = [
      await change({ ...hostname(connection), ...quick }, () => ({ hostname: 'south-gate' }), options),
      await change({ ...timeServers(connection), ...quick }, () => ({ ntp: '10.9.9.9' }), options),
      await change({ ...time(connection, clock), ...quick }, () => ({ timezone: 'UTC0' }), options),
      await change(
        { ...encoder(connection, media, camera.persona.profiles.main.encoderToken), ...quick },
        () => ({ bitrate: '768' }),
        options,
      ),
    ].flat();
    expect(wishes.map(({ setting, state, failure }) => [setting, state, failure?.code])).toEqual(
      ['hostname', 'ntp', 'timezone', 'bitrate'].map((setting) => [setting, 'failed', 'setting-ignored']),
    );
    await expect(
      setUser(connection, { username: 'new', password: 'n3w-p4ss' }, { clock, signal }),
    ).rejects.toMatchObject({
      code: 'setting-ignored',
    });
  });

  it('let a user be made and given another password, proven by signing in', async () => {
    const camera = cameraOf(persona);
    const connection = await open(persona);
    const level = camera.persona.userLevels.at(-1)!;
    const first = await setUser(connection, { username: 'viewer', password: 'one-P4ss', level }, { clock, signal });
    expect((await first.identity()).serial).toBe(camera.identity.serial);
    const password = 'two & <P4ss> "ä"';
    await setUser(connection, { username: 'viewer', password }, { clock, signal });
    expect(await readUsers(connection, signal)).toContainEqual({ username: 'viewer', level });
    const old = OnvifConnection.open({ ...first.target }, { clock, signal });
    await expect(old).rejects.toMatchObject({ code: 'sign-in-refused' });
  });
});

describe('what a camera makes of a wish', () => {
  it('is as wished in its own spelling of a time zone', async () => {
    cameraOf('generic').settings.time.zone = 'CET-01:00:00CEST-02:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00';
    const wish = () => ({ timezone: 'CET-1CEST,M3.5.0,M10.5.0/3' });
    expect(states(await change(time(await open('generic'), clock), wish, options))).toEqual({ timezone: 'same' });
  });

  it('is told where it rounds', async () => {
    const camera = cameraOf('tapo');
    const group = encoder(await open('tapo'), 1, camera.persona.profiles.main.encoderToken);
    const outcomes = await change({ ...group, settleMs: 0 }, () => ({ gop: '45', bitrate: '900' }), options);
    for (const { failure } of outcomes) expect(failure?.code).toBe('setting-ignored');
    expect(outcomes.find(({ setting }) => setting === 'bitrate')!.failure!.message).toMatch(
      /accepted 900, and made it 1024/,
    );
    expect(outcomes.find(({ setting }) => setting === 'gop')!.failure!.message).toMatch(/accepted 45, and left it at/);
  });

  it('is good enough where it comes near: cameras count in steps', async () => {
    const camera = cameraOf('tapo');
    const group = encoder(await open('tapo'), 1, camera.persona.profiles.main.encoderToken);
    for (const state of ['verified', 'same']) {
      expect(await change(group, () => ({ bitrate: '750' }), options)).toMatchObject([{ state, after: '768' }]);
    }
  });

  it('is told where it refuses', async () => {
    const camera = cameraOf('generic');
    const group = encoder(await open('generic'), 1, camera.persona.profiles.main.encoderToken);
    const [outcome] = await change(group, () => ({ resolution: '7x7' }), options);
    expect(outcome).toMatchObject({ state: 'failed', failure: { code: 'setting-refused' } });
  });
});

describe('a static address', () => {
  const place = (camera: SimulatedCamera) => camera.settings.network.address;

  it('is confirmed where the same camera answers, by its serial number', async () => {
    const camera = cameraOf('dahua');
    const there = await moveTo(await open('dahua'), { address: '127.0.0.83', prefixLength: 8 }, { clock, signal });
    expect(there.target.host).toBe('127.0.0.83');
    expect((await there.identity()).serial).toBe(camera.identity.serial);
    expect(place(camera)).toBe('127.0.0.83');
    await moveTo(there, { address: '127.0.0.1', prefixLength: 8 }, { clock, signal });
  });

  /** Waiting is over at once. */
  const hasty = { ...clock, monotonic: () => clock.monotonic() * 10 };

  it('is called ignored while the camera answers at the old one only', async () => {
    const connection = await open('axis');
    cameraOf('axis').faults.set('ignores-set', true);
    await expect(
      moveTo(connection, { address: '127.0.0.84', prefixLength: 8 }, { clock: hasty, signal }),
    ).rejects.toMatchObject({
      ...{ code: 'setting-ignored', message: expect.stringContaining('still answers at 127.0.0.1') },
    });
  });

  it('is not confirmed by another camera that has it already', async () => {
    const connection = await open('dahua');
    const onvifPort = connection.target.port;
    const other = await startSimulator(
      {
        ...{
          cameras: [{ name: 'other', persona: 'dahua', host: '127.0.0.85', onvifPort, title: 'settings', variant: 0 }],
        },
        ...{ cacheDir: join(dir, 'clips'), ...simulator.account, main: SMALL, sub: SMALL },
      },
      signal,
    );
    try {
      cameraOf('dahua').faults.set('ignores-set', true);
      const moving = moveTo(connection, { address: '127.0.0.85', prefixLength: 8 }, { clock: hasty, signal });
      await expect(moving).rejects.toMatchObject({ code: 'setting-ignored' });
    } finally {
      await other.stop();
    }
  });

  it('is reported lost when the camera answers nowhere, never assumed', async () => {
    const connection = await open('reolink');
    // An address this machine does not have: the camera is gone from the old one and cannot be at the new one.
    await expect(
      moveTo(connection, { address: '198.51.100.7', prefixLength: 24 }, { clock: hasty, signal }),
    ).rejects.toMatchObject({
      code: 'address-lost',
      message: expect.stringContaining('neither there nor at 127.0.0.1'),
    });
  });
});
