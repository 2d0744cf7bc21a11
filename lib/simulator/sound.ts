import { AAC_FRAME_SAMPLES } from './adts.js';

export const SAMPLE_RATE = 16_000;

/** Loops are whole numbers of AAC frames: this many milliseconds each. */
export const AAC_FRAME_MS = (AAC_FRAME_SAMPLES * 1000) / SAMPLE_RATE;

/**
 * Signed 16-bit mono: a quiet wind that swells once per loop, and a soft 660 Hz note in the first 120 ms of every fourth
 * second, so that picture and sound can be compared by ear. It repeats exactly every `loopMs`, for `frames` AAC frames.
 */
export function sceneSound(loopMs: number, frames: number): Buffer {
  const period = (loopMs * SAMPLE_RATE) / 1000;
  const loop = wind(period).map((value, index) => value + note(index));
  const pcm = Buffer.alloc(frames * AAC_FRAME_SAMPLES * 2);
  for (let i = 0; i < frames * AAC_FRAME_SAMPLES; i++) pcm.writeInt16LE(Math.round(loop[i % period]!), i * 2);
  return pcm;
}

function note(index: number): number {
  const second = (index / SAMPLE_RATE) % 4;
  if (second >= 0.12) return 0;
  return 3_000 * Math.sin((second / 0.12) * Math.PI) * Math.sin(2 * Math.PI * 660 * second);
}

function wind(period: number): Float64Array {
  const out = new Float64Array(period);
  let state = 12_345;
  let low = 0;
  // Two rounds over the same noise: the filter enters the second as it leaves it, so the loop has no click.
  for (let i = 0; i < period * 2; i++) {
    if (i % period === 0) state = 12_345;
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    low += 0.06 * (state / 2 ** 31 - 1 - low);
    out[i % period] = low * 1_800 * (1.3 + Math.sin((2 * Math.PI * i) / period));
  }
  return out;
}
