import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { type MotionHealth, motionEvents } from '../../lib/onvif/events.js';
import type { MotionChange, MotionSource, SourceHealth } from './motion-source.js';

export interface OnvifMotionSourceOptions {
  camera: string;
  /** Where the camera is at present, and how to sign in; asked anew after each failure, since addresses change. */
  resolve(signal: AbortSignal): Promise<OnvifTarget>;
  /** For cameras that never say that motion ended. Default 30 s. */
  holdOffMs?: number;
  clock: Clock;
  log: Log;
}

/** What the camera itself notices, told through ONVIF. */
export class OnvifMotionSource implements MotionSource {
  readonly camera: string;
  readonly name = 'onvif';
  readonly health: SourceHealth = { working: false };
  readonly #options: OnvifMotionSourceOptions;

  constructor(options: OnvifMotionSourceOptions) {
    this.camera = options.camera;
    this.#options = options;
  }

  changes(signal: AbortSignal): AsyncIterable<MotionChange> {
    const { resolve, holdOffMs, clock } = this.#options;
    const connect = async (until: AbortSignal) =>
      await OnvifConnection.open(await resolve(until), { clock, signal: until });
    return motionEvents({ connect, clock, holdOffMs, report: this.#reporter() }, signal);
  }

  /** One line when events stop to arrive and one when they are back, however often it is tried between. */
  #reporter(): (health: MotionHealth) => void {
    const { camera, log } = this.#options;
    let isLost = false;
    return (health) => {
      if (health.state === 'listening') {
        Object.assign(this.health, { working: true, reason: undefined });
        log.info({ camera }, isLost ? 'the camera reports motion again' : 'the camera reports motion');
        isLost = false;
        return;
      }
      const { failure, retryMs } = health;
      Object.assign(this.health, { working: false, reason: failure.message });
      const details = { camera, error: failure.message, code: failure.code, hint: failure.hint, retryMs };
      log[isLost ? 'debug' : 'warn'](details, 'the camera reports no motion; asked again');
      isLost = true;
    };
  }
}
