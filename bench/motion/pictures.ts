import { Random } from './random.js';
import { BODY_HEIGHT, type ClipPlan, HALF_WIDTH, type Mover } from './scenes.js';

const NOISE = 1 << 20;

/** The pictures of a clip, as `-pix_fmt yuv420p` raw video has them. The same plan always gives the same. */
export class Pictures {
  readonly #plan: ClipPlan;
  readonly #place: Float32Array;
  readonly #colours: Buffer;
  readonly #noise: Float32Array;
  readonly #drift: number;
  #gain = 1;
  #target = 1;

  constructor(plan: ClipPlan) {
    const random = new Random(plan.seed * 31 + 5);
    this.#plan = plan;
    this.#place = drawPlace(plan, random);
    this.#colours = Buffer.alloc((plan.width * plan.height) / 2, 126);
    this.#colours.fill(131, 0, this.#colours.length / 2);
    this.#noise = Float32Array.from({ length: NOISE }, () => random.bell() * plan.kind.noise);
    this.#drift = random.between(40, 80);
  }

  *all(): Generator<Buffer> {
    const { frames, seed } = this.#plan;
    const random = new Random(seed * 17 + 3);
    for (let frame = 0; frame < frames; frame++) yield this.#draw(frame, random);
  }

  #draw(frame: number, random: Random): Buffer {
    const { width, height, movers, kind } = this.#plan;
    const light = Float32Array.from(this.#place);
    for (const mover of movers)
      if (frame >= mover.from && frame <= mover.to) drawMover(light, this.#plan, mover, frame);
    for (let streak = 0; streak < kind.rain; streak++) drawStreak(light, this.#plan, random);
    const gain = this.#gainOf(frame, random);
    const offset = Math.floor(random.next() * NOISE);
    const picture = Buffer.allocUnsafe((width * height * 3) / 2);
    const noise = this.#noise;
    for (let i = 0; i < light.length; i++) {
      const value = light[i]! * gain + noise[(i + offset) & (NOISE - 1)]!;
      picture[i] = value < 16 ? 16 : value > 235 ? 235 : value + 0.5;
    }
    this.#colours.copy(picture, width * height);
    return picture;
  }

  /** Clouds, slowly; and where the light flickers, lamps and an exposure that follows in half a second. */
  #gainOf(frame: number, random: Random): number {
    const { fps, kind } = this.#plan;
    const seconds = frame / fps;
    const clouds = 1 + 0.03 * Math.sin((seconds / this.#drift) * 2 * Math.PI);
    if (kind.flicker === 0) return clouds;
    if (random.next() < 1 / (6 * fps)) this.#target = 1 + kind.flicker * random.between(-2, 2);
    this.#gain += (this.#target - this.#gain) * 0.15;
    const lamps = 1 + kind.flicker * Math.sin(seconds * 2 * Math.PI * 1.7) * (0.4 + 0.6 * random.next());
    return clouds * this.#gain * lamps;
  }
}

/** Sky, ground, and things with edges and grain on both. */
function drawPlace({ width, height, kind }: ClipPlan, random: Random): Float32Array {
  const place = new Float32Array(width * height);
  const horizon = height * random.between(0.25, 0.45);
  for (let y = 0; y < height; y++) {
    const base = y < horizon ? 1.25 - (0.2 * y) / horizon : 0.75 + (0.3 * (y - horizon)) / (height - horizon);
    place.fill(kind.light * base, y * width, (y + 1) * width);
  }
  for (let thing = 0; thing < 16; thing++) {
    const [w, h] = [random.between(20, 150), random.between(15, 110)];
    const [left, top] = [random.between(-20, width - 20), random.between(horizon * 0.4, height - h * 0.6)];
    const tone = kind.light * random.between(0.55, 1.4);
    const stripes = random.next() < 0.4 ? random.between(4, 14) : 0;
    for (let y = Math.max(0, Math.round(top)); y < Math.min(height, top + h); y++) {
      for (let x = Math.max(0, Math.round(left)); x < Math.min(width, left + w); x++) {
        place[y * width + x] = tone * (stripes > 0 && Math.floor(x / stripes) % 2 === 0 ? 0.85 : 1);
      }
    }
  }
  const grain = Array.from({ length: 4_096 }, () => random.bell() * kind.light * 0.035);
  for (let i = 0; i < place.length; i++) place[i]! += grain[(i * 7_919 + (i >> 7) * 104_729) & 4_095]!;
  return place;
}

/** A head, a body and two legs that walk; with stripes, so that its inside is not one colour. */
function drawMover(light: Float32Array, plan: ClipPlan, mover: Mover, frame: number): void {
  const { height, width, ground, contrast, texture } = mover;
  const x = mover.x + mover.step * (frame - mover.from);
  const stride = Math.sin((frame / plan.fps) * 2 * Math.PI * 1.6) * width * 0.22;
  const part = (cx: number, cy: number, rx: number, ry: number, tone: number) =>
    ellipse(light, plan, cx, cy, rx, ry, tone, texture);
  part(x - stride, ground - height * 0.2, width * 0.16, height * 0.22, contrast * 0.9);
  part(x + stride, ground - height * 0.2, width * 0.16, height * 0.22, contrast * 0.9);
  part(x, ground - height * 0.56, width * HALF_WIDTH, height * BODY_HEIGHT, contrast);
  part(x, ground - height * 0.9, width * 0.2, height * 0.11, contrast * 1.1);
}

function ellipse(
  light: Float32Array,
  { width, height, kind }: ClipPlan,
  cx: number,
  cy: number,
  rx: number,
  ry: number,
  contrast: number,
  texture: number,
): void {
  for (let y = Math.max(0, Math.floor(cy - ry)); y <= Math.min(height - 1, Math.ceil(cy + ry)); y++) {
    for (let x = Math.max(0, Math.floor(cx - rx)); x <= Math.min(width - 1, Math.ceil(cx + rx)); x++) {
      const distance = Math.hypot((x - cx) / rx, (y - cy) / ry);
      const cover = Math.min(1, Math.max(0, 0.5 + (1 - distance) * Math.min(rx, ry)));
      if (cover <= 0) continue;
      const stripe = 1 + 0.2 * Math.sin((y - cy) * (0.3 + texture * 0.5));
      const index = y * width + x;
      // Against the place's own light, not against what is behind: a thing has its own colour.
      const own = kind.light + contrast * stripe;
      light[index]! += (own - light[index]!) * cover;
    }
  }
}

function drawStreak(light: Float32Array, { width, height }: ClipPlan, random: Random): void {
  const length = random.between(10, 26);
  const [left, top] = [random.between(0, width), random.between(-20, height)];
  const shine = random.between(10, 32);
  const wide = random.next() < 0.35 ? 2 : 1;
  for (let step = 0; step < length; step++) {
    const y = Math.round(top + step);
    if (y < 0 || y >= height) continue;
    for (let side = 0; side < wide; side++) {
      const x = Math.round(left + step * 0.15) + side;
      if (x >= 0 && x < width) light[y * width + x]! += shine;
    }
  }
}
