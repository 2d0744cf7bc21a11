import { describe, expect, it } from 'vitest';
import { newPicture } from '../../../lib/simulator/canvas.js';
import { PLACES } from '../../../lib/simulator/places.js';
import { motionOf, Scene, type SceneSpec } from '../../../lib/simulator/scene.js';
import { clockText, readFrameCounter, stampRows } from '../../../lib/simulator/stamp.js';

const spec: SceneSpec = { title: 'gate', variant: 0, width: 320, height: 180, fps: 10, loopMs: 8_000, noise: 0 };

function draw(scene: Scene, index: number): Buffer {
  const picture = newPicture(scene.spec.width, scene.spec.height);
  scene.draw(index, picture);
  return picture.data;
}

/** Share of luma pixels below the stamp that differ by more than 12 steps. */
function changed(a: Buffer, b: Buffer, { width, height }: SceneSpec): number {
  const [from, to] = [width * stampRows(height), width * height];
  let count = 0;
  for (let i = from; i < to; i++) if (Math.abs(a[i]! - b[i]!) > 12) count++;
  return count / (to - from);
}

describe('the drawn scene', () => {
  it('is the same at every drawing, and different for every place', () => {
    expect(draw(new Scene(spec), 33).equals(draw(new Scene(spec), 33))).toBe(true);
    const places = PLACES.map((_, variant) => draw(new Scene({ ...spec, variant }), 33));
    expect(changed(places[0]!, places[1]!, spec)).toBeGreaterThan(0.3);
    expect(changed(places[1]!, places[2]!, spec)).toBeGreaterThan(0.3);
  });

  it.each(PLACES.map((place, variant) => [place.name, variant] as const))(
    '%s moves exactly when its labels say so',
    (_, variant) => {
      const scene = new Scene({ ...spec, variant });
      const labels = motionOf(scene.spec);
      expect(labels).toHaveLength(2);
      let still = 0;
      for (let index = 1; index < scene.frames; index++) {
        const [beforeMs, nowMs] = [(index - 1) * 100, index * 100];
        const share = changed(draw(scene, index - 1), draw(scene, index), scene.spec);
        const deep = labels.some(({ startMs, endMs }) => {
          const margin = (endMs - startMs) * 0.2;
          return beforeMs > startMs + margin && nowMs < endMs - margin;
        });
        const outside = labels.every(({ startMs, endMs }) => nowMs <= startMs || beforeMs >= endMs);
        if (deep) expect(share, `frame ${index}`).toBeGreaterThan(0.002);
        if (outside) {
          expect(share, `frame ${index}`).toBe(0);
          still++;
        }
      }
      expect(still).toBeGreaterThan(20);
    },
  );

  it('adds noise that changes with every frame and stays small', () => {
    const noisy = new Scene({ ...spec, noise: 3 });
    const [clean, first, second] = [draw(new Scene(spec), 0), draw(noisy, 0), draw(noisy, 1)];
    const from = 320 * stampRows(180);
    const differences = [...first.subarray(from, 320 * 180)].map((value, index) =>
      Math.abs(value - clean[from + index]!),
    );
    expect(Math.max(...differences)).toBe(3);
    expect(first.subarray(from, 320 * 180).equals(second.subarray(from, 320 * 180))).toBe(false);
  });

  it('refuses a loop that is no whole number of frames, and odd sizes', () => {
    expect(() => new Scene({ ...spec, loopMs: 8_050 })).toThrow(RangeError);
    expect(() => new Scene({ ...spec, width: 321 })).toThrow(RangeError);
  });
});

describe('the stamp', () => {
  it.each([180, 360, 720])('can be read back at %i lines', (height) => {
    const scene = new Scene({ ...spec, height, width: (height * 16) / 9, noise: 2 });
    for (const index of [0, 7, 79]) {
      const luma = draw(scene, index).subarray(0, scene.spec.width * height);
      expect(readFrameCounter(luma, scene.spec.width, height)).toBe(index);
    }
  });

  it('is not read where there is none', () => {
    expect(readFrameCounter(new Uint8Array(320 * 180).fill(200), 320, 180)).toBeUndefined();
  });

  it('shows minutes, seconds and hundredths', () => {
    expect(clockText(0)).toBe('00:00.00');
    expect(clockText(754_930)).toBe('12:34.93');
  });
});
