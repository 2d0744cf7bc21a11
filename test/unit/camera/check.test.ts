import { describe, expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import type { StreamSample } from '../../../lib/ffmpeg/sample.js';
import type { OnvifStream } from '../../../lib/onvif/media.js';
import type { Verdict } from '../../../src/camera/check/check.js';
import type { CameraFacts, OnvifFacts } from '../../../src/camera/check/facts.js';
import { CHECKS, reportOf } from '../../../src/camera/check/report.js';
import { isWellKnownPassword } from '../../../src/camera/well-known.js';

const seen = (over: Partial<StreamSample> = {}): StreamSample => ({
  ...{ codec: 'h264', width: 1920, height: 1080, audio: 'aac', seconds: 8, pictures: 200, fps: 25 },
  ...{ bitsPerSecond: 4_000_000, keyframeSeconds: [2, 2, 2], pauseSeconds: 0.04, ...over },
});
const told = (over: Partial<OnvifStream> = {}): OnvifStream => ({
  ...{ token: 't', name: 'main', media: 1, source: 's', encoder: 'e', codec: 'H264', width: 1920, height: 1080 },
  ...{ fps: 25, bitrateKbps: 4096, gop: 50, profile: 'Main', audio: 'AAC', uri: 'rtsp://10.0.0.5/1' },
  ...{ credentials: undefined, snapshotUri: undefined, ...over },
});
const onvif = (over: Partial<OnvifFacts> = {}): OnvifFacts => ({
  identity: {
    ...{ manufacturer: 'A', model: 'B', firmware: '5.40', serial: '1', hardwareId: '', name: 'gate' },
    ...{ mac: undefined, uuid: undefined },
  },
  ...{ profiles: ['S', 'T'], secure: true, offersHttps: true, storage: { recordings: 2 } },
  clock: { utc: 0, offsetMs: 900, type: 'NTP', timezone: 'CET-1CEST,M3.5.0,M10.5.0/3', daylight: true },
  ...over,
});
const facts = (over: Partial<CameraFacts> = {}): CameraFacts => ({
  ...{ name: 'gate', isConfigured: true, address: '10.0.0.5', at: Date.UTC(2026, 4, 3), timezone: 'Europe/Copenhagen' },
  signIn: { username: 'viewer', isWellKnown: false },
  onvif: onvif(),
  main: { told: told(), seen: seen() },
  sub: { told: undefined, seen: seen({ width: 640, height: 360, fps: 10 }) },
  snapshot: { bytes: 200_000, ms: 300 },
  motion: { states: ['motion'], seen: [], seconds: 8 },
  uplink: { bitsPerSecond: 20_000_000, cameras: 2 },
  ...over,
});
const failure = new Failure('it broke', { kind: 'transient', code: 'x', hint: 'mend it' });
const mainOf = (sample: Partial<StreamSample>, stream: Partial<OnvifStream> = {}) => ({
  main: { told: told(stream), seen: seen(sample) },
});
const clock = (over: Partial<OnvifFacts['clock']>) => ({ onvif: onvif({ clock: { ...onvif().clock, ...over } }) });

describe('the report on a camera', () => {
  it('finds nothing wrong with one that is as it should be', () => {
    const report = reportOf(facts());
    expect(report.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(report.map(({ id }) => id)).toEqual(CHECKS.map(({ id }) => id));
    expect(report.every(({ measured, fix }) => measured !== '' && fix === undefined)).toBe(true);
  });

  const cases: [
    id: string,
    what: string,
    over: Partial<CameraFacts>,
    verdict: Verdict,
    measured: string,
    fix: string,
  ][] = [
    ['onvif', 'a camera that does not answer', { onvif: failure }, 'fail', 'it broke', 'mend it'],
    ['onvif', 'RTSP alone', { onvif: undefined }, 'unknown', 'not used', '`address`'],
    ['onvif', 'no claim', { onvif: onvif({ profiles: [] }) }, 'warn', 'no profile', 'firmware'],
    ['onvif', 'profile G alone', { onvif: onvif({ profiles: ['G'] }) }, 'warn', 'profile G', 'firmware'],
    [
      'password',
      'a shipped one',
      { signIn: { username: 'admin', isWellKnown: true } },
      'fail',
      'admin has',
      '--new-password',
    ],
    [
      'password',
      'none at all',
      { signIn: { username: undefined, isWellKnown: false } },
      'warn',
      'none',
      'anybody may watch',
    ],
    ['https', 'offered', { onvif: onvif({ secure: false }) }, 'warn', 'offered, not used', 'https://10.0.0.5'],
    [
      'https',
      'not offered',
      { onvif: onvif({ secure: false, offersHttps: false }) },
      'warn',
      'not offered',
      'network of their own',
    ],
    ['clock', 'some drift', clock({ offsetMs: -9_000 }), 'warn', '9 s behind', 'camera set gate ntp=dhcp'],
    ['clock', 'much drift', clock({ offsetMs: 7_200_000 }), 'fail', '2 h ahead', 'ntp=dhcp'],
    ['clock', 'no time server', clock({ type: 'Manual' }), 'warn', 'set by hand', 'ntp=dhcp'],
    ['clock', 'no time at all', clock({ utc: undefined }), 'fail', 'does not know', 'ntp=dhcp'],
    [
      'timezone',
      'another one',
      clock({ timezone: 'CST-8' }),
      'warn',
      'CST-8, which is not',
      'timezone=Europe/Copenhagen',
    ],
    ['timezone', 'none', clock({ timezone: undefined }), 'warn', 'tells none', 'timezone='],
    ['timezone', 'one without a rule', { timezone: 'Africa/Casablanca' }, 'unknown', 'no fixed rule', ''],
    ['storage', 'no profile G', { onvif: onvif({ storage: undefined }) }, 'unknown', 'no profile G', 'memory card'],
    [
      'storage',
      'an empty card',
      { onvif: onvif({ storage: { recordings: 0 } }) },
      'warn',
      'nothing is recorded',
      'memory card',
    ],
    ['main', 'no stream', { main: undefined }, 'fail', 'none', 'streams'],
    ['main', 'one that fails', { main: { told: told(), seen: failure } }, 'fail', 'it broke', 'mend it'],
    ['main', 'one that stutters', mainOf({ pauseSeconds: 3 }), 'warn', 'none for 3.0 s', 'cable'],
    [
      'resolution',
      'a small one',
      mainOf({ width: 640, height: 480 }, { width: 640, height: 480 }),
      'warn',
      '640x480',
      'resolution=',
    ],
    ['resolution', 'not the one it says', mainOf({ width: 1280, height: 720 }), 'warn', 'says 1920x1080', 'restart'],
    ['codec', 'H.265', mainOf({ codec: 'hevc' }), 'warn', 'H.265', 'codec=h264'],
    ['codec', 'Motion JPEG', mainOf({ codec: 'mjpeg' }), 'fail', 'Motion JPEG', 'codec=h264'],
    ['fps', 'a slow one', mainOf({ fps: 5 }, { fps: 5 }), 'warn', '5.0 a second', 'fps=15'],
    ['fps', 'less than it says', mainOf({ fps: 12 }), 'warn', 'says 25', 'exposure'],
    ['gop', 'long ones', mainOf({ keyframeSeconds: [8, 8] }, { gop: 200 }), 'warn', 'every 8.0 s', 'gop=2s'],
    ['gop', 'none in a short while', mainOf({ keyframeSeconds: [] }), 'warn', 'fewer than two in 8 s', 'gop=2s'],
    [
      'gop',
      'none in a long while',
      mainOf({ keyframeSeconds: [], seconds: 20 }),
      'fail',
      'fewer than two in 20 s',
      'gop=2s',
    ],
    ['gop', 'very long ones', mainOf({ keyframeSeconds: [12], seconds: 30 }), 'fail', 'every 12.0 s', 'gop=2s'],
    [
      'smart-codec',
      'longer ones than it says',
      mainOf({ keyframeSeconds: [4, 4] }),
      'warn',
      'later than the 2.0 s',
      'H.264+',
    ],
    [
      'smart-codec',
      'uneven ones',
      mainOf({ keyframeSeconds: [1, 4] }, { gop: undefined }),
      'warn',
      'after 1.0 to 4.0 s',
      'H.264+',
    ],
    ['smart-codec', 'too few to tell', mainOf({ keyframeSeconds: [] }, { gop: 400 }), 'unknown', 'too few', 'H.264+'],
    [
      'bitrate',
      'more than the line bears',
      { uplink: { bitsPerSecond: 6e6, cameras: 2 } },
      'fail',
      '3.0 Mbit/s for each of 2',
      'bitrate=2.25Mbit',
    ],
    [
      'bitrate',
      'a limit above the line',
      { uplink: { bitsPerSecond: 4.05e6, cameras: 1 } },
      'warn',
      'at most 4.1',
      'bitrate=3Mbit',
    ],
    ['bitrate', 'no line given', { uplink: undefined }, 'unknown', '4.0 Mbit/s', 'upload: { rate'],
    ['sub', 'none', { sub: undefined }, 'warn', 'none', 'second stream'],
    ['sub', 'a large one', { sub: { told: undefined, seen: seen() } }, 'warn', '1920x1080', '640x360'],
    ['sub', 'one that fails', { sub: { told: undefined, seen: failure } }, 'fail', 'it broke', 'mend it'],
    ['snapshot', 'none', { snapshot: failure }, 'warn', 'it broke', 'mend it'],
    ['motion', 'no subscription', { motion: failure }, 'fail', 'it broke', 'mend it'],
    [
      'motion',
      'silence',
      { motion: { states: [], seen: [], seconds: 8 } },
      'unknown',
      'nothing came for 8 s',
      'walk past',
    ],
  ];
  it.each(cases)('judges %s with %s', (id, _, over, verdict, measured, fix) => {
    const result = reportOf(facts(over)).find((one) => one.id === id)!;
    expect(result).toMatchObject({ verdict, measured: expect.stringContaining(measured) });
    expect(result.fix ?? '').toContain(fix);
  });

  it('takes motion that was seen for proof', () => {
    const report = reportOf(facts({ motion: { states: ['motion', 'person'], seen: ['person'], seconds: 8 } }));
    expect(report.find(({ id }) => id === 'motion')).toMatchObject({ verdict: 'ok', measured: 'person seen' });
  });

  it('names no command for a camera that is not configured', () => {
    const report = reportOf(
      facts({ isConfigured: false, ...mainOf({ codec: 'hevc', fps: 5 }), ...clock({ offsetMs: 1e6 }) }),
    );
    expect(report.filter(({ verdict }) => verdict !== 'ok').length).toBeGreaterThan(2);
    expect(JSON.stringify(report)).not.toContain('camera set');
  });

  it('leaves out what only ONVIF tells where there is none', () => {
    const rtsp = facts({
      onvif: undefined,
      snapshot: undefined,
      motion: undefined,
      main: { told: undefined, seen: seen() },
    });
    const ids = reportOf(rtsp).map(({ id }) => id);
    expect(ids).toEqual([
      'onvif',
      'password',
      'main',
      'resolution',
      'codec',
      'fps',
      'gop',
      'smart-codec',
      'bitrate',
      'sub',
    ]);
  });
});

it('knows the passwords everybody tries, and tries none', () => {
  for (const [user, password] of [
    ['admin', ''],
    ['admin', '12345'],
    ['root', 'pass'],
    ['Viewer', 'viewer'],
    ['x', 'ADMIN123'],
  ]) {
    expect(isWellKnownPassword(user!, password!), password).toBe(true);
  }
  expect(isWellKnownPassword('admin', 'q7-Lm.2xZ')).toBe(false);
});
