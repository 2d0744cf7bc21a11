import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { textAt } from '../../lib/onvif/xml.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';

const signal = new AbortController().signal;
const size = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };
const password = 'grün & <Haus>';

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'onvif-'));
  const cameras = [{ name: 'gate & yard' }];
  simulator = await startSimulator(
    { cameras, cacheDir: dir, username: 'o&brien', password, main: size, sub: size },
    signal,
  );
});

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

function open(password: string, username = 'o&brien'): Promise<OnvifConnection> {
  const { port } = new URL(simulator.cameras[0]!.onvifUrl!);
  return OnvifConnection.open(
    { host: '127.0.0.1', port: Number(port), username, password },
    { clock: systemClock, signal },
  );
}

describe('a connection to the simulated camera', () => {
  it('signs in with names and passwords that are not ASCII, and reads identity and clock', async () => {
    const connection = await open(password);
    const { identity } = simulator.cameras[0]!.camera;
    expect(await connection.identity()).toEqual({
      manufacturer: 'nvr-uplink',
      model: 'Simulated Camera',
      firmware: '1.0',
      serial: identity.serial,
      hardwareId: 'SIM1',
      name: 'gate & yard',
      mac: identity.mac,
      uuid: undefined,
    });
    const clock = await connection.clock();
    expect(clock).toMatchObject({ type: 'NTP', timezone: 'UTC0', daylight: false });
    expect(Math.abs(clock.offsetMs)).toBeLessThan(5_000);
    expect([connection.has('device'), connection.has('media'), connection.has('ptz')]).toEqual([true, true, false]);
  });

  it('is refused with a wrong password, a wrong user, or none', async () => {
    const refused = expect.objectContaining({ code: 'sign-in-refused', kind: 'permanent' });
    await expect(open('wrong')).rejects.toEqual(refused);
    await expect(open(password, 'admin')).rejects.toEqual(refused);
    await expect(open('', '')).rejects.toEqual(refused);
  });

  it('calls what the package does not know, and tells faults apart', async () => {
    const connection = await open(password);
    const body = '<GetHostname xmlns="http://www.onvif.org/ver10/device/wsdl"/>';
    const reply = await connection.call({ service: 'device', body });
    expect(textAt(reply, 'HostnameInformation', 'Name')).toBe('gate & yard');
    const nothing = {
      service: 'device',
      body: '<GetNothing xmlns="http://www.onvif.org/ver10/device/wsdl"/>',
    } as const;
    await expect(connection.call(nothing)).rejects.toMatchObject({ code: 'soap-fault', subcode: 'ActionNotSupported' });
    const ptz = { service: 'ptz', body: '<x xmlns="urn:x"/>' } as const;
    await expect(connection.call(ptz)).rejects.toMatchObject({ code: 'service-missing', kind: 'permanent' });
  });

  it('fetches the snapshot behind Digest', async () => {
    const connection = await open(password);
    const jpeg = await connection.get('http://10.1.2.3/snapshot.jpg');
    expect(jpeg.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    await expect(connection.get('http://x/other')).rejects.toMatchObject({ code: 'http-status' });
    await expect(connection.get('http://x/snapshot.jpg', { maxBytes: 100 })).rejects.toMatchObject({
      code: 'reply-too-large',
    });
  });

  it('says what is there instead of a camera, or that nothing is', async () => {
    const rtsp = Number(new URL(simulator.cameras[0]!.mainUrl).port);
    const at = (port: number, path?: string) =>
      OnvifConnection.open({ host: '127.0.0.1', port, path }, { clock: systemClock, signal });
    await expect(at(1)).rejects.toMatchObject({ code: 'unreachable', kind: 'transient' });
    await expect(at(rtsp)).rejects.toMatchObject({ code: 'not-onvif', kind: 'permanent' });
    await expect(OnvifConnection.open({ host: 'http://x' }, { clock: systemClock, signal })).rejects.toMatchObject({
      code: 'target-invalid',
    });
  });
});
