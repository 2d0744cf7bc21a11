import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { type CameraClock, cameraClockOf } from './camera-clock.js';
import { notOnvifFailure } from './failures.js';
import type { Message } from './messages.js';
import type { SoapClient } from './soap-client.js';
import { nameOf, type OnvifTarget } from './target.js';
import type { XmlElement } from './xml.js';

/** A clock that differs by less cannot be why a sign-in was refused: cameras allow for seconds at least. */
const CLOCK_MOVED_MS = 2_000;

/** Signs by the camera's own clock, and follows it when it is set, or lost in a restart. */
export class Caller {
  readonly #target: OnvifTarget;
  readonly #clock: Clock;
  readonly #soap: SoapClient;
  readonly #askTime: Message;

  constructor(target: OnvifTarget, clock: Clock, soap: SoapClient, askTime: Message) {
    this.#target = target;
    this.#clock = clock;
    this.#soap = soap;
    this.#askTime = askTime;
  }

  /**
   * When the sign-in is refused, the camera's clock is read once more; only if it has moved is the call tried again, since
   * many cameras lock the user out after a few refusals.
   */
  async send(message: Message, limit: AbortSignal): Promise<XmlElement> {
    try {
      return await this.#soap.send(message, limit);
    } catch (error) {
      if (!this.#isRefusal(error)) throw error;
      const before = this.#soap.offsetMs;
      await this.readClock(limit);
      if (Math.abs(this.#soap.offsetMs - before) < CLOCK_MOVED_MS) throw error;
      return await this.#soap.send(message, limit);
    }
  }

  /** Unsigned, because a signature carries the time. Some makers want one all the same (Panasonic, Digital Barriers). */
  async readClock(limit: AbortSignal): Promise<CameraClock> {
    const before = this.#clock.monotonic();
    const reply = await this.#soap.send({ ...this.#askTime, signed: false }, limit).catch((error: unknown) => {
      if (!this.#isRefusal(error)) throw error;
      return this.#soap.send(this.#askTime, limit);
    });
    if (reply.name !== 'GetSystemDateAndTimeResponse') {
      throw notOnvifFailure(nameOf(this.#target), `answered GetSystemDateAndTime with <${reply.name}>`);
    }
    const clock = cameraClockOf(reply, this.#clock.now() - (this.#clock.monotonic() - before) / 2);
    this.#soap.offsetMs = clock.offsetMs;
    return clock;
  }

  #isRefusal(error: unknown): boolean {
    return error instanceof Failure && error.code === 'sign-in-refused' && this.#target.username !== undefined;
  }
}
