import type { Log } from '../lib/log.js';
import { MqttListener } from '../lib/mqtt.js';
import { type CameraMotion, tellMotion } from './app-motion.js';
import { readCa } from './config/access.js';
import type { Config } from './config/schema.js';
import type { Hearing } from './motion/hearing.js';

/** What may be told, in our words and in those of home automations. */
const ACTIONS: Readonly<Record<string, 'start' | 'stop' | 'pulse'>> = {
  ...{ start: 'start', stop: 'stop', pulse: 'pulse' },
  ...{ on: 'start', off: 'stop', true: 'start', false: 'stop', '1': 'start', '0': 'stop' },
};

/** Hears of motion over MQTT: `TOPIC/CAMERA/motion/set` with `pulse`, `start`/`ON` or `stop`/`OFF`. */
export function buildMqtt(
  mqtt: NonNullable<Config['mqtt']>,
  motion: ReadonlyMap<string, CameraMotion>,
  hearing: Hearing,
  log: Log,
): MqttListener {
  const { url, username, password, topic, ca_file: caFile } = mqtt;
  if (password !== undefined && url.startsWith('mqtt:')) {
    log.warn('the password for MQTT goes in the clear: use mqtts://');
  }
  const prefix = `${topic}/`;
  let isLost: boolean | undefined;
  return new MqttListener({
    ...{ url, username, password, ca: readCa(caFile), topics: [`${prefix}+/motion/set`] },
    onMessage(from, text) {
      const camera = from.slice(prefix.length).split('/')[0]!;
      const action = ACTIONS[text.toLowerCase()];
      const answer = action ? tellMotion(motion, camera, action) : 'not start, stop or pulse';
      // What was sent is not repeated: it may be anything.
      if (answer !== 'told') log.warn({ topic: from.slice(0, 200), answer }, 'word of motion over MQTT was of no use');
    },
    onState(listening, problem) {
      hearing.note(listening, problem);
      if (listening) log.info({ url }, 'motion is heard of over MQTT');
      // Told once, with its cause; the connection closes after each error.
      else if (isLost !== true) log.warn({ url, problem }, 'nothing is heard over MQTT; tried again');
      isLost = !listening;
    },
  });
}
