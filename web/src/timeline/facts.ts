import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { MotionSpan } from '../../../src/segment.js';
import { type Clip, clipsOf } from '../player/plan.js';
import { Footage } from './footage.js';
import { motionsOf, openSpan, type Span, spansOf } from './model.js';

/** What is known of a camera's footage, ready to be drawn and played. */
interface CameraFacts {
  spans: Span[];
  motions: MotionSpan[];
  clips: Clip[];
}

/** The footage of all cameras. Bars are drawn at every picture that plays: what they show is worked out only when more is known. */
export class Facts {
  readonly footage = new Footage();
  /** How far the file being written reaches, by camera. */
  readonly lastFrames = signal<ReadonlyMap<string, number>>(new Map());
  readonly #known = new Map<string, ReadonlySignal<CameraFacts>>();

  of(camera: string): CameraFacts {
    const known = this.#known.get(camera) ?? computed(() => this.#workOut(camera));
    this.#known.set(camera, known);
    return known.value;
  }

  /** The file that shows `time`. */
  clipAt(camera: string, time: number): Clip | undefined {
    return this.of(camera).clips.findLast((clip) => clip.start <= time && time < clip.end);
  }

  #workOut(camera: string): CameraFacts {
    const entries = this.footage.entries(camera);
    const spans = spansOf(entries);
    const open = openSpan(spans, this.lastFrames.value.get(camera));
    return { spans: open ? [...spans, open] : spans, motions: motionsOf(entries), clips: clipsOf(entries) };
  }
}
