/** A corner, as shares of the picture's width and height from its upper left. */
export type Corner = readonly [x: number, y: number];

export interface Zone {
  /** At least three, in order round the edge. */
  corners: readonly Corner[];
  /** `include`: only what lies in such a zone counts; `exclude`: what lies in it does not. Exclusion wins. */
  kind: 'include' | 'exclude';
}

/** 1 for each pixel that is not looked at. */
export function blindPixels(zones: readonly Zone[], width: number, height: number): Uint8Array {
  const included = zones.filter(({ kind }) => kind === 'include');
  const excluded = zones.filter(({ kind }) => kind === 'exclude');
  const blind = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at: Corner = [(x + 0.5) / width, (y + 0.5) / height];
      const wanted = included.length === 0 || included.some(({ corners }) => isInside(corners, at));
      if (!wanted || excluded.some(({ corners }) => isInside(corners, at))) blind[y * width + x] = 1;
    }
  }
  return blind;
}

/** Whether a ray to the right crosses the edge an odd number of times. */
function isInside(corners: readonly Corner[], [x, y]: Corner): boolean {
  let inside = false;
  for (const [index, [ax, ay]] of corners.entries()) {
    const [bx, by] = corners[(index + 1) % corners.length]!;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  }
  return inside;
}
