import { beforeEach, describe, expect, it } from 'vitest';
import { CameraClock } from '../../../lib/simulator/camera-clock.js';
import { CameraPower } from '../../../lib/simulator/camera-power.js';
import { specFor } from '../../../lib/simulator/camera-streams.js';
import { checkSpec } from '../../../lib/simulator/clip.js';
import { settleEncoder } from '../../../lib/simulator/encoder-settings.js';
import { FAULTS, Faults, parseFault } from '../../../lib/simulator/faults.js';
import { MotionWatch } from '../../../lib/simulator/motion-watch.js';
import { identityOf } from '../../../lib/simulator/onvif-identity.js';
import { PERSONA_NAMES, PERSONAS } from '../../../lib/simulator/personas.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { syntheticClip } from './rtsp-client.js';

const never = new AbortController().signal;
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

describe('what moves', () => {
  const motion = [
    { subject: 'person', startMs: 200, endMs: 500 },
    { subject: 'car', startMs: 400, endMs: 900 },
  ] as const;
  const watch = () => new MotionWatch({ clock, epochMs: 0, loopMs: 1_000, motion });

  it('is what the scene shows, loop after loop, and each change is told', async () => {
    const seen: string[] = [];
    const watching = watch();
    const stop = new AbortController();
    const done = (async () => {
      for (; !stop.signal.aborted; await watching.changed(stop.signal)) seen.push(watching.active().join('+'));
    })();
    // Each wait ends a millisecond past its border, so the second loop begins a little late.
    await clock.advance(1_950);
    stop.abort();
    await done;
    expect(seen).toEqual(['', 'person', 'person+car', 'car', '', 'person', 'person+car', 'car', '']);
  });

  it('is what a test says, from that moment on, until it says otherwise', async () => {
    const watching = watch();
    let changes = 0;
    const first = watching.changed(never).then(() => changes++);
    watching.force(['cat']);
    await first;
    expect([changes, watching.active()]).toEqual([1, ['cat']]);
    await clock.advance(700);
    expect(watching.active()).toEqual(['cat']);
    watching.force(undefined);
    expect(watching.active()).toEqual(['car']);
  });
});

describe("a camera's clock", () => {
  it('follows the true time, runs by itself once set, and is off by what a fault says', async () => {
    let skew = 0;
    const camera = new CameraClock(clock, () => skew);
    expect(camera.now()).toBe(clock.now());
    await clock.advance(7_000);
    camera.set(Date.UTC(2001, 0, 1));
    // What NTP does to us is nothing to a camera that goes by itself.
    clock.stepWall(3_600_000);
    await clock.advance(5_000);
    expect(camera.now()).toBe(Date.UTC(2001, 0, 1, 0, 0, 5));
    skew = -1_000;
    expect(camera.now()).toBe(Date.UTC(2001, 0, 1, 0, 0, 4));
    camera.synchronise();
    expect(camera.now()).toBe(clock.now() - 1_000);
  });
});

describe('power', () => {
  it('changes one thing at a time, and nothing comes up again after the end', async () => {
    const log: string[] = [];
    const step = async (name: string) => {
      log.push(`${name}…`);
      await clock.sleep(10);
      log.push(name);
    };
    const power = new CameraPower({ clock, up: () => step('up'), down: () => step('down') });
    const all = Promise.all([power.open(), power.restart(1_000, () => log.push('rest'))]);
    await clock.advance(2_000);
    await all;
    expect(log).toEqual(['up…', 'up', 'down…', 'down', 'rest', 'up…', 'up']);
    const last = Promise.all([power.restart(1_000_000, () => undefined), power.close()]);
    await clock.advance(100);
    await last;
    expect([power.isUp, log.slice(7).includes('up…')]).toEqual([false, false]);
  });

  it('comes down whole when it could only half come up', async () => {
    let downs = 0;
    const power = new CameraPower({
      clock,
      up: async () => {
        throw new Error('no such address');
      },
      down: async () => {
        downs++;
      },
    });
    await expect(power.open()).rejects.toThrow('no such address');
    expect([power.isUp, downs]).toEqual([false, 1]);
  });
});

