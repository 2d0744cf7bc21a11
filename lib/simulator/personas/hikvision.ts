import type { Persona } from '../persona.js';

/**
 * Two Digest challenges at once (MD5 and SHA-256), times of 0000-00-00, no tolerance for `+00:00`, and a firmware version
 * that ends in a nought.
 */
export const hikvision: Persona = {
  name: 'hikvision',
  manufacturer: 'HIKVISION',
  model: 'DS-2CD2387G2-LU',
  firmware: 'V5.7.10',
  hardware: '88',
  serialOf: (digits) => `DS-2CD2387G2-LU20230415AAWRK${decimal(digits, 9)}`,
  realmOf: ({ serial }) => `IP Camera(${serial.slice(-5)})`,
  ports: { onvif: 80, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 60_000, digest: ['MD5', 'SHA-256'] },
  services: {
    device: '/onvif/device_service',
    media: '/onvif/Media',
    media2: '/onvif/Media2',
    events: '/onvif/Events',
    imaging: '/onvif/Imaging',
    recording: '/onvif/Recording',
    search: '/onvif/SearchRecording',
    replay: '/onvif/Replay',
  },
  profiles: {
    main: {
      token: 'Profile_1',
      encoderToken: 'VideoEncoderToken_1',
      name: 'mainStream',
      path: '/Streaming/Channels/101',
      extraQuery: 'transportmode=unicast&profile=Profile_1',
      codec: 'H265',
    },
    sub: {
      token: 'Profile_2',
      encoderToken: 'VideoEncoderToken_2',
      name: 'subStream',
      path: '/Streaming/Channels/102',
      extraQuery: 'transportmode=unicast&profile=Profile_2',
      codec: 'H264',
    },
  },
  snapshot: { path: '/onvif-http/snapshot?Profile_1', signIn: 'digest' },
  claims: ['Streaming', 'G', 'T'],
  encoder: { bitrateStepKbps: 32, maxGopSeconds: 16, frameRates: [1, 2, 4, 6, 8, 10, 12, 15, 16, 18, 20, 25, 30] },
  userLevels: ['Administrator', 'Operator', 'User'],
  discovery: { types: 'dn:NetworkVideoTransmitter tds:Device', extraAddresses: ['ipv6'], tellsMac: true },
  events: {
    signals: [
      { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: 'VideoSource_1' }, item: 'State' },
      {
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        source: {
          VideoSourceConfigurationToken: 'VideoSourceToken',
          VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken',
          Rule: 'MyMotionDetectorRule',
        },
        item: 'IsMotion',
      },
    ],
    namespaces: { tnshik: 'http://www.hikvision.com/2011/event/topics' },
    subscriptionPath: (n) => `/onvif/Events/PullSubManager_20230415T000000Z_${n}`,
    slots: 5,
    longestMs: 600_000,
    wantsZulu: true,
    zeroTimes: true,
  },
};

/** As many decimal digits, made of hex ones. */
export function decimal(digits: string, length: number): string {
  return BigInt(`0x${digits}`).toString().slice(0, length).padStart(length, '0');
}
