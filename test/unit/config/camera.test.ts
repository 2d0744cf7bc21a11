import { describe, expect, it } from 'vitest';
import { settingsFor } from '../../../src/config/camera.js';
import { addressProblem, formatCameraAddress, parseCameraAddress } from '../../../src/config/camera-address.js';
import { showValue } from '../../../src/config/faults.js';
import { configSchema } from '../../../src/config/schema.js';

const cameraOf = (camera: object) => configSchema.parse({ cameras: { gate: camera } }).cameras.gate!;
const faultsOf = (camera: object, more: object = {}) => {
  const { error } = configSchema.safeParse({ cameras: { gate: camera }, ...more });
  return Object.fromEntries((error?.issues ?? []).map(({ path, message }) => [path.slice(2).join('.'), message]));
};

describe('the address of a camera', () => {
  it.each([
    ['192.168.1.20', { host: '192.168.1.20', secure: false }],
    ['192.168.1.20:80', { host: '192.168.1.20', port: 80, secure: false }],
    ['gate.lan:8000', { host: 'gate.lan', port: 8000, secure: false }],
    ['https://192.168.1.20', { host: '192.168.1.20', secure: true }],
    [
      'http://192.168.1.20:2020/onvif/service',
      { host: '192.168.1.20', port: 2020, path: '/onvif/service', secure: false },
    ],
    ['[fd00::20]:8000', { host: 'fd00::20', port: 8000, secure: false }],
  ])('is read from %s and written so', (text, address) => {
    expect(parseCameraAddress(text)).toEqual(address);
    expect(formatCameraAddress(parseCameraAddress(text))).toBe(text);
  });

  it.each([
    ['rtsp://192.168.1.20/stream1', 'streams: { main'],
    ['admin:CANARY@192.168.1.20', 'use `username`'],
    ['ftp://192.168.1.20', 'is not supported'],
    ['192.168.1', 'not an IP address'],
    ['192.168.1.300', 'not an'],
    ['192.168.1.20:0', 'no port is 0'],
    ['192.168.1.20:99999', 'not an address'],
    ['http://192.168.1.20/?a=b', 'not an address'],
    ['two words', 'not an address'],
    ['', 'not an address'],
  ])('is not %j', (text, remedy) => {
    expect(addressProblem(text)).toContain(remedy);
    expect(() => parseCameraAddress(text)).toThrow(RangeError);
    expect(showValue('cameras.gate.address', text)).not.toContain('CANARY');
  });
});

