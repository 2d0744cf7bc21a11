import { messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Ledger } from '../ledger/ledger.js';
import type { OffReason } from '../segment.js';

export interface PresenceOptions {
  camera: string;
  ledger: Ledger;
  log: Log;
  /** Why nothing is kept at a moment (UTC ms) at which nothing is. */
  reasonAt(time: number): OffReason;
}

/** How often the ledger is told that nothing is kept still: so much of it is not known to be so after a crash. */
const EXTEND_MS = 10_000;

/** When a run keeps what it gets, and when it does not (invariant I4): each border has one time, for the file and for the ledger. */
export class Presence {
  readonly #options: PresenceOptions;
  /** Borders whose time is not known yet, or that could not be noted. */
  #due: { type: 'keeping' | 'idle'; fromMs: number }[] = [];
  #borders = new Map<number, number>();
  #extendedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether nothing is kept at present; undefined for a run that keeps everything always. */
  idle: boolean | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  border(type: 'keeping' | 'idle', fromMs: number): void {
    this.idle = type === 'idle';
    this.#due.push({ type, fromMs });
  }

  /** The wall time of a border, where there is one at this media time. */
  timeOf(mediaMs: number): number | undefined {
    return this.#borders.get(Math.round(mediaMs));
  }

  /** Media up to `mediaMs` has come; the run's times are known. */
  reached(mediaMs: number, wallAt: (mediaMs: number) => number): void {
    const isTold = !this.idle || mediaMs - this.#extendedAtMs < EXTEND_MS;
    if (this.#due.length === 0 && isTold) return;
    this.#attempt(() => {
      for (let border = this.#due[0]; border; border = this.#due[0]) {
        this.#note(border.type, border.fromMs, wallAt(border.fromMs));
        this.#due.shift();
      }
      if (isTold) return;
      this.#options.ledger.offs.extend(this.#options.camera, wallAt(mediaMs));
      this.#extendedAtMs = mediaMs;
    });
  }

  /** The run is over; until `mediaMs` something came. */
  end(mediaMs: number, wallAt: (mediaMs: number) => number): void {
    this.#extendedAtMs = Number.NEGATIVE_INFINITY;
    this.reached(mediaMs, wallAt);
    if (this.idle) this.#attempt(() => this.#options.ledger.offs.close(this.#options.camera, wallAt(mediaMs)));
  }

  #note(type: 'keeping' | 'idle', fromMs: number, wall: number): void {
    const { camera, ledger, reasonAt } = this.#options;
    // The two that the file under way may still be asked for.
    this.#borders = new Map([...this.#borders].slice(-3));
    this.#borders.set(Math.round(fromMs), wall);
    if (type === 'keeping') ledger.offs.close(camera, wall);
    else ledger.offs.open(camera, wall, reasonAt(wall + 1_000));
  }

  #attempt(work: () => void): void {
    try {
      this.#options.ledger.transaction(work);
    } catch (error) {
      const { camera, log } = this.#options;
      log.error({ camera, error: messageOf(error) }, 'that nothing is to be recorded could not be noted; tried again');
    }
  }
}
