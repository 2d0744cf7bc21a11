import { Random } from './random.js';

/** What makes a scene hard, as numbers; everything else of a clip comes from its seed. */
export interface SceneKind {
  /** `variable`: as many bits as it needs, up to a limit. `constant`: always the same rate. Default: half of the clips each. */
  rate?: 'variable' | 'constant';
  /** Mean brightness of the place, luma. */
  light: number;
  /** Deviation of the sensor's noise, luma. */
  noise: number;
  /** How far the whole picture's brightness swings, as a share of it, a few times a second; and the jumps of an exposure that adapts. */
  flicker: number;
  /** Streaks in each picture. */
  rain: number;
  /** Heights of movers, pixels of 360. */
  height: readonly [number, number];
  /** Pixels a second, of 640. */
  speed: readonly [number, number];
  /** How much brighter or darker than its surroundings a mover is, luma. */
  contrast: readonly [number, number];
  /** Between the end of one and the beginning of the next, seconds. */
  pause: readonly [number, number];
}

const DAY = { light: 115, noise: 1.2, flicker: 0, rain: 0, pause: [6, 10] } as const;
const GROWN = { height: [45, 120], speed: [45, 120], contrast: [30, 70] } as const;

const CALM = { ...DAY, ...GROWN, pause: [16, 26] } as const;

/**
 * The scenes of issue 4. Anything not said is an ordinary day with people of ordinary size. `steady` is as quiet as `quiet`, but the
 * camera sends at a constant rate, so that the sizes of its pictures tell nothing.
 */
export const SCENES = {
  quiet: { ...CALM, rate: 'variable' },
  steady: { ...CALM, rate: 'constant' },
  night: { ...DAY, ...GROWN, light: 52, noise: 6, contrast: [22, 45] },
  flicker: { ...DAY, ...GROWN, flicker: 0.1 },
  slow: { ...DAY, height: [60, 120], speed: [9, 18], contrast: [30, 70] },
  small: { ...DAY, noise: 1.5, height: [12, 20], speed: [18, 50], contrast: [35, 75] },
  rain: { ...DAY, ...GROWN, light: 95, noise: 2.5, rain: 90 },
} as const satisfies Record<string, SceneKind>;

export type SceneName = keyof typeof SCENES;
export const SCENE_NAMES = Object.keys(SCENES) as SceneName[];

/**
 * Seeds the detector was tuned on, and those it had never seen when it was last changed: four, as many cameras as a small house has. They
 * are never mixed.
 */
export const SEEDS = { tuned: [11, 12, 13, 14], unseen: [5203, 5204, 5205, 5206] } as const;

/** Nothing moves at first: for every contestant to learn the place. */
export const LEAD_MS = 20_000;

/** One thing that crosses the picture once. */
export interface Mover {
  /** The first and the last picture a part of it is in. */
  from: number;
  to: number;
  height: number;
  width: number;
  /** Pixels in a picture; negative to the left. */
  step: number;
  /** Where its middle is in picture `from`; by then it has put a part of itself into the picture. */
  x: number;
  /** Where its feet are. */
  ground: number;
  contrast: number;
  texture: number;
}

export interface ClipPlan {
  scene: SceneName;
  kind: SceneKind;
  seed: number;
  fps: number;
  width: number;
  height: number;
  frames: number;
  rate: 'variable' | 'constant';
  movers: readonly Mover[];
}

export const FPS = 15;
export const GOP_FRAMES = 30;
const WIDTH = 640;
const HEIGHT = 360;

/** What is in the clip of a seed. `seconds` is rounded up to whole groups of pictures. */
export function planClip(scene: SceneName, seed: number, seconds: number): ClipPlan {
  const kind: SceneKind = SCENES[scene];
  const random = new Random(seed * 7 + SCENE_NAMES.indexOf(scene) * 1_009);
  const frames = Math.ceil((seconds * FPS) / GOP_FRAMES) * GOP_FRAMES;
  const movers: Mover[] = [];
  for (let at = (LEAD_MS / 1000) * FPS; ; ) {
    const mover = makeMover(kind, random, Math.round(at));
    // The last one has left well before the clip ends.
    if (mover.to > frames - 3 * FPS) break;
    movers.push(mover);
    at = mover.to + random.between(...kind.pause) * FPS;
  }
  const rate = kind.rate ?? (seed % 2 === 0 ? 'constant' : 'variable');
  return { scene, kind, seed, fps: FPS, width: WIDTH, height: HEIGHT, frames, rate, movers };
}

/** What is drawn of a mover reaches this far to each side, as a share of its width. */
export const HALF_WIDTH = 0.42;

/** Slow ones do not cross all of the picture: they turn into a doorway, out of sight, after a while. */
const LONGEST_S = 9;

function makeMover(kind: SceneKind, random: Random, from: number): Mover {
  const height = random.between(...kind.height);
  const width = height * random.between(0.4, 0.9);
  const direction = random.pick([-1, 1]);
  const step = (direction * random.between(...kind.speed)) / FPS;
  const seconds = Math.min(random.between(4, LONGEST_S), (WIDTH + width) / (Math.abs(step) * FPS));
  // Its first step takes it over the border of the picture.
  const x = direction > 0 ? -width * HALF_WIDTH + step : WIDTH + width * HALF_WIDTH + step;
  return {
    ...{ from, to: from + Math.round(seconds * FPS) - 1, height, width, step, x },
    ground: random.between(Math.max(HEIGHT * 0.45, height + 4), HEIGHT - 8),
    contrast: random.between(...kind.contrast) * random.pick([-1, 1]),
    texture: random.next(),
  };
}

/** When something moves, milliseconds from the first picture. */
export interface Label {
  /** The first trace of it. */
  fromMs: number;
  startMs: number;
  endMs: number;
}

/**
 * From the first picture in which as much of it is to be seen as one block of the coder's has, four pixels square: of what is slow, only a
 * sliver shows for a while.
 */
export function labelsOf({ movers, fps, width }: ClipPlan): Label[] {
  return movers.map(({ from, to, ...mover }) => {
    const seen = (frame: number) => {
      const middle = mover.x + mover.step * (frame - from);
      const inside = mover.step > 0 ? middle + mover.width * HALF_WIDTH : width - middle + mover.width * HALF_WIDTH;
      return bodyPixels(mover, inside);
    };
    let first = from;
    while (first < to && seen(first) < SEEN_PIXELS) first++;
    const ms = (frame: number) => (frame * 1_000) / fps;
    return { fromMs: ms(from), startMs: ms(first), endMs: ms(to + 1) };
  });
}

const SEEN_PIXELS = 16;

/** How many pixels of its body, an ellipse, lie within the first `inside` columns of it. */
function bodyPixels({ width, height }: Pick<Mover, 'width' | 'height'>, inside: number): number {
  const [rx, ry] = [width * HALF_WIDTH, height * BODY_HEIGHT];
  let pixels = 0;
  for (let column = 0.5; column < Math.min(inside, 2 * rx); column++) {
    pixels += 2 * ry * Math.sqrt(1 - ((column - rx) / rx) ** 2);
  }
  return pixels;
}

/** Half of the height of a mover's body, as a share of its own. */
export const BODY_HEIGHT = 0.27;
