import { Random } from '../../bench/motion/random.js';

export const WIDTH = 160;
export const HEIGHT = 90;

/** What happens in a picture, by its time in seconds. */
export interface Happening {
  /** Deviation of the noise. */
  noise?: number;
  /** The light, as a share of what is usual. */
  light?: (seconds: number) => number;
  /** Whole pixels by which the picture is shifted. */
  shift?: (seconds: number) => readonly [x: number, y: number];
  /** Streaks in each picture. */
  rain?: number;
  /** Something in front of the place, or nothing. */
  mover?: (seconds: number) => { x: number; y: number; width: number; height: number; tone: number } | undefined;
  /** What the camera writes over the upper left corner. */
  text?: (seconds: number) => string;
  /** Another look of everything, as infrared has. */
  infrared?: (seconds: number) => boolean;
}

/** Small grey pictures as a decoder makes them of a camera's: a wall with windows and a path, and what happens there. */
export class GreyScene {
  readonly #random = new Random(5);
  readonly #place = new Float32Array(WIDTH * HEIGHT);
  readonly #happening: Happening;
  readonly #bells: Float32Array;

  constructor(happening: Happening) {
    this.#happening = happening;
    const random = new Random(9);
    this.#bells = Float32Array.from({ length: 1 << 16 }, () => random.bell());
    for (let i = 0; i < this.#place.length; i++) {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
      const window = x % 40 > 10 && x % 40 < 26 && y % 30 > 8 && y % 30 < 20;
      this.#place[i] = 100 + (window ? 45 : 0) - (y > 70 ? 30 : 0) + random.bell() * 4;
    }
  }

  picture(seconds: number): Uint8Array {
    const { noise = 1, light, shift, rain = 0, mover, text, infrared } = this.#happening;
    const [shiftX, shiftY] = shift?.(seconds) ?? [0, 0];
    const [gain, inverse, random] = [light?.(seconds) ?? 1, infrared?.(seconds) ?? false, this.#random];
    const thing = mover?.(seconds);
    const values = new Float32Array(WIDTH * HEIGHT);
    for (let i = 0; i < values.length; i++) {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
      const inside = thing && x >= thing.x && x < thing.x + thing.width && y >= thing.y && y < thing.y + thing.height;
      values[i] = inside ? thing.tone : this.#place[clamp(y - shiftY, HEIGHT) * WIDTH + clamp(x - shiftX, WIDTH)]!;
    }
    for (let streak = 0; streak < rain; streak++) {
      const [x, y] = [Math.floor(random.next() * WIDTH), Math.floor(random.next() * (HEIGHT - 6))];
      for (let step = 0; step < 6; step++) values[(y + step) * WIDTH + x]! += 14;
    }
    if (text) write(values, text(seconds));
    const offset = Math.floor(random.next() * this.#bells.length);
    const picture = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const grain = this.#bells[(i + offset) & (this.#bells.length - 1)]! * noise;
      const lit = inverse ? 210 - values[i]! * 0.8 : values[i]! * gain;
      picture[i] = Math.min(255, Math.max(0, lit + grain));
    }
    return picture;
  }
}

/** Digits of three pixels by five, by their rows. */
const ROWS: Record<string, string> = {
  ...{ '0': '75557', '1': '26227', '2': '71747', '3': '71717', '4': '55711', '5': '74717', '6': '74757', '7': '71111' },
  ...{ '8': '75757', '9': '75717', ':': '02020', '.': '00002' },
};

function write(values: Float32Array, text: string): void {
  for (const [place, letter] of [...text].entries()) {
    for (const [row, bits] of [...ROWS[letter]!].entries()) {
      for (let column = 0; column < 3; column++) {
        if ((Number(bits) >> (2 - column)) & 1) values[(4 + row) * WIDTH + 6 + place * 4 + column] = 230;
      }
    }
  }
}

function clamp(value: number, size: number): number {
  return Math.min(size - 1, Math.max(0, value));
}
