/** In and out points of an export. No DOM here: unit-tested. UTC ms. */
export interface Marks {
  in?: number;
  out?: number;
}

/** Around the moment on screen where somebody exports without having marked anything. */
const USUAL_MS = 60_000;

/** The stretch the marks mean; either may come first. Without both, a minute from the one, or around `time`. */
export function stretchOf({ in: start, out: end }: Marks, time: number): { from: number; to: number } {
  if (start !== undefined && end !== undefined) return { from: Math.min(start, end), to: Math.max(start, end) };
  if (start !== undefined) return { from: start, to: start + USUAL_MS };
  if (end !== undefined) return { from: end - USUAL_MS, to: end };
  return { from: time - USUAL_MS / 2, to: time + USUAL_MS / 2 };
}
