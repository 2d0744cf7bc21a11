import type { Clock } from '../../lib/clock.js';
import type { Hearing } from './hearing.js';
import type { MotionChange, MotionSource, SourceHealth } from './motion-source.js';

/** What was started and never stopped ends after this: whoever was to stop it is gone. */
export const LONGEST_MS = 10 * 60_000;
export const PULSE_MS = 10_000;

/** Motion that others tell of: a contact, an alarm system, a home automation (HTTP, MQTT). */
export class ExternalMotionSource implements MotionSource {
  readonly camera: string;
  readonly name = 'external';
  readonly #clock: Clock;
  readonly #hearing: Hearing | undefined;
  /** Monotonic; nothing moves from then on. */
  #until = Number.NEGATIVE_INFINITY;
  #beganAt = 0;
  #wake: () => void = () => undefined;
  #changed = new Promise<void>(() => undefined);

  /** `hearing`: of the broker, where one is configured. */
  constructor(camera: string, clock: Clock, hearing?: Hearing) {
    this.camera = camera;
    this.#clock = clock;
    this.#hearing = hearing;
    this.#renew();
  }

  /** HTTP goes on without the broker, but whoever was told to use that tells nothing by its silence now. */
  get health(): SourceHealth {
    if (!this.#hearing || this.#hearing.listening) return { working: true };
    const { problem } = this.#hearing;
    return { working: false, ...(problem !== undefined && { reason: `nothing is heard over MQTT: ${problem}` }) };
  }

  /** Something moves, for `forMs` or until it is stopped. Told again while it moves, it goes on as long as either says. */
  start(forMs = LONGEST_MS): void {
    const now = this.#clock.monotonic();
    const until = now + Math.min(forMs, LONGEST_MS);
    if (!this.isActive()) this.#beganAt = this.#clock.now();
    this.#until = Math.max(this.#until, until);
    this.#tell();
  }

  pulse(forMs = PULSE_MS): void {
    this.start(forMs);
  }

  stop(): void {
    this.#until = Math.min(this.#until, this.#clock.monotonic());
    this.#tell();
  }

  isActive(): boolean {
    return this.#until > this.#clock.monotonic();
  }

  async *changes(signal: AbortSignal): AsyncGenerator<MotionChange> {
    let told = false;
    let lastAt = 0;
    while (!signal.aborted) {
      const changed = this.#changed;
      const active = this.isActive();
      if (active !== told) {
        told = active;
        lastAt = Math.max(lastAt, active ? this.#beganAt : this.#clock.now());
        yield { at: lastAt, kind: 'input', source: '', active };
        continue;
      }
      await this.#wait(changed, signal);
    }
  }

  /** Until something is told, or what moves is over by itself. */
  async #wait(changed: Promise<void>, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const leftMs = this.isActive() ? this.#until - this.#clock.monotonic() : LONGEST_MS;
    await Promise.race([changed, this.#clock.sleep(leftMs, both)]);
    over.abort();
  }

  #tell(): void {
    const wake = this.#wake;
    this.#renew();
    wake();
  }

  #renew(): void {
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