describe('a camera', () => {
  it('needs an address or a stream, and may have both', () => {
    expect(cameraOf({ address: '10.0.0.5' }).streams).toBeUndefined();
    expect(cameraOf({ address: '10.0.0.5', streams: { sub: 'rtsp://10.0.0.5/2' } }).streams?.main).toBeUndefined();
    expect(faultsOf({})).toEqual({ address: expect.stringContaining('streams: { main') });
    expect(faultsOf({ streams: { sub: 'rtsp://10.0.0.5/2' } })).toEqual({ address: expect.any(String) });
  });

  it('may speak TLS, with a pinned certificate, and send over UDP, but not both at once', () => {
    const certificate = `SHA256:${'ab'.repeat(32)}`;
    const secure = { streams: { main: 'rtsps://10.0.0.5/1' }, certificate };
    expect(cameraOf(secure).certificate).toBe(certificate);
    expect(cameraOf({ address: '10.0.0.5', transport: 'udp' }).transport).toBe('udp');
    expect(faultsOf({ ...secure, transport: 'udp' })).toEqual({ transport: expect.stringContaining('not encrypted') });
    expect(faultsOf({ address: '10.0.0.5', certificate })).toEqual({
      certificate: expect.stringContaining('rtsps://'),
    });
    expect(faultsOf({ streams: { main: 'http://10.0.0.5/1' } })).toEqual({
      'streams.main': expect.stringContaining('write rtsp://'),
    });
  });

  it('is asked for its own recordings over ONVIF, and only where that is wanted', () => {
    expect(cameraOf({ address: '10.0.0.5' }).backfill).toBeUndefined();
    expect(cameraOf({ address: '10.0.0.5', backfill: true }).backfill).toBe(true);
    expect(faultsOf({ streams: { main: 'rtsp://10.0.0.5/1' }, backfill: true })).toEqual({
      backfill: expect.stringContaining('`address`'),
    });
  });

  it('is told from others in any spelling of its MAC', () => {
    for (const mac of ['9C:8E:CD:01:23:45', '9c-8e-cd-01-23-45', '9c8ecd012345']) {
      expect(cameraOf({ address: '10.0.0.5', mac }).mac).toBe('9c:8e:cd:01:23:45');
    }
  });

  it('has a MAC that is one', () => {
    for (const mac of ['x', '9c:8e:cd:01:23', '9c:8e:cd:01:23:4g']) {
      expect(faultsOf({ address: '10.0.0.5', mac })).toEqual({ mac: expect.stringContaining('9c:8e:cd:01:23:45') });
    }
  });

  it('has all its faults told together, each with a remedy', () => {
    const streams = { main: 'rtsp://10.0.0.5/1' };
    const set = {
      main: { fps: 0, resolution: '1080p', bitrate: '4', gop: '2', codec: 'h266' },
      timezone: 'Mars',
      ntp: 'a b',
      hostname: 'a_b',
    };
    const faults = faultsOf({ streams, mac: 'x', certificate: 'y', serial: '1', channel: 0, password: 'p', set });
    expect(faults).toEqual({
      mac: expect.stringContaining('give the camera an `address`'),
      certificate: expect.stringContaining('https://'),
      serial: expect.stringContaining('give the camera an `address`'),
      channel: expect.any(String),
      username: expect.stringContaining('needs a username'),
      set: expect.stringContaining('give the camera an `address`'),
      'set.main.fps': expect.any(String),
      'set.main.resolution': expect.stringContaining('1920x1080'),
      'set.main.bitrate': expect.stringContaining('4Mbit'),
      'set.main.gop': expect.stringContaining('e.g. 5m'),
      'set.main.codec': expect.stringContaining('h264'),
      'set.timezone': expect.stringContaining('Europe/Copenhagen'),
      'set.ntp': expect.any(String),
      'set.hostname': expect.stringContaining('a-z'),
    });
  });

  it('has its certificate pinned in the spellings of openssl', () => {
    const hex = 'ab'.repeat(32);
    const address = 'https://10.0.0.5';
    for (const certificate of [
      `SHA256:${hex}`,
      hex.toUpperCase().match(/../g)!.join(':'),
      `SHA256:${'A'.repeat(43)}`,
    ]) {
      expect(cameraOf({ address, certificate }).certificate).toBe(certificate);
    }
    expect(faultsOf({ address, certificate: 'SHA1:abc' })).toEqual({ certificate: expect.stringContaining('SHA256') });
    expect(faultsOf({ address: '10.0.0.5', certificate: hex })).toEqual({
      certificate: expect.stringContaining('https://'),
    });
  });
});

describe('what is wished of a camera', () => {
  it("is the site's, and its own setting by setting over that", () => {
    const { camera_settings, cameras } = configSchema.parse({
      camera_settings: { main: { fps: 15, bitrate: '4Mbit' }, ntp: 'dhcp', timezone: 'UTC' },
      cameras: {
        gate: { address: '10.0.0.5', set: { main: { fps: 25, gop: '2s' }, sub: { fps: 5 }, hostname: 'gate' } },
      },
    });
    expect(settingsFor(camera_settings, cameras.gate!.set)).toEqual({
      main: { fps: 25, bitrate: 4_000_000, gop: 2_000 },
      sub: { fps: 5 },
      ...{ ntp: ['dhcp'], timezone: 'UTC', hostname: 'gate' },
    });
    expect(settingsFor(undefined, undefined)).toEqual({});
  });

  it('has no host name for all', () => {
    const { error } = configSchema.safeParse({
      cameras: { gate: { address: '10.0.0.5' } },
      camera_settings: { hostname: 'x' },
    });
    expect(error?.issues).toMatchObject([{ path: ['camera_settings'], keys: ['hostname'] }]);
  });
});

describe('motion of a camera', () => {
  it.each([
    ['onvif', { streams: { main: 'rtsp://10.0.0.7/1' } }, /needs the `address`/],
    ['analysis', { streams: { main: 'rtsp://10.0.0.7/1' } }, /looks at the small stream/],
  ])('refuses %s where there is none', (source, camera, message) => {
    const { error } = configSchema.safeParse({ cameras: { gate: { ...camera, motion: { sources: [source] } } } });
    expect(error?.issues[0]?.message).toMatch(message);
    expect(error?.issues[0]?.path).toEqual(['cameras', 'gate', 'motion']);
  });

  it('takes what is there, and refuses a source named twice', () => {
    const streams = { main: 'rtsp://10.0.0.7/1', sub: 'rtsp://10.0.0.7/2' };
    const parsed = (sources: string[]) =>
      configSchema.safeParse({ cameras: { gate: { streams, motion: { sources } } } });
    expect(parsed(['analysis', 'external']).success).toBe(true);
    expect(parsed(['analysis', 'analysis']).error?.issues[0]?.message).toBe('each source once');
  });
});
