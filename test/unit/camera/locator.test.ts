import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { createLog } from '../../../lib/log.js';
import { CameraLocator, type Heard } from '../../../src/camera/locator.js';
import type { Sighting } from '../../../src/camera/place.js';
import { formatCameraAddress, parseCameraAddress } from '../../../src/config/camera-address.js';
import type { CameraConfig } from '../../../src/config/schema.js';

const MAC = '02:00:00:00:00:01';
const OTHER = '02:00:00:00:00:02';

/** A network: who is at which address. */
let network: Map<string, Partial<Sighting> | Failure>;
/** What WS-Discovery hears. */
let heard: (Omit<Heard, 'address'> & { address: string })[];
let asked: string[];
let searches: number;
let taken: Set<string>;
let patient: boolean[];
let searchFailure: Failure | undefined;
let memory: string | undefined;
let logged: string;
const stop = new AbortController();

beforeEach(() => {
  [network, heard, asked, searches, memory, logged] = [new Map(), [], [], 0, undefined, ''];
  [taken, patient, searchFailure] = [new Set(), [], undefined];
});

const failure = (code: string) => new Failure(code, { kind: 'transient', code });

function locator(settings: Partial<CameraConfig> = {}): CameraLocator {
  return new CameraLocator({
    camera: 'gate',
    settings: { address: '10.0.0.5', ...settings } as CameraConfig & { address: string },
    async ask(address, _signal, isPatient) {
      const name = formatCameraAddress(address);
      asked.push(name);
      patient.push(isPatient);
      const there = network.get(name) ?? failure('unreachable');
      if (there instanceof Failure) throw there;
      return { main: `rtsp://${address.host}/main`, ...there };
    },
    async search() {
      searches++;
      if (searchFailure) throw searchFailure;
      return heard.map((one) => ({ ...one, address: parseCameraAddress(one.address) }));
    },
    isTaken: ({ host }) => taken.has(host),
    memory: {
      read: () => memory,
      write(text) {
        memory = text;
      },
    },
    log: createLog({ write: (line) => (logged += line) }),
  });
}
const main = (one: CameraLocator) => one.stream('main', stop.signal);
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'found',
    (error: Failure) => error.code,
  );

