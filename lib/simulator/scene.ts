import { newPicture, Painter, type Picture } from './canvas.js';
import { drawMover, type Subject } from './movers.js';
import { PLACES } from './places.js';
import { burnStamp } from './stamp.js';

/** What a simulated camera sees. The same spec always gives the same pixels. */
export interface SceneSpec {
  /** Burnt into the picture; letters, digits and `-`. */
  title: string;
  /** Which place, and how its texture falls: 0 driveway, 1 garden, 2 gate, and so on in turn. */
  variant: number;
  width: number;
  height: number;
  fps: number;
  loopMs: number;
  /** Sensor noise, ± luma steps, new in each frame; 0 for none. More of it costs the encoder more bits. */
  noise: number;
}

/** When something is in view and moving, in milliseconds from the start of the loop. */
export interface MotionInterval {
  subject: Subject;
  startMs: number;
  endMs: number;
}

/** The labels of a scene, in order of their start. */
export function motionOf({ variant, loopMs }: Pick<SceneSpec, 'variant' | 'loopMs'>): MotionInterval[] {
  return placeOf(variant)
    .movers.map(({ subject, enter, leave }) => ({ subject, startMs: enter * loopMs, endMs: leave * loopMs }))
    .sort((a, b) => a.startMs - b.startMs);
}

export class Scene {
  readonly spec: SceneSpec;
  readonly frames: number;
  readonly #still: Picture;
  readonly #noise: Int8Array | undefined;

  constructor(spec: SceneSpec) {
    this.spec = spec;
    this.frames = (spec.loopMs * spec.fps) / 1000;
    if (!Number.isInteger(this.frames))
      throw new RangeError(`${spec.loopMs} ms is no whole number of frames at ${spec.fps} fps`);
    this.#still = newPicture(spec.width, spec.height);
    const grain = table(1 << 16, 101 + spec.variant);
    placeOf(spec.variant).draw(new Painter(this.#still), (amount) => (px, py) => {
      const value = grain[(px * 7919 + py * 104_729) & 0xffff]!;
      return (value * amount) / 127;
    });
    this.#noise =
      spec.noise > 0
        ? table(1 << 20, 7 + spec.variant).map((value) => Math.round((value * spec.noise) / 127))
        : undefined;
  }

  /** Draws frame `index` of the loop into `picture`, which must have the scene's size. */
  draw(index: number, picture: Picture): void {
    const { title, fps, loopMs, variant } = this.spec;
    this.#still.data.copy(picture.data);
    const painter = new Painter(picture);
    const timeMs = (index * 1000) / fps;
    for (const mover of placeOf(variant).movers) drawMover(painter, mover, timeMs / loopMs, loopMs);
    this.#addNoise(index, picture);
    burnStamp(picture, { title, timeMs, frame: index });
  }

  #addNoise(index: number, { width, height, data }: Picture): void {
    const noise = this.#noise;
    if (!noise) return;
    const mask = noise.length - 1;
    const offset = Math.imul(index + 1, 0x9e3779b1) & mask;
    const size = width * height;
    // Scene luma keeps well inside 16…235, so small noise cannot wrap round a byte.
    for (let i = 0; i < size; i++) data[i] = data[i]! + noise[(i + offset) & mask]!;
  }
}

function placeOf(variant: number) {
  return PLACES[variant % PLACES.length]!;
}

/** Repeatable values from -127 to 127 (xorshift32). */
function table(length: number, seed: number): Int8Array {
  const values = new Int8Array(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = ((state >>> 8) % 255) - 127;
  }
  return values;
}
