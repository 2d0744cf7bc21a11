import { type Colour, capsule, circle, colour, convex, ellipse, mix, type Painter, rounded } from './canvas.js';
import type { Mover } from './movers.js';

/** Where a camera looks: what stands still, and who comes by when. */
export interface Place {
  name: string;
  draw(painter: Painter, grain: Grain): void;
  movers: readonly Mover[];
}

/** Repeatable texture: a luma offset within ± `amount`, the same at every drawing of one pixel. */
export type Grain = (amount: number) => (px: number, py: number) => number;

const [FAR, HORIZON, BOTTOM] = [100_000, 300, 720];
const everywhere = () => -FAR;

function sky(painter: Painter, top: Colour, low: Colour): void {
  painter.fill([0, 0, painter.unitsWide, HORIZON + 40], everywhere, (_x, y) => mix(top, low, Math.min(1, y / HORIZON)));
}

function ground(
  painter: Painter,
  from: number,
  to: number,
  paint: Colour,
  near: Colour,
  texture?: (px: number, py: number) => number,
): void {
  const shape = rounded([-FAR, from, FAR, to + 2]);
  const shade = (_x: number, y: number) => mix(paint, near, (y - from) / (to - from));
  painter.fill([0, from, painter.unitsWide, to], shape, shade, { grain: texture });
}

function block(
  painter: Painter,
  box: readonly [number, number, number, number],
  paint: Colour,
  radius = 0,
  opacity = 1,
): void {
  painter.fill(box, rounded(box, radius), paint, { opacity });
}

function tree(painter: Painter, x: number, foot: number, size: number, leaf: Colour, grain: Grain): void {
  const u = (units: number) => units * size;
  block(painter, [x - u(11), foot - u(150), x + u(11), foot], colour(0x6d5644), 4);
  for (const [dx, dy, r, light] of [
    [-42, -170, 58, 0],
    [44, -176, 56, 0.08],
    [0, -222, 66, 0.16],
    [4, -158, 50, 0.05],
  ] as const) {
    const [cx, cy, radius] = [x + u(dx), foot + u(dy), u(r)];
    painter.fill(
      [cx - radius, cy - radius, cx + radius, cy + radius],
      circle(cx, cy, radius),
      mix(leaf, colour(0xd7e0a8), light),
      { grain: grain(9) },
    );
  }
}

function windowPane(painter: Painter, x: number, y: number, w: number, h: number, glass: Colour, frame: Colour): void {
  block(painter, [x - 6, y - 6, x + w + 6, y + h + 6], frame, 2);
  block(painter, [x, y, x + w, y + h], glass);
  block(painter, [x + w / 2 - 2, y, x + w / 2 + 2, y + h], frame);
  block(painter, [x, y + h * 0.45 - 2, x + w, y + h * 0.45 + 2], frame);
}

const WHITE = colour(0xf1efe8);

