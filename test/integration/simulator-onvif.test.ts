import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Discovery } from 'onvif';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { parseSoap } from '../../lib/simulator/soap.js';
import { ask, connect } from '../peers/onvif-library.js';
import { until } from '../peers/until.js';

const never = new AbortController().signal;
const size = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  const cameras = [{ name: 'front-door' }, { name: 'garden' }, { name: 'gate & yard' }];
  simulator = await startSimulator(
    { cameras, cacheDir: dir, password: 'secret', discovery: true, main: size, sub: size },
    never,
  );
});

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Found {
  port: string;
  path: string;
  urn: string;
}

/** Device services that the library finds on the loopback interface; other programs' cameras may be among them. */
async function discover(): Promise<string[]> {
  return await new Promise((resolve) => {
    const found: string[] = [];
    const add = (cam: Found) => found.push(`http://127.0.0.1:${cam.port}${cam.path}`);
    Discovery.on('device', add);
    // It throws away the whole answer if somebody else's datagram is strange; the devices it named are good all the same.
    Discovery.on('error', () => undefined);
    Discovery.probe({ device: 'lo', timeout: 1_500 }, () => {
      Discovery.removeListener('device', add);
      resolve(found);
    });
  });
}

describe('the onvif library', () => {
  it('discovers every camera, but none that is down', async () => {
    const urls = simulator.cameras.map(({ onvifUrl }) => onvifUrl);
    expect(await discover()).toEqual(expect.arrayContaining(urls));
    await simulator.cameras[1]!.camera.setFault('unreachable');
    const found = await discover();
    await simulator.cameras[1]!.camera.setFault(undefined);
    expect(found).toContain(urls[0]);
    expect(found).not.toContain(urls[1]);
  });

  it('learns identity, profiles and the addresses of streams and snapshot', async () => {
    const { mainUrl, subUrl, onvifUrl, camera } = simulator.cameras[2]!;
    const cam = await connect(onvifUrl!, 'secret');
    expect(await ask(cam, 'getDeviceInformation')).toMatchObject({
      manufacturer: 'nvr-uplink',
      serialNumber: camera.identity.serial,
    });
    expect(await ask(cam, 'getHostname')).toMatchObject({ name: 'gate & yard' });
    expect(JSON.stringify(await ask(cam, 'getNetworkInterfaces'))).toContain(camera.identity.mac);
    expect(JSON.stringify(await ask(cam, 'getScopes'))).toContain('name/gate%20%26%20yard');
    expect((await ask(cam, 'getCapabilities')).media).toBeDefined();
    expect(cam.activeSource).toMatchObject({
      encoding: 'H264',
      width: 160,
      height: 90,
      fps: 15,
      bitrate: 200,
      profileToken: 'main',
    });
    expect(await ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'main' })).toMatchObject({ uri: mainUrl });
    expect(await ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'sub' })).toMatchObject({ uri: subUrl });
    await expect(ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'none' })).rejects.toThrow(
      /No such profile/,
    );
    const encoder = await ask(cam, 'getVideoEncoderConfiguration', 'encoder-sub');
    expect(encoder).toMatchObject({ rateControl: { frameRateLimit: 15, bitrateLimit: 200 } });
    expect(await ask(cam, 'getUsers')).toEqual([{ username: 'admin', userLevel: 'Administrator' }]);
  });

  it('is refused with a wrong password, and with the right one while sign-in is refused', async () => {
    const { onvifUrl, camera } = simulator.cameras[0]!;
    await expect(ask(await connect(onvifUrl!, 'secret'), 'getDeviceInformation')).resolves.toBeDefined();
    await camera.setFault('sign-in-refused');
    const refused = connect(onvifUrl!, 'secret').then((cam) => ask(cam, 'getDeviceInformation'));
    await expect(refused).rejects.toThrow(/not authorized/i);
    await camera.setFault(undefined);
    const wrong = connect(onvifUrl!, 'wrong').then((cam) => ask(cam, 'getDeviceInformation'));
    await expect(wrong).rejects.toThrow(/not authorized/i);
  });
});