describe('the locator of a camera', () => {
  it('asks it where it is configured, and remembers who it is', async () => {
    network.set('10.0.0.5', { serial: 'A1', mac: MAC, sub: 'rtsp://10.0.0.5/sub' });
    const one = locator();
    expect(await main(one)).toBe('rtsp://10.0.0.5/main');
    expect(await one.stream('sub', stop.signal)).toBe('rtsp://10.0.0.5/sub');
    expect([searches, logged]).toEqual([0, '']);
    expect(memory).toContain(MAC);
  });

  it('asks once for all who want to know at one moment', async () => {
    network.set('10.0.0.5', { mac: MAC });
    const one = locator();
    await Promise.all([main(one), one.stream('sub', stop.signal), one.locate(stop.signal)]);
    expect(asked).toEqual(['10.0.0.5']);
    await main(one);
    expect(asked).toHaveLength(2);
  });

  it.each(['unreachable', 'timed-out', 'not-onvif', 'certificate-changed'])(
    'finds it by what was learnt when its address says %s, in this run and after a restart',
    async (code) => {
      network.set('10.0.0.5', { serial: 'A1', mac: MAC });
      const one = locator();
      await main(one);
      network.set('10.0.0.5', failure(code));
      network.set('10.0.0.9:8000', { serial: 'A1', mac: MAC });
      heard = [
        { address: '10.0.0.7', mac: OTHER },
        { address: '10.0.0.9:8000', mac: MAC },
      ];
      for (const restarts of [false, true]) {
        const each = restarts ? locator() : one;
        expect(await main(each)).toBe('rtsp://10.0.0.9/main');
        // It is known now: whoever else was heard is never signed in to, and nobody searches again.
        expect(asked).not.toContain('10.0.0.7');
        expect(await main(each)).toBe('rtsp://10.0.0.9/main');
        expect(searches).toBe(1);
      }
      expect(logged.match(/has moved/g)).toHaveLength(1);
    },
  );

  it('signs in to those that do not tell who they are only if none says it is ours', async () => {
    network.set('10.0.0.7', { serial: 'B2' });
    network.set('10.0.0.8', { serial: 'A1' });
    heard = [{ address: '10.0.0.7' }, { address: '10.0.0.8' }];
    expect(await main(locator({ serial: 'A1' }))).toBe('rtsp://10.0.0.8/main');
    expect(asked).toEqual(['10.0.0.5', '10.0.0.7', '10.0.0.8']);
  });

  it('tries a camera that may be another once, and never one where another of ours is', async () => {
    network.set('10.0.0.7', { serial: 'B2' });
    network.set('10.0.0.8', failure('sign-in-refused'));
    heard = ['10.0.0.7', '10.0.0.8', '10.0.0.9'].map((address, n) => ({ address, mac: n === 1 ? OTHER : undefined }));
    taken.add('10.0.0.9');
    const one = locator({ mac: MAC, serial: 'A1' });
    for (let n = 0; n < 4; n++) expect(await codeOf(main(one))).toBe('unreachable');
    expect(asked.filter((address) => address !== '10.0.0.5')).toEqual(['10.0.0.7', '10.0.0.8']);
    // A repeater's MAC in the place of its own, as the neighbour table has it.
    heard = [{ address: '10.0.0.6', mac: OTHER }];
    network.set('10.0.0.6', { serial: 'A1', mac: OTHER });
    expect(await main(one)).toBe('rtsp://10.0.0.6/main');
  });

  it('looks nowhere else when it is the camera that answers, only not as wished', async () => {
    network.set('10.0.0.5', failure('sign-in-refused'));
    expect(await codeOf(main(locator({ mac: MAC })))).toBe('sign-in-refused');
    expect(searches).toBe(0);
  });

  it('leaves the last known stream when it cannot be asked: RTSP may work where ONVIF hangs', async () => {
    network.set('10.0.0.5', { mac: MAC });
    const one = locator();
    await main(one);
    for (const code of ['timed-out', 'soap-fault', 'sign-in-refused']) {
      network.set('10.0.0.5', failure(code));
      expect(await main(one)).toBe('rtsp://10.0.0.5/main');
      expect(await main(locator())).toBe('rtsp://10.0.0.5/main');
    }
  });

  it('waits for a slow camera only while there is nothing else to try', async () => {
    network.set('10.0.0.5', { mac: MAC });
    const one = locator();
    await main(one);
    await main(one);
    await main(locator());
    expect(patient).toEqual([true, false, false]);
  });

  it('tries the last known stream where the network cannot be searched', async () => {
    network.set('10.0.0.5', { mac: MAC });
    const one = locator();
    await main(one);
    network.delete('10.0.0.5');
    searchFailure = failure('interface-unknown');
    expect(await main(one)).toBe('rtsp://10.0.0.5/main');
    expect(logged).toContain('cannot be looked for');
  });

  it('says why when it was never seen', async () => {
    expect(await codeOf(main(locator({ mac: MAC })))).toBe('unreachable');
    expect(searches).toBe(1);
    // By what should it be looked for?
    expect(await codeOf(main(locator()))).toBe('unreachable');
    expect(searches).toBe(1);
  });

  it('never takes another camera for the configured one', async () => {
    network.set('10.0.0.5', { serial: 'B2', mac: OTHER });
    for (const identity of [{ mac: MAC }, { serial: 'A1' }]) {
      memory = undefined;
      expect(await codeOf(main(locator(identity)))).toBe('wrong-camera');
    }
    network.set('10.0.0.6', { serial: 'A1', mac: MAC });
    heard = [{ address: '10.0.0.6', mac: MAC }];
    expect(await main(locator({ mac: MAC }))).toBe('rtsp://10.0.0.6/main');
  });

  it('records a replacement where no identity is configured, and says so; but looks for the first one before', async () => {
    network.set('10.0.0.5', { serial: 'A1', mac: MAC });
    const one = locator();
    await main(one);
    network.set('10.0.0.5', { serial: 'B2', mac: OTHER });
    expect(await main(one)).toBe('rtsp://10.0.0.5/main');
    expect(searches).toBe(1);
    expect(logged).toContain('another camera is at this address now');
    expect(memory).toContain(OTHER);
  });

  it('believes the configuration when it was given another address', async () => {
    network.set('10.0.0.5', { mac: MAC });
    await main(locator());
    network.set('10.0.0.6', { mac: OTHER });
    expect(await main(locator({ address: '10.0.0.6' }))).toBe('rtsp://10.0.0.6/main');
    expect([searches, logged]).toEqual([0, '']);
  });

  it('uses a stream that is given, and moves it along with its camera', async () => {
    const streams = { main: 'rtsp://10.0.0.5:554/given', sub: 'rtsp://10.0.0.77/elsewhere' };
    network.set('10.0.0.9', { mac: MAC });
    heard = [{ address: '10.0.0.9', mac: MAC }];
    const one = locator({ mac: MAC, streams });
    expect(await main(one)).toBe('rtsp://10.0.0.9:554/given');
    expect(await one.stream('sub', stop.signal)).toBe(streams.sub);
  });

  it('is not confused by serial numbers that say nothing', async () => {
    network.set('10.0.0.5', { serial: '00000000', mac: MAC });
    heard = [{ address: '10.0.0.6', serial: '00000000', mac: OTHER }];
    expect(await main(locator({ mac: MAC, serial: '00000000' }))).toBe('rtsp://10.0.0.5/main');
    network.set('10.0.0.6', { serial: '00000000', mac: OTHER });
    network.delete('10.0.0.5');
    memory = undefined;
    expect(await codeOf(main(locator({ mac: MAC, serial: '00000000' })))).toBe('unreachable');
    expect(asked.filter((address) => address === '10.0.0.6')).toHaveLength(1);
  });
});
