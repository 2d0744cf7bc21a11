import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { additionsOf, type Found, withAdditions } from '../../../src/camera/adding.js';
import { nameCamera, passwordVariable } from '../../../src/camera/naming.js';
import { claimant, recognise } from '../../../src/camera/recognise.js';
import type { SurveyedCamera, SurveyedStream } from '../../../src/camera/survey.js';
import { configSchema } from '../../../src/config/schema.js';

const MAC = '9c:8e:cd:01:23:45';
const stream = (channel = 1): SurveyedStream => ({
  ...{ channel, stream: 'main', codec: 'H264', width: 1920, height: 1080, fps: 25, bitrateKbps: 4096, gop: 50 },
  url: 'rtsp://192.168.1.20/1',
});
const camera = (over: Partial<SurveyedCamera> = {}): SurveyedCamera => ({
  ...{ name: 'Front door', manufacturer: 'HIKVISION', model: 'DS-2CD2387G2-LU', firmware: '5.40', serial: '0012345' },
  ...{ address: '192.168.1.20', mac: MAC, uuid: null, profiles: ['S'], streams: [stream()] },
  ...{ certificate: null, authenticated: true, problem: null, ...over },
});
const found = (over: Partial<SurveyedCamera> = {}, recognised: Found['recognised'] = null): Found => ({
  ...{ camera: camera(over), recognised },
});

describe('the name of a new camera', () => {
  it.each([
    ['its owner gave', { name: 'Front door' }, 'front-door'],
    ['its owner gave, in another alphabet', { name: 'Über Gård #2' }, 'uber-gard-2'],
    ['nobody can pronounce', { name: '前门' }, 'hikvision-2345'],
    ['every camera of its maker has', { name: 'IPCAM' }, 'hikvision-2345'],
    ['is its model', { name: 'DS-2CD2387G2-LU' }, 'hikvision-2345'],
    ['is not there', { name: null, manufacturer: 'tp-link' }, 'tp-link-2345'],
    ['would be that of the index', { name: 'index' }, 'index-2345'],
    ['is not there, nor a MAC', { name: null, mac: null }, 'hikvision-2345'],
    ['is far too long', { name: 'x'.repeat(99) }, 'x'.repeat(58)],
  ])('comes from the one that %s', (_, over, name) => {
    expect(nameCamera(camera(over), new Set())).toBe(name);
  });

  it('is never one that is taken', () => {
    const taken = new Set<string>();
    for (let n = 0; n < 4; n++) taken.add(nameCamera(camera(), taken));
    expect([...taken]).toEqual(['front-door', 'front-door-2345', 'front-door-2', 'front-door-3']);
    expect(['gate', 'front-door', '2-west'].map(passwordVariable)).toEqual([
      ...['GATE_PASSWORD', 'FRONT_DOOR_PASSWORD', 'CAMERA_2_WEST_PASSWORD'],
    ]);
  });
});

describe('a camera of the configuration', () => {
  const known = new Map(
    Object.entries({
      gate: { address: '192.168.1.20:8000', serial: '0012345', mac: MAC },
      yard: { address: '192.168.1.30' },
      roof: { streams: { main: 'rtsp://192.168.1.40/1' } },
    }),
  );

  it('is recognised where it is, and where it went', () => {
    expect(recognise(camera(), known)).toEqual({ names: ['gate'], movedFrom: null });
    expect(recognise(camera({ address: '192.168.1.99' }), known)).toEqual({
      ...{ names: ['gate'], movedFrom: '192.168.1.20:8000' },
    });
    expect(recognise(camera({ address: '192.168.1.99', mac: null }), known)?.names).toEqual(['gate']);
    expect(recognise(camera({ address: '192.168.1.30', mac: null, serial: 'x9' }), known)?.names).toEqual(['yard']);
  });

  it('is not whatever has its address now', () => {
    expect(recognise(camera({ mac: '02:00:00:00:00:09', serial: 'other' }), known)).toBeNull();
    expect(recognise(camera({ address: '192.168.1.40', mac: null, serial: null }), known)).toBeNull();
  });

  it('has its sign-in tried where it says it is, or where it was', () => {
    const addresses = [{ host: '192.168.1.20', secure: false }];
    expect(claimant({ addresses, scopes: [] }, known)).toBe('gate');
    // The neighbour table may have a repeater's.
    expect(claimant({ addresses, scopes: [], mac: '02:00:00:00:00:09' }, known)).toBe('gate');
    expect(claimant({ addresses: [{ host: '10.0.0.1', secure: false }], scopes: [], mac: MAC }, known)).toBe('gate');
    expect(claimant({ addresses: [{ host: '10.0.0.1', secure: false }], scopes: [] }, known)).toBeUndefined();
  });
});

