import type { Persona } from '../persona.js';

/** Streams told apart by query, a narrow time window for UsernameTokens, and bitrates of its own steps. */
export const dahua: Persona = {
  name: 'dahua',
  manufacturer: 'Dahua',
  model: 'IPC-HFW2849S-S-IL',
  firmware: '2.840.0000000.18.R, Build Date 2023-09-19',
  hardware: '1.00',
  serialOf: (digits) => `8J0${digits.slice(0, 12).toUpperCase()}`,
  realmOf: ({ serial }) => `Login to ${serial}`,
  ports: { onvif: 80, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 5_000, digest: ['MD5'] },
  services: {
    device: '/onvif/device_service',
    media: '/onvif/media_service',
    media2: '/onvif/media2_service',
    events: '/onvif/event_service',
    imaging: '/onvif/imaging_service',
    recording: '/onvif/recording_service',
    search: '/onvif/search_service',
    replay: '/onvif/replay_service',
  },
  profiles: {
    main: {
      token: 'MediaProfile00000',
      encoderToken: 'VideoEncoderToken00000',
      name: 'MediaProfile_Channel1_MainStream',
      path: '/cam/realmonitor?channel=1&subtype=0',
      extraQuery: 'unicast=true&proto=Onvif',
      codec: 'H265',
    },
    sub: {
      token: 'MediaProfile00001',
      encoderToken: 'VideoEncoderToken00001',
      name: 'MediaProfile_Channel1_SubStream1',
      path: '/cam/realmonitor?channel=1&subtype=1',
      extraQuery: 'unicast=true&proto=Onvif',
      codec: 'H264',
    },
  },
  snapshot: { path: '/onvifsnapshot/media_service/snapshot?channel=1&subtype=0', signIn: 'digest' },
  claims: ['Streaming', 'G', 'T'],
  encoder: { bitrateStepKbps: 64, maxGopSeconds: 10, frameRates: [1, 5, 10, 15, 20, 25] },
  userLevels: ['Administrator', 'Operator', 'User'],
  discovery: { types: 'dn:NetworkVideoTransmitter tds:Device' },
  events: {
    signals: [
      { topic: 'tns1:VideoSource/MotionAlarm', source: { Source: '00000' }, item: 'State' },
      {
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        source: {
          VideoSourceConfigurationToken: '00000',
          VideoAnalyticsConfigurationToken: '00000',
          Rule: '00000',
        },
        item: 'IsMotion',
      },
    ],
    subscriptionPath: (n) => `/onvif/Subscription?Idx=${n}`,
    slots: 10,
    longestMs: 3_600_000,
    topicTail: '//.',
  },
};