describe('discovery', () => {
  it('is told hello by a camera that has come up, at the address it has now', async () => {
    const { camera } = simulator.cameras[1]!;
    const heard: string[] = [];
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.on('message', (message) => heard.push(message.toString()));
    socket.bind(3702, '239.255.255.250');
    await once(socket, 'listening');
    socket.addMembership('239.255.255.250', '127.0.0.1');
    const hello = () =>
      heard.map(parseSoap).find((one) => one?.operation === 'Hello' && one.text('Address') === camera.urn);
    await camera.moveTo('127.0.0.31');
    await until('a hello', () => hello() !== undefined);
    expect(hello()!.text('XAddrs')).toBe(camera.deviceUrl);
    expect(camera.deviceUrl).toContain('//127.0.0.31:');
    await camera.moveTo('127.0.0.1');
    socket.close();
  });
});

describe('the snapshot', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');

  it('is a JPEG of this moment, behind Digest', async () => {
    const { onvifUrl } = simulator.cameras[0]!;
    const url = new URL('/snapshot.jpg', onvifUrl);
    const refused = await fetch(url);
    expect(refused.status).toBe(401);
    const [, realm, nonce] = /realm="([^"]*)", nonce="([^"]*)"/.exec(refused.headers.get('www-authenticate')!)!;
    const middle = `${nonce}:00000001:abcd:auth`;
    const response = md5(`${md5(`admin:${realm}:secret`)}:${middle}:${md5('GET:/snapshot.jpg')}`);
    const Authorization = `Digest username="admin", realm="${realm}", nonce="${nonce}", uri="/snapshot.jpg", qop=auth, nc=00000001, cnonce="abcd", response="${response}"`;
    const image = await fetch(url, { headers: { Authorization } });
    const bytes = Buffer.from(await image.arrayBuffer());
    expect(image.headers.get('content-length')).toBe(String(bytes.length));
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
    expect(bytes.subarray(-2)).toEqual(Buffer.from([0xff, 0xd9]));
  });
});

function usernameToken(): string {
  const [nonce, created] = [Buffer.from('once'), new Date(systemClock.now()).toISOString()];
  const digest = createHash('sha1').update(nonce).update(created).update('secret').digest('base64');
  return (
    `<Security><UsernameToken><Username>admin</Username><Password>${digest}</Password>` +
    `<Nonce>${nonce.toString('base64')}</Nonce><Created>${created}</Created></UsernameToken></Security>`
  );
}

describe('odd requests', () => {
  it('are answered with a length and a fault, or cut off when they are huge', async () => {
    const url = simulator.cameras[0]!.onvifUrl!;
    const post = (body: string) => fetch(url, { method: 'POST', body });
    const ask = (operation: string, header = '') =>
      post(
        `<x:Envelope xmlns:x="s"><x:Header>${header}</x:Header><x:Body>` +
          `<q:${operation} xmlns:q="http://www.onvif.org/ver10/device/wsdl"/></x:Body></x:Envelope>`,
      );
    const junk = await post('hello');
    expect(junk.status).toBe(400);
    expect(Number(junk.headers.get('content-length'))).toBeGreaterThan(0);
    // No credentials: a challenge; wrong ones of the other kind: a fault.
    const challenged = await ask('GetScopes');
    expect([challenged.status, challenged.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Digest /),
    ]);
    expect((await ask('GetScopes', '<Security><UsernameToken/></Security>')).status).toBe(400);
    expect((await ask('GetScopes', usernameToken())).status).toBe(200);
    expect(await (await ask('constructor', usernameToken())).text()).toContain('ActionNotSupported');
    expect(await (await ask('GetSystemDateAndTime')).text()).toContain('<tt:UTCDateTime>');
    expect((await post('<!DOCTYPE x [<!ENTITY y "z">]><x>&y;</x>')).status).toBe(400);
    expect((await post('<a>'.repeat(5_000))).status).toBe(400);
    await expect(post('x'.repeat(200_000))).rejects.toThrow();
    expect((await fetch(new URL('/other', url))).status).toBe(404);
  });

  it('cannot keep it from stopping', async () => {
    const cacheDir = dir;
    const other = await startSimulator(
      { cameras: [{ name: 'front-door' }], cacheDir, password: 'x', main: size, sub: size },
      never,
    );
    const { port } = new URL(other.cameras[0]!.onvifUrl!);
    const { connect: open } = await import('node:net');
    const socket = open(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /onvif/device_service HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<half');
    const stop = new AbortController();
    const running = other.run(stop.signal);
    stop.abort();
    await running;
    socket.destroy();
  });
});