describe('encoder settings', () => {
  const { spec } = syntheticClip();
  const profile = (name: (typeof PERSONA_NAMES)[number]) => {
    const encoder = { codec: 'H264', width: 320, height: 180, fps: 15, bitrateKbps: 400, gopFrames: 12 } as const;
    const more = { quality: 4, profile: 'High' };
    const sensor = { width: 320, height: 180 };
    return { role: 'main', names: PERSONAS[name].profiles.main, sensor, encoder: { ...encoder, ...more } } as const;
  };
  const settle = (name: (typeof PERSONA_NAMES)[number], wanted: object) =>
    settleEncoder(profile(name), wanted, PERSONAS[name].encoder);

  it("become what each maker's encoder makes of them", () => {
    expect(settle('hikvision', { bitrateKbps: 1_000, fps: 14 })).toMatchObject({ bitrateKbps: 992, fps: 15 });
    expect(settle('reolink', { bitrateKbps: 100, gopFrames: 500 })).toMatchObject({ bitrateKbps: 512, gopFrames: 60 });
    expect(settle('tapo', { fps: 30, gopFrames: 30 })).toMatchObject({ fps: 15, gopFrames: 12 });
    expect(settle('generic', { quality: 99, codec: undefined })).toMatchObject({ quality: 6, codec: 'H264' });
    for (const wanted of [{ width: 319 }, { gopFrames: 0 }, { fps: Number.NaN }, { codec: 'H265' }])
      expect(() => settle('generic', wanted)).toThrow(/cannot do/);
  });

  it('are always a clip that can be encoded, near to them', () => {
    const encoder = profile('generic').encoder;
    for (const fps of [1, 5, 7, 10, 12, 16, 22, 25, 30]) {
      for (const gopFrames of [1, 7, 25, 50, 1_000]) {
        const made = specFor({ ...encoder, fps, gopFrames }, { ...spec, loopMs: 16_000 });
        expect(() => checkSpec(made)).not.toThrow();
        expect(Math.abs(made.fps - fps)).toBeLessThanOrEqual(2);
      }
    }
    const usual = specFor({ ...encoder, fps: 25, gopFrames: 50, codec: 'H265' }, { ...spec, loopMs: 24_000 });
    expect(usual).toMatchObject({ fps: 25, gopFrames: 50, codec: 'H265', rateBps: 400_000 });
    expect(specFor(encoder, { ...spec, codec: 'H265' })).not.toHaveProperty('codec');
  });
});

describe('faults', () => {
  it('are read as they are written, each with and without a value', () => {
    expect(parseFault('clock-skew=-500')).toEqual({ name: 'clock-skew', value: -500 });
    expect(parseFault('xaddr-host=10.0.0.9:81')).toEqual({ name: 'xaddr-host', value: '10.0.0.9:81' });
    expect(parseFault('no-false')).toEqual({ name: 'no-false', value: true });
    for (const name of Object.keys(FAULTS)) expect(parseFault(name).value).toBeDefined();
    for (const wrong of ['', 'toString', 'drip=', 'huge=1e6', 'xaddr-host=a b', 'no-false=true'])
      expect(() => parseFault(wrong)).toThrow(RangeError);
  });

  it('come and go one by one', () => {
    const faults = new Faults();
    faults.set('drip', 3);
    faults.set('garbage', true);
    faults.clear('garbage');
    expect([faults.get('drip'), faults.has('garbage')]).toEqual([3, false]);
    faults.clear();
    expect(faults.has('drip')).toBe(false);
  });
});

describe('a persona', () => {
  it('is a different camera for each name and seed, and the same one each time', () => {
    for (const name of PERSONA_NAMES) {
      const made = (camera: string, seed: string) => identityOf(camera, seed, PERSONAS[name]);
      const all = [made('a', 's'), made('b', 's'), made('a', 't')];
      for (const fact of ['serial', 'mac', 'urn'] as const) expect(new Set(all.map((one) => one[fact])).size).toBe(3);
      expect(made('a', 's')).toEqual(all[0]);
      expect(all[0]!.mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    }
  });

  it('has texts that are no numbers, though they look like some', () => {
    const text = (name: 'axis' | 'tapo') => identityOf('a', 's', PERSONAS[name]);
    expect(text('axis').firmware).toBe('5.40');
    expect(String(Number(text('axis').firmware))).not.toBe('5.40');
    expect(text('tapo').serial).toMatch(/^\d{20}$/);
    expect(String(Number(text('tapo').serial))).not.toBe(text('tapo').serial);
  });
});
