/** A planar YUV 4:2:0 picture (BT.709, limited range), as `-pix_fmt yuv420p` raw video has it. */
export interface Picture {
  width: number;
  height: number;
  /** Y, then U, then V, without padding. */
  data: Buffer;
}

export type Colour = readonly [y: number, u: number, v: number];

/** Signed distance from a shape's edge, in scene units; negative inside. */
export type Shape = (x: number, y: number) => number;

/** Left, top, right, bottom in scene units. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Every scene is drawn in units of which 720 make the height, whatever the size in pixels. */
export const UNITS_HIGH = 720;

export function newPicture(width: number, height: number): Picture {
  if (width % 2 || height % 2) throw new RangeError(`a 4:2:0 picture has an even size, not ${width}x${height}`);
  return { width, height, data: Buffer.alloc((width * height * 3) / 2, 128) };
}

/** `0xrrggbb` as BT.709 limited-range YUV. */
export function colour(hex: number): Colour {
  const [r, g, b] = [(hex >> 16) & 255, (hex >> 8) & 255, hex & 255].map((part) => part / 255) as [
    number,
    number,
    number,
  ];
  const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return [16 + 219 * luma, 128 + (224 * (b - luma)) / 1.8556, 128 + (224 * (r - luma)) / 1.5748];
}

export function mix(a: Colour, b: Colour, share: number): Colour {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

export const circle =
  (cx: number, cy: number, radius: number): Shape =>
  (x, y) =>
    Math.hypot(x - cx, y - cy) - radius;

/** Near enough to the true distance for soft edges, which is all it is used for. */
export const ellipse =
  (cx: number, cy: number, rx: number, ry: number): Shape =>
  (x, y) =>
    (Math.hypot((x - cx) / rx, (y - cy) / ry) - 1) * Math.min(rx, ry);

export const rounded = ([left, top, right, bottom]: Box, radius = 0): Shape => {
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const [hx, hy] = [(right - left) / 2 - radius, (bottom - top) / 2 - radius];
  return (x, y) => {
    const dx = Math.abs(x - cx) - hx;
    const dy = Math.abs(y - cy) - hy;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  };
};

/** A line with round ends. */
export const capsule = (ax: number, ay: number, bx: number, by: number, radius: number): Shape => {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy || 1;
  return (x, y) => {
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
    return Math.hypot(x - ax - along * dx, y - ay - along * dy) - radius;
  };
};

/** A convex polygon whose corners go clockwise on the screen. */
export const convex = (...corners: (readonly [number, number])[]): Shape => {
  const edges = corners.map(([ax, ay], index) => {
    const [bx, by] = corners[(index + 1) % corners.length]!;
    const length = Math.hypot(bx - ax, by - ay);
    return { ax, ay, nx: (by - ay) / length, ny: (ax - bx) / length };
  });
  return (x, y) => {
    let distance = Number.NEGATIVE_INFINITY;
    for (const { ax, ay, nx, ny } of edges) distance = Math.max(distance, (x - ax) * nx + (y - ay) * ny);
    return distance;
  };
};

export interface Fill {
  /** 0 to 1; default 1. */
  opacity?: number;
  /** Added to luma at a pixel: texture. */
  grain?: (px: number, py: number) => number;
}

/** Draws smooth-edged shapes, in scene units, into a picture. */
export class Painter {
  readonly picture: Picture;
  readonly unitsWide: number;
  readonly #scale: number;

  constructor(picture: Picture) {
    this.picture = picture;
    this.#scale = picture.height / UNITS_HIGH;
    this.unitsWide = picture.width / this.#scale;
  }

  /** Fills the part of `shape` inside `box`, in one colour or one that depends on the place. */
  fill(
    box: Box,
    shape: Shape,
    paint: Colour | ((x: number, y: number) => Colour),
    { opacity = 1, grain }: Fill = {},
  ): void {
    const { width, height, data } = this.picture;
    const at = typeof paint === 'function' ? paint : () => paint;
    const luma = width * height;
    this.#each(box, 1, shape, (px, py, x, y, coverage) => {
      const index = py * width + px;
      const target = at(x, y)[0] + (grain ? grain(px, py) : 0);
      data[index] = blend(data[index]!, target, coverage * opacity);
    });
    this.#each(box, 2, shape, (px, py, x, y, coverage) => {
      const [, u, v] = at(x, y);
      const index = luma + (py * width) / 2 + px;
      data[index] = blend(data[index]!, u, coverage * opacity);
      data[index + luma / 4] = blend(data[index + luma / 4]!, v, coverage * opacity);
    });
  }

  #each(
    [left, top, right, bottom]: Box,
    step: 1 | 2,
    shape: Shape,
    visit: (px: number, py: number, x: number, y: number, coverage: number) => void,
  ): void {
    const scale = this.#scale / step;
    const x1 = Math.min(this.picture.width / step, Math.ceil(right * scale) + 1);
    const y1 = Math.min(this.picture.height / step, Math.ceil(bottom * scale) + 1);
    for (let py = Math.max(0, Math.floor(top * scale) - 1); py < y1; py++) {
      const y = (py + 0.5) / scale;
      for (let px = Math.max(0, Math.floor(left * scale) - 1); px < x1; px++) {
        const x = (px + 0.5) / scale;
        const coverage = Math.min(1, 0.5 - shape(x, y) * scale);
        if (coverage > 0) visit(px, py, x, y, coverage);
      }
    }
  }
}

function blend(below: number, above: number, share: number): number {
  return Math.round(below + (above - below) * share);
}