const driveway: Place = {
  name: 'driveway',
  draw(painter, grain) {
    const wide = painter.unitsWide;
    sky(painter, colour(0x8fb8dc), colour(0xe4eef3));
    for (const [cx, cy, rx, ry] of [
      [300, 96, 120, 20],
      [980, 70, 160, 24],
      [760, 130, 90, 12],
    ] as const) {
      painter.fill([cx - rx, cy - ry, cx + rx, cy + ry], ellipse(cx, cy, rx, ry), WHITE, { opacity: 0.55 });
    }
    painter.fill([0, 180, wide, 360], ellipse(900, 420, 760, 190), colour(0x9db598));
    painter.fill([0, 180, wide, 360], ellipse(250, 420, 620, 160), colour(0x8aa686));
    ground(painter, 335, BOTTOM, colour(0x93ad70), colour(0x7d9c5c), grain(10));
    block(painter, [120, 190, 520, 440], colour(0xe0d5c1));
    painter.fill([80, 90, 560, 200], convex([210, 92], [430, 92], [556, 200], [84, 200]), colour(0x96604f), {
      grain: grain(7),
    });
    block(painter, [170, 300, 320, 440], colour(0xb8b2a6), 3);
    for (let bar = 325; bar < 440; bar += 28) block(painter, [176, bar, 314, bar + 3], colour(0x9e988c));
    block(painter, [352, 310, 412, 440], colour(0x4f6672), 3);
    painter.fill([398, 370, 410, 382], circle(404, 376, 4), colour(0xd8c58a));
    windowPane(painter, 440, 314, 60, 62, colour(0xb5cedb), WHITE);
    windowPane(painter, 180, 218, 60, 52, colour(0xb5cedb), WHITE);
    windowPane(painter, 400, 218, 60, 52, colour(0xb5cedb), WHITE);
    painter.fill([100, 440, 720, 590], convex([172, 440], [322, 440], [640, 590], [300, 590]), colour(0xb7b2a8), {
      grain: grain(6),
    });
    tree(painter, 930, 452, 1.05, colour(0x5f8450), grain);
    tree(painter, 1130, 430, 0.8, colour(0x6b8d58), grain);
    ground(painter, 500, 536, colour(0xc3beb4), colour(0xbab5aa), grain(5));
    ground(painter, 590, 600, colour(0xcfccc4), colour(0xcfccc4));
    ground(painter, 600, BOTTOM, colour(0x8e8f90), colour(0x85868a), grain(6));
    for (let dash = 40; dash < wide; dash += 170) block(painter, [dash, 654, dash + 84, 661], colour(0xdcdad2));
  },
  movers: [
    {
      subject: 'person',
      enter: 0.1,
      leave: 0.4,
      ground: 528,
      size: 1,
      towards: 'left',
      colours: [colour(0xb5483f), colour(0x39465c)],
    },
    {
      subject: 'car',
      enter: 0.62,
      leave: 0.75,
      ground: 690,
      size: 1.1,
      towards: 'right',
      colours: [colour(0x3f6d9b), colour(0)],
    },
  ],
};

const garden: Place = {
  name: 'garden',
  draw(painter, grain) {
    const wide = painter.unitsWide;
    sky(painter, colour(0xa9c4cf), colour(0xf0ead9));
    tree(painter, 180, 380, 1.2, colour(0x55784d), grain);
    tree(painter, 640, 350, 0.9, colour(0x6c8f5f), grain);
    for (let x = -30; x < wide + 60; x += 58) {
      painter.fill([x - 50, 230, x + 50, 330], ellipse(x, 300, 46, 42), colour(0x4f7048), { grain: grain(10) });
    }
    ground(painter, 300, 350, colour(0x4f7048), colour(0x466541), grain(10));
    ground(painter, 350, BOTTOM, colour(0x9cb877), colour(0x84a562), grain(9));
    block(painter, [900, 220, 1170, 430], colour(0xa98866));
    for (let plank = 915; plank < 1170; plank += 22) block(painter, [plank, 226, plank + 2, 430], colour(0x8f7254));
    painter.fill([880, 150, 1190, 226], convex([940, 152], [1130, 152], [1192, 226], [878, 226]), colour(0x6b6f73), {
      grain: grain(5),
    });
    block(painter, [985, 290, 1065, 430], colour(0x7d6147), 2);
    windowPane(painter, 1095, 290, 48, 48, colour(0xc4d4d6), WHITE);
    painter.fill([380, 400, 700, 500], ellipse(540, 450, 150, 40), colour(0xc9c4b8));
    painter.fill([380, 400, 700, 500], ellipse(540, 450, 138, 33), colour(0x8fb4c4));
    painter.fill([470, 430, 560, 450], ellipse(510, 440, 34, 6), colour(0xc7dde4), { opacity: 0.7 });
    for (const [x, y, hue] of [
      [60, 430, 0xd9737b],
      [96, 446, 0xe8c76a],
      [130, 428, 0xc98bc0],
      [166, 444, 0xd9737b],
      [206, 430, 0xe8c76a],
      [238, 447, 0xf1efe8],
    ] as const) {
      painter.fill([x - 20, y - 10, x + 20, y + 30], capsule(x, y, x, y + 24, 2), colour(0x5b7a45));
      painter.fill([x - 12, y - 12, x + 12, y + 12], circle(x, y, 10), colour(hue));
    }
    ground(painter, 610, BOTTOM, colour(0xc9bca6), colour(0xbdb09a), grain(6));
    for (let x = 0; x < wide; x += 160) block(painter, [x, 610, x + 3, BOTTOM], colour(0xa89c88));
    block(painter, [0, 664, wide, 667], colour(0xa89c88));
  },
  movers: [
    {
      subject: 'cat',
      enter: 0.06,
      leave: 0.24,
      ground: 590,
      size: 1.3,
      towards: 'right',
      colours: [colour(0x6a5a4e), colour(0)],
    },
    {
      subject: 'person',
      enter: 0.45,
      leave: 0.78,
      ground: 640,
      size: 1.25,
      towards: 'right',
      colours: [colour(0xd3a544), colour(0x4a5568)],
    },
  ],
};