describe('what discover adds', () => {
  const signIn = { username: 'viewer' };

  it('is a valid camera with a reference for its password, and nothing twice', () => {
    const additions = additionsOf([found(), found({ name: 'Yard', mac: null, serial: null })], signIn, ['gate']);
    const text = withAdditions('# mine\ncameras:\n  gate: { address: 10.0.0.1 } # old\n', additions);
    const { cameras } = configSchema.parse(parse(text));
    expect(cameras['front-door']).toEqual({
      ...{
        address: '192.168.1.20',
        username: 'viewer',
        password: `\${FRONT_DOOR_PASSWORD}`,
        serial: '0012345',
        mac: MAC,
      },
    });
    expect(Object.keys(cameras)).toEqual(['gate', 'front-door', 'yard']);
    expect(text).toMatch(/^# mine\n[\s\S]*# old\n/);
    expect(withAdditions(text, additions)).toBe(text);
  });

  it('begins a file where there is none', () => {
    const text = withAdditions('', additionsOf([found()], signIn, []));
    expect(text).toMatch(/^# nvr-uplink/);
    expect(configSchema.parse(parse(text)).site).toBe('home');
    expect(withAdditions('', [])).toBe('');
  });

  it('is nothing for cameras that could not be signed in to, and for those that are there already', () => {
    const problem = { code: 'sign-in-refused', message: 'refused', hint: null };
    const known = { names: ['gate'], movedFrom: null };
    expect(
      additionsOf([found({ authenticated: false, problem }), found({}, known), found({ streams: [] })], signIn, []),
    ).toEqual([]);
  });

  it('is the new address of one that moved, for each of its names', () => {
    const moved = found({ address: '192.168.1.99:8000' }, { names: ['gate', 'yard'], movedFrom: '192.168.1.20' });
    const text =
      'cameras:\n  gate:\n    address: 192.168.1.20 # by DHCP\n  yard: { address: 192.168.1.20, channel: 2 }\n';
    expect(withAdditions(text, additionsOf([moved], signIn, ['gate', 'yard']))).toBe(
      text.replaceAll('192.168.1.20', '192.168.1.99:8000'),
    );
  });

  it('is one camera for each channel of a recorder, with one password', () => {
    const additions = additionsOf([found({ name: 'Shop', streams: [stream(1), stream(2), stream(5)] })], signIn, [
      'shop-2',
    ]);
    const text = withAdditions('', additions);
    const { cameras } = configSchema.parse(parse(text));
    expect(Object.entries(cameras).map(([name, { channel, password }]) => [name, channel, password])).toEqual([
      ['shop-1', 1, `\${SHOP_PASSWORD}`],
      ['shop-2-2345', 2, `\${SHOP_PASSWORD}`],
      ['shop-5', 5, `\${SHOP_PASSWORD}`],
    ]);
  });

  it('has no sign-in for a camera that wants none', () => {
    const [addition] = additionsOf([found()], {}, []);
    expect(addition).toMatchObject({ variable: null, settings: { address: '192.168.1.20' } });
    expect(JSON.stringify(addition)).not.toContain('PASSWORD');
  });
});
