import { type Colour, capsule, circle, colour, convex, ellipse, type Painter, rounded } from './canvas.js';

export type Subject = 'person' | 'car' | 'cat';

/** Something that crosses the picture once per loop. It is in view from `enter` to `leave`, and nowhere else. */
export interface Mover {
  subject: Subject;
  /** Shares of the loop, 0 to 1. */
  enter: number;
  leave: number;
  /** Where its feet or wheels touch the ground, in scene units from the top. */
  ground: number;
  /** 1 is a person 150 units tall. */
  size: number;
  towards: 'left' | 'right';
  colours: readonly [Colour, Colour];
}

/** Half of the width a subject may take, with its shadow, in units at size 1. */
const HALF_WIDTH: Record<Subject, number> = { person: 48, car: 172, cat: 60 };

/** Draws the mover where it is after `share` of the loop; draws nothing outside its interval. */
export function drawMover(painter: Painter, mover: Mover, share: number, loopMs: number): void {
  const progress = (share - mover.enter) / (mover.leave - mover.enter);
  if (progress <= 0 || progress >= 1) return;
  const half = HALF_WIDTH[mover.subject] * mover.size;
  const along = mover.towards === 'right' ? progress : 1 - progress;
  const x = -half + along * (painter.unitsWide + 2 * half);
  const stride = ((share * loopMs) / 1000) * 2 * Math.PI;
  DRAW[mover.subject](painter, mover, x, stride);
}

type Draw = (painter: Painter, mover: Mover, x: number, stride: number) => void;

const SKIN = colour(0xd9a888);
const DARK = colour(0x2b2d33);
const GLASS = colour(0x9fb6c4);
const RUBBER = colour(0x26272b);
const METAL = colour(0xb9bcc0);
const LAMP = colour(0xfff0c0);

function shadow(painter: Painter, x: number, { ground, size }: Mover, halfWidth: number): void {
  const rx = halfWidth * size;
  const ry = 9 * size;
  painter.fill([x - rx, ground - ry, x + rx, ground + ry], ellipse(x, ground, rx, ry), DARK, { opacity: 0.3 });
}

const person: Draw = (painter, mover, x, stride) => {
  const { size, ground, colours } = mover;
  const [coat, trousers] = colours;
  const swing = Math.sin(stride) * 26 * size;
  const hip = ground - 68 * size - Math.abs(Math.cos(stride)) * 2 * size;
  const neck = hip - 52 * size;
  const limb = (fromY: number, toX: number, toY: number, radius: number, paint: Colour) => {
    const reach = Math.abs(toX - x) + radius * size + 2;
    painter.fill([x - reach, fromY - 12, x + reach, toY + 12], capsule(x, fromY, toX, toY, radius * size), paint);
  };
  shadow(painter, x, mover, 36);
  limb(hip, x - swing, ground - 6 * size, 8, trousers);
  limb(neck + 8 * size, x - swing * 0.8, hip + 2 * size, 5.5, coat);
  limb(hip, x + swing, ground - 6 * size, 8, trousers);
  limb(neck + 8 * size, x, hip - 4 * size, 16, coat);
  limb(neck + 10 * size, x + swing * 0.8, hip + 2 * size, 5.5, coat);
  const head = neck - 14 * size;
  const r = 13 * size;
  painter.fill([x - r, head - r, x + r, head + r], circle(x, head, r), SKIN);
  painter.fill([x - r, head - r, x + r, head - r * 0.2], circle(x, head, r), DARK);
};

const car: Draw = (painter, mover, x, stride) => {
  const { size, ground, colours, towards } = mover;
  const [body] = colours;
  const face = towards === 'right' ? 1 : -1;
  const u = (units: number) => units * size;
  const along = (units: number) => x + face * u(units);
  const span = (from: number, to: number) =>
    [Math.min(along(from), along(to)), Math.max(along(from), along(to))] as const;
  shadow(painter, x, mover, 168);
  const [roofLeft, roofRight] = span(-95, 75);
  const top = ground - u(118);
  painter.fill(
    [roofLeft, top, roofRight, ground - u(60)],
    rounded([roofLeft, top, roofRight, ground - u(40)], u(30)),
    body,
  );
  for (const [from, to] of [
    [-80, -12],
    [-2, 58],
  ] as const) {
    const [left, right] = span(from, to);
    painter.fill([left, top, right, ground], rounded([left, top + u(12), right, ground - u(74)], u(12)), GLASS);
  }
  const [left, right] = span(-155, 155);
  painter.fill(
    [left, ground - u(80), right, ground],
    rounded([left, ground - u(78), right, ground - u(16)], u(20)),
    body,
  );
  painter.fill(
    [left, ground - u(36), right, ground],
    rounded([left, ground - u(34), right, ground - u(16)], u(8)),
    DARK,
    { opacity: 0.35 },
  );
  for (const wheel of [-92, 92]) {
    const [cx, cy, r] = [along(wheel), ground - u(24), u(25)];
    painter.fill([cx - r, cy - r, cx + r, cy + r], circle(cx, cy, r), RUBBER);
    painter.fill([cx - r, cy - r, cx + r, cy + r], circle(cx, cy, r * 0.55), METAL);
    // A spoke that turns: without it a wheel that rolls looks like one that slides.
    const [sx, sy] = [Math.cos(stride * 2) * r * 0.5, Math.sin(stride * 2) * r * 0.5];
    painter.fill([cx - r, cy - r, cx + r, cy + r], capsule(cx - sx, cy - sy, cx + sx, cy + sy, r * 0.1), RUBBER);
  }
  const [lampX, lampY] = [along(146), ground - u(60)];
  painter.fill([lampX - u(9), lampY - u(9), lampX + u(9), lampY + u(9)], circle(lampX, lampY, u(8)), LAMP);
};

const cat: Draw = (painter, mover, x, stride) => {
  const { size, ground, colours, towards } = mover;
  const [fur] = colours;
  const face = towards === 'right' ? 1 : -1;
  const u = (units: number) => units * size;
  const back = ground - u(32);
  const line = (ax: number, ay: number, bx: number, by: number, radius: number) => {
    const [x0, x1] = [x + face * u(ax), x + face * u(bx)];
    const box = [
      Math.min(x0, x1) - u(radius),
      Math.min(ay, by) - u(radius),
      Math.max(x0, x1) + u(radius),
      Math.max(ay, by) + u(radius),
    ];
    painter.fill(box as [number, number, number, number], capsule(x0, ay, x1, by, u(radius)), fur);
  };
  shadow(painter, x, mover, 44);
  for (const [leg, phase] of [-22, -14, 16, 24].entries())
    line(phase, back, phase + Math.sin(stride * 2 + leg * 1.7) * 8, ground - u(3), 3.5);
  line(-26, back - u(2), 24, back - u(4), 12);
  line(-34, back - u(6), -46 + Math.sin(stride) * 4, back - u(38), 3.5);
  const [hx, hy, r] = [x + face * u(36), back - u(18), u(11)];
  painter.fill([hx - r, hy - r, hx + r, hy + r], circle(hx, hy, r), fur);
  for (const ear of [-6, 6]) {
    const ex = hx + u(ear);
    painter.fill(
      [ex - r, hy - u(20), ex + r, hy],
      convex([ex, hy - u(19)], [ex + u(5), hy - u(6)], [ex - u(5), hy - u(6)]),
      fur,
    );
  }
};

const DRAW: Record<Subject, Draw> = { person, car, cat };
