import type { Persona } from '../persona.js';

/** A well-behaved camera of no maker. */
export const generic: Persona = {
  name: 'generic',
  manufacturer: 'nvr-uplink',
  model: 'Simulated Camera',
  firmware: '1.0',
  hardware: 'SIM1',
  serialOf: (digits) => `SIM${digits.slice(0, 8).toUpperCase()}`,
  realmOf: ({ name }) => name,
  ports: { onvif: 80, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 60_000, digest: ['MD5'] },
  services: {
    device: '/onvif/device_service',
    media: '/onvif/media_service',
    media2: '/onvif/media2_service',
    events: '/onvif/event_service',
    imaging: '/onvif/imaging_service',
  },
  profiles: {
    main: { token: 'main', encoderToken: 'encoder-main', name: 'main', path: '/stream1', codec: 'H264' },
    sub: { token: 'sub', encoderToken: 'encoder-sub', name: 'sub', path: '/stream2', codec: 'H264' },
  },
  snapshot: { path: '/snapshot.jpg', signIn: 'digest' },
  claims: ['Streaming', 'T'],
  encoder: { bitrateStepKbps: 1, maxGopSeconds: 20, frameRates: [1, 2, 5, 10, 12, 15, 20, 25, 30] },
  userLevels: ['Administrator', 'Operator', 'User'],
  discovery: { types: 'dn:NetworkVideoTransmitter', tellsMac: true },
  events: {
    signals: [
      {
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        source: { VideoSourceConfigurationToken: 'source-configuration', Rule: 'motion' },
        item: 'IsMotion',
      },
      { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: 'source' }, item: 'State' },
    ],
    subscriptionPath: (n) => `/onvif/subscription/${n}`,
    slots: 10,
    longestMs: 3_600_000,
  },
};
