import type { TrackFormat } from './access-unit.js';
import type { ClockReport } from './rtcp.js';
import { Ticks } from './ticks.js';

/** The newest picture: when it is shown, and when it came. */
export interface Newest {
  seconds: number;
  arrivedMs: number;
}

/** A moment of the pictures' time line with its wall time at the camera. */
export type Moment = ClockReport & { seconds: number };

/** Reports that would move sound further than this from when it arrived are wrong: cameras exist that report zero, or local time. */
const MAX_REPORT_S = 10;
const MAX_START_S = 2;

/** Less than this nobody hears, and it may be but the jitter of reports. */
const DEAD_BAND_S = 0.03;
/** So much of each frame's length the sound is moved at most, until it is where it belongs. */
const SLEW = 0.05;

/**
 * Where sound belongs among the pictures. The camera says it in its sender reports, from the first of both tracks on; before
 * that in its reply to PLAY; otherwise sound belongs where it arrives. Later corrections, and drift between the two
 * clocks, are followed slowly, so that times ascend always and nothing is heard of it.
 */
export class SoundClock {
  readonly #hz: number;
  readonly #unitTicks: number;
  readonly #ticks: Ticks;
  #report: ClockReport | undefined;
  #start: number | undefined;
  /** Seconds from the sound's count of ticks to the time line: where it is, and where it should be. */
  #shift = 0;
  #target = 0;
  #slewing = false;
  #last = -1;
  #newest: Newest = { seconds: 0, arrivedMs: 0 };
  #steps = 0;

  constructor({ timescale, unitTicks }: TrackFormat) {
    this.#hz = timescale;
    this.#unitTicks = unitTicks;
    this.#ticks = new Ticks(timescale);
  }

  get started(): boolean {
    return this.#ticks.started;
  }

  get steps(): number {
    return this.#ticks.steps;
  }

  begin(timestamp: number, arrivedMs: number, picture: Newest, known: { report?: Moment; start?: number }): void {
    this.#newest = { seconds: this.#ticks.at(timestamp, arrivedMs) / this.#hz, arrivedMs };
    const arrived = this.#arrivedShift(picture);
    const reported = this.#reportedShift(known.report);
    const started =
      this.#start === undefined || known.start === undefined
        ? undefined
        : known.start - this.#ticks.near(this.#start) / this.#hz;
    this.#shift = arrived;
    if (isNear(reported, arrived, MAX_REPORT_S)) this.#shift = reported;
    else if (isNear(started, arrived, MAX_START_S)) this.#shift = started;
    this.#target = this.#shift;
  }

  /** When a frame is heard, in its own ticks on the time line; undefined before the first picture. */
  at(timestamp: number, arrivedMs: number, picture: Newest): number | undefined {
    const ticks = this.#ticks.at(timestamp, arrivedMs);
    this.#newest = { seconds: ticks / this.#hz, arrivedMs };
    if (this.#ticks.steps !== this.#steps) {
      this.#steps = this.#ticks.steps;
      this.forget();
      this.#target = this.#arrivedShift(picture);
    }
    this.#slew();
    const dts = Math.max(ticks + Math.round(this.#shift * this.#hz), this.#last + 1);
    if (ticks + Math.round(this.#shift * this.#hz) < 0) return undefined;
    this.#last = dts;
    return dts;
  }

  report(report: ClockReport): void {
    this.#report = report;
  }

  starts(timestamp: number): void {
    this.#start = timestamp;
  }

  /** The pictures' latest report is known too: sound begins to move to where both say it belongs. */
  follow(moment: Moment, picture: Newest): void {
    if (!this.started) return;
    const reported = this.#reportedShift(moment);
    if (isNear(reported, this.#arrivedShift(picture), MAX_REPORT_S)) this.#target = reported;
  }

  forget(): void {
    this.#report = this.#start = undefined;
  }

  #reportedShift(moment: Moment | undefined): number | undefined {
    if (!moment || !this.#report) return undefined;
    const apart = this.#report.wallSeconds - moment.wallSeconds;
    return moment.seconds + apart - this.#ticks.near(this.#report.timestamp) / this.#hz;
  }

  /** What arrives together belongs together. */
  #arrivedShift(picture: Newest): number {
    return picture.seconds + (this.#newest.arrivedMs - picture.arrivedMs) / 1000 - this.#newest.seconds;
  }

  #slew(): void {
    const away = this.#target - this.#shift;
    if (Math.abs(away) > DEAD_BAND_S) this.#slewing = true;
    if (!this.#slewing) return;
    const most = (this.#unitTicks / this.#hz) * SLEW;
    this.#shift += Math.max(-most, Math.min(most, away));
    if (Math.abs(away) <= most) this.#slewing = false;
  }
}

function isNear(shift: number | undefined, other: number, limit: number): shift is number {
  return shift !== undefined && Math.abs(shift - other) < limit;
}