const gate: Place = {
  name: 'gate',
  draw(painter, grain) {
    const wide = painter.unitsWide;
    sky(painter, colour(0x46557c), colour(0xe3b191));
    painter.fill([1010, 150, 1110, 250], circle(1060, 205, 34), colour(0xf8dcae), { opacity: 0.9 });
    const roofs = [40, 210, 330, 520, 680, 800, 960, 1130, 1250];
    for (const [index, x] of roofs.entries()) {
      const top = 230 - ((index * 37) % 70);
      block(painter, [x - 70, top, x + 70, 380], mix(colour(0x4a4a63), colour(0x5b566c), (index % 3) / 2));
      painter.fill(
        [x - 90, top - 50, x + 90, top],
        convex([x, top - 46], [x + 82, top], [x - 82, top]),
        colour(0x3d3d54),
      );
      if (index % 2 === 0) block(painter, [x - 30, top + 30, x - 4, top + 62], colour(0xf2cf8a));
      if (index % 3 === 0) block(painter, [x + 14, top + 30, x + 40, top + 62], colour(0xe6bd77));
    }
    ground(painter, 330, 480, colour(0xa58d7c), colour(0x957d6d), grain(12));
    for (let row = 352; row < 480; row += 22) block(painter, [0, row, wide, row + 2], colour(0x84705f), 0, 0.6);
    block(painter, [470, 300, 520, 482], colour(0xb9a595), 3);
    block(painter, [800, 300, 850, 482], colour(0xb9a595), 3);
    block(painter, [520, 326, 800, 482], colour(0x707884));
    for (let bar = 534; bar < 800; bar += 22) block(painter, [bar, 316, bar + 6, 482], colour(0x3a3f4b), 2);
    block(painter, [520, 350, 800, 358], colour(0x3a3f4b));
    block(painter, [520, 450, 800, 458], colour(0x3a3f4b));
    for (let radius = 20; radius <= 110; radius += 10) {
      const box = [210 - radius, 226 - radius, 210 + radius, 226 + radius] as const;
      painter.fill(box, circle(210, 226, radius), colour(0xf6d9a0), { opacity: 0.05 });
    }
    block(painter, [204, 232, 214, 500], colour(0x2f333d), 2);
    painter.fill([186, 204, 232, 248], rounded([190, 210, 228, 240], 8), colour(0xfbe8ba));
    ground(painter, 480, 540, colour(0x918a86), colour(0x87807c), grain(6));
    ground(painter, 540, 550, colour(0xaaa39c), colour(0xaaa39c));
    ground(painter, 550, BOTTOM, colour(0x6d6b70), colour(0x626066), grain(7));
    for (let dash = 10; dash < wide; dash += 190) block(painter, [dash, 632, dash + 92, 639], colour(0xc5bda9));
  },
  movers: [
    {
      subject: 'car',
      enter: 0.16,
      leave: 0.3,
      ground: 692,
      size: 1.15,
      towards: 'left',
      colours: [colour(0xa34b43), colour(0)],
    },
    {
      subject: 'person',
      enter: 0.52,
      leave: 0.86,
      ground: 530,
      size: 0.95,
      towards: 'right',
      colours: [colour(0x5c7f8c), colour(0x2f3440)],
    },
  ],
};

export const PLACES: readonly Place[] = [driveway, garden, gate];
