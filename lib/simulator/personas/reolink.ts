import type { Persona } from '../persona.js';

/** ONVIF on 8000, one subscriber at a time, rules of its own for people, vehicles and pets. */
export const reolink: Persona = {
  name: 'reolink',
  manufacturer: 'Reolink',
  model: 'RLC-811A',
  firmware: 'v3.1.0.2347_23061923',
  hardware: 'IPC_523B18D8MP_V2',
  serialOf: (digits) => `0000000000${digits.slice(0, 6)}`,
  realmOf: () => 'BC Streaming Media',
  ports: { onvif: 8000, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 60_000, digest: [] },
  services: {
    device: '/onvif/device_service',
    media: '/onvif/media_service',
    events: '/onvif/event_service',
    imaging: '/onvif/imaging_service',
  },
  profiles: {
    main: {
      token: '000',
      encoderToken: '000',
      name: 'MainStream',
      path: '/Preview_01_main',
      codec: 'H264',
    },
    sub: { token: '001', encoderToken: '001', name: 'SubStream', path: '/Preview_01_sub', codec: 'H264' },
  },
  snapshot: { path: '/cgi-bin/api.cgi?cmd=onvifSnapPic&channel=0', signIn: 'none' },
  claims: ['Streaming'],
  encoder: { bitrateStepKbps: 512, maxGopSeconds: 4, frameRates: [4, 6, 8, 10, 12, 15, 16, 18, 20, 22, 25, 30] },
  userLevels: ['Administrator', 'User'],
  discovery: { types: 'dn:NetworkVideoTransmitter' },
  events: {
    signals: [
      {
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        source: { VideoSourceConfigurationToken: '000', VideoAnalyticsConfigurationToken: '000', Rule: '000' },
        item: 'IsMotion',
      },
      { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: '000' }, item: 'State' },
      {
        topic: 'tns1:RuleEngine/MyRuleDetector/PeopleDetect',
        source: { Source: '000' },
        item: 'State',
        subjects: ['person'],
      },
      {
        topic: 'tns1:RuleEngine/MyRuleDetector/VehicleDetect',
        source: { Source: '000' },
        item: 'State',
        subjects: ['car'],
      },
      {
        topic: 'tns1:RuleEngine/MyRuleDetector/DogCatDetect',
        source: { Source: '000' },
        item: 'State',
        subjects: ['cat'],
      },
    ],
    subscriptionPath: (n) => `/onvif/PullPoint/${n}`,
    slots: 1,
    longestMs: 900_000,
  },
};
