import type { AccessUnit, RawUnit, TrackFormat } from './access-unit.js';
import { DecodeTimes } from './decode-times.js';
import type { ClockReport } from './rtcp.js';
import { SoundClock } from './sound-clock.js';
import { Ticks } from './ticks.js';

/**
 * Puts the pictures and sound of a run on one time line that begins with the first keyframe. The pictures' clock is the master;
 * sound follows it by what the camera says of both, see {@link SoundClock}. What comes before the first keyframe is left out.
 */
export class Timeline {
  readonly #video: Ticks;
  readonly #videoHz: number;
  readonly #decode = new DecodeTimes();
  readonly #sound: SoundClock | undefined;
  readonly #emit: (unit: AccessUnit) => void;
  /** Ticks at media time 0. */
  #origin: number | undefined;
  /** The newest picture on the time line, for sound that nothing better is known of. */
  #newest = { seconds: 0, arrivedMs: 0 };
  #report: ClockReport | undefined;
  #start: number | undefined;
  #steps = 0;

  constructor(videoHz: number, sound: TrackFormat | undefined, emit: (unit: AccessUnit) => void) {
    this.#videoHz = videoHz;
    this.#video = new Ticks(videoHz);
    this.#sound = sound && new SoundClock(sound);
    this.#emit = emit;
  }

  /** How often a camera's clock stepped. */
  get steps(): number {
    return this.#video.steps + (this.#sound?.steps ?? 0);
  }

  /** `reorder`: what the stream says of the order of its pictures. */
  video(unit: RawUnit, arrivedMs: number, reorder: number | undefined): void {
    const ticks = this.#video.at(unit.timestamp, arrivedMs);
    if (this.#video.steps !== this.#steps) this.#stepped();
    if (this.#origin === undefined && !unit.key) return;
    if (unit.key && reorder !== undefined) this.#decode.expect(reorder);
    const { pts, dts } = this.#decode.next(ticks);
    this.#origin ??= dts;
    const at = { pts: pts - this.#origin, dts: dts - this.#origin };
    this.#newest = { seconds: (ticks - this.#origin) / this.#videoHz, arrivedMs };
    const { format, key, data, afterLoss, recordedMs } = unit;
    this.#emit({ format, ...at, key, data, arrivedMs, afterLoss, recordedMs });
  }

  audio(unit: RawUnit, arrivedMs: number): void {
    const sound = this.#sound;
    if (!sound || this.#origin === undefined) return;
    if (!sound.started) sound.begin(unit.timestamp, arrivedMs, this.#newest, this.#atStart());
    const dts = sound.at(unit.timestamp, arrivedMs, this.#newest);
    if (dts === undefined) return;
    const { format, data, afterLoss } = unit;
    this.#emit({ format, pts: dts, dts, key: true, data, arrivedMs, afterLoss });
  }

  /** What a sender report says of the clock of a track. */
  report(kind: 'video' | 'audio', report: ClockReport): void {
    if (kind === 'video') this.#report = report;
    else this.#sound?.report(report);
    if (this.#origin === undefined || !this.#report || !this.#sound) return;
    this.#sound.follow({ ...this.#report, seconds: this.#secondsOf(this.#report.timestamp) }, this.#newest);
  }

  /** The timestamp a track begins with, as the reply to PLAY has it: one moment on all clocks. */
  starts(kind: 'video' | 'audio', timestamp: number): void {
    if (kind === 'video') this.#start = timestamp;
    else this.#sound?.starts(timestamp);
  }

  #atStart() {
    return {
      report: this.#report && { ...this.#report, seconds: this.#secondsOf(this.#report.timestamp) },
      start: this.#start === undefined ? undefined : this.#secondsOf(this.#start),
    };
  }

  #secondsOf(timestamp: number): number {
    return (this.#video.near(timestamp) - this.#origin!) / this.#videoHz;
  }

  /** Whatever was said of a clock that has stepped is no longer true. */
  #stepped(): void {
    this.#steps = this.#video.steps;
    this.#report = this.#start = undefined;
    this.#sound?.forget();
  }
}
