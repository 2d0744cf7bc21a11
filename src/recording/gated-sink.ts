import { Fragment } from '../../lib/mp4/fragment.js';
import { initSegment } from '../../lib/mp4/init-segment.js';
import { Slabs } from '../../lib/mp4/slabs.js';
import type { AccessUnit, TrackFormat } from '../../lib/rtsp/access-unit.js';
import type { UnitSink } from '../../lib/rtsp/stream.js';
import type { ArrivalClock } from './arrival-clock.js';
import type { EngineEvent } from './engine.js';
import type { Gate } from './gate.js';
import { HeldGroups } from './held-groups.js';
import type { SegmentCutter } from './segment-cutter.js';

/** Reported this often at most while nothing is kept; what is kept is reported by the cutter. */
const PROGRESS_MS = 2_000;

export interface GatedSinkOptions {
  gate: Gate;
  cutter: SegmentCutter;
  arrivals: ArrivalClock;
  slabs: Slabs;
  onEvent(event: EngineEvent): void;
}

/**
 * Lets through to the cutter what is to be kept, whole groups of pictures only, and holds the rest in memory for as long as it
 * may yet be wanted. A group that does not fit into the memory is written rather than lost.
 */
export class GatedSink implements UnitSink {
  readonly #options: GatedSinkOptions;
  readonly #held: HeldGroups;
  #keeping = false;
  /** Nothing was said yet of whether anything is kept. */
  #untold = true;
  #section: string | undefined;
  #newest: { format: TrackFormat; data: Buffer } | undefined;
  #last: number | undefined;
  #step = 0;
  #frames = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: GatedSinkOptions) {
    this.#options = options;
    this.#held = new HeldGroups(options.slabs, options.gate.memoryBytes);
  }

  begin(sound: TrackFormat | undefined): void {
    this.#options.cutter.begin(sound);
  }

  unit(unit: AccessUnit): Promise<void> | undefined {
    if (unit.format.kind === 'video') return this.#picture(unit);
    if (this.#keeping) return this.#options.cutter.unit(unit);
    this.#held.add(unit);
    return undefined;
  }

  /** What is held is not wanted any more: the stream is over. */
  close(): void {
    this.#held.clear();
  }

  /** The newest whole picture that is held, as a small MP4; undefined while everything is kept. */
  newest(): Buffer | undefined {
    const key = this.#keeping ? undefined : this.#newest;
    if (!key) return undefined;
    const { format, data } = key;
    const fragment = new Fragment(new Slabs(0));
    fragment.video({ pts: 0, dts: 0, key: true, data });
    return Buffer.concat([initSegment([format]), ...fragment.take(format.timescale, 0).parts]);
  }

  #picture(unit: AccessUnit): Promise<void> | undefined {
    const { gate, cutter, arrivals } = this.#options;
    if (!unit.key && this.#last === undefined) return undefined;
    if (this.#last === undefined) this.#options.onEvent({ type: 'gated', newest: () => this.newest() });
    const { dts, format } = unit;
    if (this.#last !== undefined) this.#step = dts - this.#last;
    this.#last = dts;
    this.#frames++;
    const stepMs = toMs(this.#step, format);
    const mediaMs = toMs(dts, format);
    const madeMs = arrivals.arrived(mediaMs + stepMs) - arrivals.setting - stepMs;
    if (unit.key && this.#keeping && !gate.wants(madeMs, Number.POSITIVE_INFINITY)) this.#stop(dts, mediaMs);
    if (this.#keeping) return this.#keep(unit, madeMs);
    if (unit.key) this.#hold(unit, madeMs, mediaMs);
    else this.#held.add(unit);
    this.#progress(unit, mediaMs + stepMs);
    if (this.#held.isOverfull || gate.wants(this.#held.groups[0]!.madeMs, madeMs + stepMs)) {
      this.#start(madeMs + stepMs);
      return cutter.room;
    }
    if (this.#untold) this.#tell({ type: 'idle', fromMs: mediaMs });
    return undefined;
  }

  #keep(unit: AccessUnit, madeMs: number): Promise<void> | undefined {
    const { gate, cutter } = this.#options;
    if (unit.key) {
      const section = gate.sectionAt(madeMs);
      if (section !== this.#section) cutter.endBefore(unit.dts);
      this.#section = section;
    }
    return cutter.unit(unit);
  }

  #hold(unit: AccessUnit, madeMs: number, mediaMs: number): void {
    this.#held.begin(unit, madeMs, mediaMs);
    this.#held.forgetBefore(this.#options.gate.forgetsBefore());
    this.#newest = { format: unit.format, data: Buffer.from(unit.data) };
  }

  /** Keeps what is held from the first group on that is wanted, and all that comes. */
  #start(reachedMs: number): void {
    const { gate } = this.#options;
    const held = this.#held;
    const { groups } = held;
    const first = groups.findIndex((group, n) => gate.wants(group.madeMs, groups[n + 1]?.madeMs ?? reachedMs));
    held.forgetFirst(Math.max(0, first));
    const [{ mediaMs } = { mediaMs: 0 }] = held.groups;
    if (held.shortUntilMs === mediaMs && gate.wants(gate.forgetsBefore(), held.groups[0]!.madeMs)) {
      this.#options.onEvent({ type: 'short', fromMs: mediaMs });
    }
    this.#keeping = true;
    this.#section = undefined;
    this.#tell({ type: 'keeping', fromMs: mediaMs });
    held.release((unit, group) => void this.#keep(unit, group.madeMs));
    held.shortUntilMs = undefined;
  }

  #stop(dts: number, mediaMs: number): void {
    this.#options.cutter.endBefore(dts);
    this.#keeping = false;
    this.#tell({ type: 'idle', fromMs: mediaMs });
  }

  #tell(event: EngineEvent): void {
    this.#untold = false;
    this.#options.onEvent(event);
  }

  #progress({ arrivedMs }: AccessUnit, reachedMs: number): void {
    if (arrivedMs - this.#reportedAtMs < PROGRESS_MS) return;
    this.#reportedAtMs = arrivedMs;
    this.#options.onEvent({ type: 'progress', mediaMs: reachedMs, frames: this.#frames });
  }
}

function toMs(ticks: number, { timescale }: TrackFormat): number {
  return (ticks * 1000) / timescale;
}
