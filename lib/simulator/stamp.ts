import type { Picture } from './canvas.js';

/** 5 × 7 glyphs, one row per string of five: drawn for this program, legible at one pixel per dot. */
const GLYPHS: Record<string, string> = {
  '0': '.###. #...# #..## #.#.# ##..# #...# .###.',
  '1': '..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.',
  '2': '.###. #...# ....# ...#. ..#.. .#... #####',
  '3': '##### ...#. ..#.. ...#. ....# #...# .###.',
  '4': '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '5': '##### #.... ####. ....# ....# #...# .###.',
  '6': '..##. .#... #.... ####. #...# #...# .###.',
  '7': '##### ....# ...#. ..#.. .#... .#... .#...',
  '8': '.###. #...# #...# .###. #...# #...# .###.',
  '9': '.###. #...# #...# .#### ....# ...#. .##..',
  A: '.###. #...# #...# ##### #...# #...# #...#',
  B: '####. #...# #...# ####. #...# #...# ####.',
  C: '.###. #...# #.... #.... #.... #...# .###.',
  D: '###.. #..#. #...# #...# #...# #..#. ###..',
  E: '##### #.... #.... ####. #.... #.... #####',
  F: '##### #.... #.... ####. #.... #.... #....',
  G: '.###. #...# #.... #.### #...# #...# .####',
  H: '#...# #...# #...# ##### #...# #...# #...#',
  I: '.###. ..#.. ..#.. ..#.. ..#.. ..#.. .###.',
  J: '..### ...#. ...#. ...#. ...#. #..#. .##..',
  K: '#...# #..#. #.#.. ##... #.#.. #..#. #...#',
  L: '#.... #.... #.... #.... #.... #.... #####',
  M: '#...# ##.## #.#.# #.#.# #...# #...# #...#',
  N: '#...# ##..# #.#.# #..## #...# #...# #...#',
  O: '.###. #...# #...# #...# #...# #...# .###.',
  P: '####. #...# #...# ####. #.... #.... #....',
  Q: '.###. #...# #...# #...# #.#.# #..#. .##.#',
  R: '####. #...# #...# ####. #.#.. #..#. #...#',
  S: '.#### #.... #.... .###. ....# ....# ####.',
  T: '##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..',
  U: '#...# #...# #...# #...# #...# #...# .###.',
  V: '#...# #...# #...# #...# #...# .#.#. ..#..',
  W: '#...# #...# #...# #.#.# #.#.# ##.## #...#',
  X: '#...# #...# .#.#. ..#.. .#.#. #...# #...#',
  Y: '#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..',
  Z: '##### ....# ...#. ..#.. .#... #.... #####',
  ':': '..... ..#.. ..#.. ..... ..#.. ..#.. .....',
  '.': '..... ..... ..... ..... ..... .##.. .##..',
  '-': '..... ..... ..... ##### ..... ..... .....',
  '#': '.#.#. .#.#. ##### .#.#. ##### .#.#. .#.#.',
  ' ': '..... ..... ..... ..... ..... ..... .....',
};

const DOTS = new Map(
  Object.entries(GLYPHS).map(([character, rows]) => [
    character,
    [...rows.replaceAll(' ', '')].map((dot) => dot === '#'),
  ]),
);

const [ADVANCE, ROWS, COLUMNS] = [6, 7, 5];
const [INK, PLATE] = [225, 28];

/** How many digits the burnt-in frame counter has. */
export const COUNTER_DIGITS = 6;

export interface Stamp {
  title: string;
  /** Scene time, milliseconds. */
  timeMs: number;
  frame: number;
}

/** `mm:ss.ff` – minutes, seconds and hundredths of the scene's own clock. */
export function clockText(timeMs: number): string {
  const two = (value: number) => String(Math.floor(value) % 100).padStart(2, '0');
  return `${two(timeMs / 60_000)}:${two((timeMs / 1000) % 60)}.${two((timeMs % 1000) / 10)}`;
}

/** Pixels per dot of the font, for a picture of this height: the same share of the picture at every size. */
export function dotSize(height: number): number {
  return Math.max(1, Math.round(height / 360));
}

/** Pixels from the top that the stamp takes: motion detectors and tests leave them out. */
export function stampRows(height: number): number {
  return (ROWS + 6) * dotSize(height);
}

/** Burns `mm:ss.ff #nnnnnn TITLE` on a dark strip into the top left corner. */
export function burnStamp(picture: Picture, { title, timeMs, frame }: Stamp): void {
  const text = `#${String(frame).padStart(COUNTER_DIGITS, '0')} ${clockText(timeMs)} ${title.toUpperCase()}`;
  const dot = dotSize(picture.height);
  rectangle(
    picture,
    dot,
    dot,
    Math.min(picture.width - dot, (text.length * ADVANCE + 5) * dot),
    (ROWS + 4) * dot,
    PLATE,
  );
  for (const [index, character] of [...text].entries()) {
    const dots = DOTS.get(character) ?? DOTS.get('-')!;
    const left = (3 + index * ADVANCE) * dot;
    if (left + COLUMNS * dot > picture.width) break;
    for (const [place, on] of dots.entries()) {
      if (!on) continue;
      const [x, y] = [left + (place % COLUMNS) * dot, (3 + Math.floor(place / COLUMNS)) * dot];
      rectangle(picture, x, y, x + dot, y + dot, INK);
    }
  }
}

/** Reads the burnt-in frame counter from decoded luma; undefined if a digit there matches none well. */
export function readFrameCounter(luma: Uint8Array, width: number, height: number): number | undefined {
  const dot = dotSize(height);
  let number = 0;
  for (let digit = 1; digit <= COUNTER_DIGITS; digit++) {
    const seen = dotsAt(luma, width, (3 + digit * ADVANCE) * dot, 3 * dot, dot);
    const errors = Array.from({ length: 10 }, (_, value) => differing(seen, DOTS.get(String(value))!));
    const best = Math.min(...errors);
    if (best > 3) return undefined;
    number = number * 10 + errors.indexOf(best);
  }
  return number;
}

function dotsAt(luma: Uint8Array, width: number, left: number, top: number, dot: number): boolean[] {
  return Array.from({ length: ROWS * COLUMNS }, (_, place) => {
    let sum = 0;
    for (let dy = 0; dy < dot; dy++) {
      for (let dx = 0; dx < dot; dx++) {
        sum += luma[(top + Math.floor(place / COLUMNS) * dot + dy) * width + left + (place % COLUMNS) * dot + dx]!;
      }
    }
    return sum / (dot * dot) > (INK + PLATE) / 2;
  });
}

function differing(a: readonly boolean[], b: readonly boolean[]): number {
  return a.filter((value, index) => value !== b[index]).length;
}

/** Grey, so that the coarser colour planes do not smear the text. */
function rectangle(
  { width, height, data }: Picture,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  luma: number,
): void {
  for (let y = y0; y < y1; y++) data.fill(luma, y * width + x0, y * width + x1);
  for (let plane = 0; plane < 2; plane++) {
    const start = width * height + (plane * width * height) / 4;
    for (let y = y0 >> 1; y < y1 >> 1; y++)
      data.fill(128, start + (y * width) / 2 + (x0 >> 1), start + (y * width) / 2 + (x1 >> 1));
  }
}
