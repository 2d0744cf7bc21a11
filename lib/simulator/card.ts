import type { Clock } from '../clock.js';

/** What a card holds, by the camera's own clock, UTC milliseconds. */
export interface CardSpan {
  start: number;
  end: number;
}

export interface CardOptions {
  /** The camera's own. */
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning. */
  epochMs: number;
}

/**
 * A camera's SD card: records the main stream as long as the camera has power, whatever becomes of the network. The pictures themselves
 * need not be kept, because the scene is a function of time; only when there were any is.
 */
export class Card {
  readonly #options: CardOptions;
  /** Milliseconds since the scene's beginning. */
  readonly #spans: { from: number; to: number | undefined }[] = [];

  constructor(options: CardOptions) {
    this.#options = options;
  }

  /** The camera has power. */
  start(): void {
    if (this.#spans.at(-1)?.to === undefined && this.#spans.length > 0) return;
    this.#spans.push({ from: this.#elapsedMs(), to: undefined });
  }

  /** The camera loses it. */
  stop(): void {
    const last = this.#spans.at(-1);
    if (last && last.to === undefined) last.to = this.#elapsedMs();
  }

  spans(): CardSpan[] {
    return this.#spans.map(({ from, to }) => ({
      start: this.wallOf(from),
      end: this.wallOf(to ?? this.#elapsedMs()),
    }));
  }

  holds(wallMs: number): boolean {
    return this.spans().some(({ start, end }) => wallMs >= start && wallMs < end);
  }

  /** By the camera's clock, of a moment of the scene. */
  wallOf(elapsedMs: number): number {
    return this.#wallZero() + elapsedMs;
  }

  elapsedOf(wallMs: number): number {
    return wallMs - this.#wallZero();
  }

  #wallZero(): number {
    return this.#options.clock.now() - this.#elapsedMs();
  }

  #elapsedMs(): number {
    return this.#options.clock.monotonic() - this.#options.epochMs;
  }
}
