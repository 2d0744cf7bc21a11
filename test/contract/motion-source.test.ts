import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import { EventCameras, sourceOf } from '../simulators/event-cameras.js';
import { type MotionUnderTest, motionSourceContract } from './motion-source.js';

const TESTS = 7;

for (const persona of PERSONA_NAMES) {
  let cameras: EventCameras;

  const fresh = (): MotionUnderTest => {
    const running = cameras.take(persona);
    const { camera } = running;
    const { subscriptions } = camera;
    return {
      source: sourceOf(running),
      move: (active) => camera.motion.force(active ? ['person'] : []),
      be: (state) => camera.setFault(({ there: undefined, gone: 'unreachable', silent: 'silent' } as const)[state]),
      hurry: () => camera.faults.set('hot-pull', true),
      listeners: () => subscriptions.taken,
      asked: () => [...subscriptions.requests.values()].reduce((sum, count) => sum + count, 0),
    };
  };

  motionSourceContract(`ONVIF, ${persona}`, {
    open: async () => {
      cameras = await EventCameras.start(Array.from({ length: TESTS }, () => persona));
    },
    close: () => cameras.stop(),
    fresh,
  });
}
