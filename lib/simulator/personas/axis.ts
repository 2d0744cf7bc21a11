import type { Persona } from '../persona.js';

/** Subscriptions by reference parameter, a denied pull point that works, Basic or Digest, and a model ending in a nought. */
export const axis: Persona = {
  name: 'axis',
  manufacturer: 'AXIS',
  model: 'P3245-V',
  firmware: '5.40',
  hardware: '796.10',
  serialOf: (digits) => `ACCC8E${digits.slice(0, 6).toUpperCase()}`,
  realmOf: ({ serial }) => `AXIS_${serial}`,
  ports: { onvif: 80, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 60_000, digest: ['MD5'] },
  services: {
    device: '/onvif/device_service',
    media: '/onvif/services',
    media2: '/onvif/services',
    events: '/onvif/services',
    imaging: '/onvif/services',
    recording: '/onvif/services',
    search: '/onvif/services',
    replay: '/onvif/services',
  },
  profiles: {
    main: {
      token: 'profile_1_h264',
      encoderToken: 'default_1_h264',
      name: 'profile_1 h264',
      path: '/onvif-media/media.amp?profile=profile_1_h264',
      extraQuery: 'sessiontimeout=60&streamtype=unicast',
      codec: 'H264',
    },
    sub: {
      token: 'profile_2_h264',
      encoderToken: 'default_2_h264',
      name: 'profile_2 h264',
      path: '/onvif-media/media.amp?profile=profile_2_h264',
      extraQuery: 'sessiontimeout=60&streamtype=unicast',
      codec: 'H264',
    },
  },
  snapshot: { path: '/onvif-cgi/jpg/image.cgi?resolution=1280x720&compression=30', signIn: 'basic' },
  claims: ['Streaming', 'G', 'T'],
  encoder: { bitrateStepKbps: 1, maxGopSeconds: 60, frameRates: [1, 2, 5, 8, 10, 12, 15, 20, 25, 30] },
  userLevels: ['Administrator', 'Operator', 'User'],
  discovery: { types: 'dn:NetworkVideoTransmitter', extraAddresses: ['https'], tellsMac: true },
  events: {
    signals: [
      {
        topic: 'tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1',
        source: { areaid: '0' },
        item: 'active',
      },
      { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: '0' }, item: 'State' },
    ],
    namespaces: { tnsaxis: 'http://www.axis.com/2009/event/topics' },
    subscriptionPath: () => '/onvif/services',
    referenceParameters: (n) =>
      `<dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">${n}</dom0:SubscriptionId>`,
    slots: 10,
    longestMs: 3_600_000,
    numeric: true,
    deniesPullPoint: true,
  },
};
