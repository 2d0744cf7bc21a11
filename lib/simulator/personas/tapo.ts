import type { Persona } from '../persona.js';
import { decimal } from './hikvision.js';

/** One endpoint on 2020 for everything, no snapshots, one topic for several items, and no end of motion. */
export const tapo: Persona = {
  name: 'tapo',
  manufacturer: 'tp-link',
  model: 'Tapo C310',
  firmware: '1.3.0',
  hardware: '1.0',
  // Twenty digits: more than a number holds.
  serialOf: (digits) => decimal(digits, 20),
  realmOf: () => 'TP-Link IP-Camera',
  ports: { onvif: 2020, rtsp: 554, https: 443 },
  signIn: { usernameToken: true, tokenWindowMs: 60_000, digest: [] },
  services: {
    device: '/onvif/service',
    media: '/onvif/service',
    events: '/onvif/service',
    imaging: '/onvif/service',
  },
  profiles: {
    main: { token: 'profile_1', encoderToken: 'main', name: 'mainStream', path: '/stream1', codec: 'H264' },
    sub: { token: 'profile_2', encoderToken: 'minor', name: 'minorStream', path: '/stream2', codec: 'H264' },
  },
  snapshot: undefined,
  claims: ['Streaming'],
  encoder: { bitrateStepKbps: 256, maxGopSeconds: 2, ignoresGop: true, frameRates: [15] },
  userLevels: ['Administrator'],
  discovery: { types: 'dn:NetworkVideoTransmitter' },
  events: {
    signals: [
      {
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        source: { VideoSourceConfigurationToken: 'vsconf', VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken' },
        item: 'IsMotion',
      },
      {
        topic: 'tns1:RuleEngine/PeopleDetector/People',
        source: { VideoSourceConfigurationToken: 'vsconf', VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken' },
        item: 'IsPeople',
        subjects: ['person'],
      },
      {
        topic: 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent',
        source: { VideoSourceConfigurationToken: 'vsconf', VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken' },
        item: 'IsVehicle',
        subjects: ['car'],
      },
      {
        topic: 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent',
        source: { VideoSourceConfigurationToken: 'vsconf', VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken' },
        item: 'IsPet',
        subjects: ['cat'],
      },
    ],
    subscriptionPath: (n) => `/event-${n}_2020`,
    slots: 2,
    longestMs: 600_000,
    neverFalse: true,
  },
};
