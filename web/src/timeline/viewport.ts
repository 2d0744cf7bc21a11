import { computed, signal } from '@preact/signals';
import { serverNow } from '../clock.js';
import { clampView, follow, pan, type View, zoom } from './model.js';
import type { Zone } from './zone.js';

/** Which day is open, and how much of it the bars show. */
export class Viewport {
  readonly zone: Zone;
  readonly day: ReturnType<typeof signal<string>>;
  /** The whole of the local day. */
  readonly bounds;
  readonly view;

  constructor(zone: Zone) {
    this.zone = zone;
    this.day = signal(zone.dayOf(serverNow()));
    this.bounds = computed(() => zone.bounds(this.day.value!));
    this.view = signal<View>(this.bounds.peek());
  }

  get isWhole(): boolean {
    const [view, bounds] = [this.view.value, this.bounds.value];
    return view.from <= bounds.from && view.to >= bounds.to;
  }

  /** How long a stretch is shown, in ms; undefined for the whole day. */
  get span(): number | undefined {
    return this.isWhole ? undefined : this.view.value.to - this.view.value.from;
  }

  /** Opens the day of `time`. Keeps the zoom, unless it shows a whole day, with `time` in the middle. */
  turnTo(day: string, time: number): void {
    const { span } = this;
    this.day.value = day;
    if (span === undefined) this.view.value = this.bounds.value;
    else this.show(time, span);
  }

  /** As much as `span` around `time`. */
  show(time: number, span: number): void {
    this.view.value = clampView({ from: time - span / 2, to: time + span / 2 }, this.bounds.value);
  }

  /** Turns the page when `time` has left it. False when `time` is in another day. */
  follow(time: number): boolean {
    if (this.zone.dayOf(time) !== this.day.value) return false;
    this.view.value = follow(this.view.value, this.bounds.value, time);
    return true;
  }

  zoomBy(factor: number, at: number | undefined): void {
    const { from, to } = this.view.value;
    const anchor = at !== undefined && at >= from && at <= to ? at : (from + to) / 2;
    this.view.value = zoom(this.view.value, this.bounds.value, factor, anchor);
  }

  panBy(ms: number): void {
    this.view.value = pan(this.view.value, this.bounds.value, ms);
  }
}
