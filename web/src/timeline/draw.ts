import type { MotionSpan } from '../../../src/segment.js';
import { type Span, tickStep, type View, xOf } from './model.js';
import type { Zone } from './zone.js';

/** Paints bars and hours on canvases. Every state differs by colour and by pattern, for those who cannot tell colours apart. */

export type Look = Span['kind'] | 'nothing' | 'future' | 'motion';

export interface Palette {
  uploaded: string;
  waiting: string;
  open: string;
  gap: string;
  frozen: string;
  motion: string;
  empty: string;
  surface: string;
  dots: string;
  line: string;
  ink: string;
  muted: string;
  head: string;
}

/** The colours of the style sheet, as they are now: light or dark. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    uploaded: color('uploaded'),
    waiting: color('waiting'),
    open: color('open'),
    gap: color('gap'),
    frozen: color('frozen'),
    motion: color('motion'),
    empty: color('empty'),
    surface: color('surface'),
    dots: color('dots'),
    line: color('line'),
    ink: color('ink'),
    muted: color('muted'),
    head: color('ink'),
  };
}

/** Fits the canvas to its box and the screen's pixels; the context then counts in CSS pixels. */
export function prepare(canvas: HTMLCanvasElement): { ctx: CanvasRenderingContext2D; width: number; height: number } {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const ctx = canvas.getContext('2d')!;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return { ctx, width, height };
}

export interface BarScene {
  view: View;
  spans: Span[];
  motions: MotionSpan[];
  now: number;
  head: number | undefined;
  zone: Zone;
  /** What is marked for export. */
  marked: { from: number; to: number } | undefined;
}

const ORDER: Span['kind'][] = ['off', 'uploaded', 'waiting', 'frozen', 'open', 'gap'];

export function drawBar(canvas: HTMLCanvasElement, scene: BarScene): void {
  const { ctx, width, height } = prepare(canvas);
  const palette = paletteOf(canvas);
  const { view, now } = scene;
  const x = (time: number) => xOf(view, width, time);
  fill(ctx, 'nothing', palette, 0, width, height);
  // Gaps last, and never thinner than two pixels: the shortest one must be seen when the whole day is.
  for (const kind of ORDER) {
    for (const span of scene.spans) {
      if (span.kind !== kind || span.end < view.from || span.start > view.to) continue;
      const least = kind === 'gap' ? 2 : 1;
      const spanWidth = Math.max(x(span.end) - x(span.start), least);
      fill(ctx, kind, palette, x(span.start), spanWidth, height);
      if (span.backfilled) seam(ctx, palette.surface, x(span.start), spanWidth);
    }
  }
  for (const { start, end } of scene.motions) {
    if (end >= view.from && start <= view.to)
      fill(ctx, 'motion', palette, x(start), Math.max(x(end) - x(start), 2), height);
  }
  if (now < view.to) fill(ctx, 'future', palette, Math.max(0, x(now)), width, height);
  if (scene.marked) drawMarked(ctx, x(scene.marked.from), x(scene.marked.to), height, palette);
  drawHead(ctx, scene.head === undefined ? undefined : x(scene.head), width, height, palette);
}

function drawMarked(ctx: CanvasRenderingContext2D, from: number, to: number, height: number, palette: Palette): void {
  ctx.strokeStyle = palette.surface;
  ctx.lineWidth = 5;
  ctx.strokeRect(from, 1.5, to - from, height - 3);
  ctx.strokeStyle = palette.ink;
  ctx.lineWidth = 2;
  ctx.setLineDash([6, 3]);
  ctx.strokeRect(from, 1.5, to - from, height - 3);
  ctx.setLineDash([]);
}

function drawHead(
  ctx: CanvasRenderingContext2D,
  x: number | undefined,
  width: number,
  height: number,
  palette: Palette,
): void {
  if (x === undefined || x < -1 || x > width + 1) return;
  const at = Math.min(Math.max(x, 1.5), width - 1.5);
  ctx.fillStyle = palette.surface;
  ctx.fillRect(at - 2, 0, 4, height);
  ctx.fillStyle = palette.head;
  ctx.fillRect(at - 1, 0, 2, height);
}

/** Also paints the legend, so that it cannot differ from the bars. */
export function fill(
  ctx: CanvasRenderingContext2D,
  look: Look,
  palette: Palette,
  x: number,
  width: number,
  height: number,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, 0, width, height);
  ctx.clip();
  if (look !== 'motion') ground(ctx, look, palette, x, width, height);
  if (look === 'motion') foot(ctx, palette, x, width, height);
  if (look === 'off') dashes(ctx, palette.muted, x, width, height);
  if (look === 'frozen') bars(ctx, palette.surface, x, width, height);
  if (look === 'waiting') stripes(ctx, palette.waiting, x, width, height, 7, 3);
  if (look === 'open') edges(ctx, palette.open, x, width, height);
  if (look === 'gap') crosses(ctx, palette.surface, x, width, height);
  if (look === 'future') dots(ctx, palette.dots, x, width, height);
  ctx.restore();
}

const ALPHAS: Partial<Record<Look, number>> = { waiting: 0.3, open: 0.18 };

function ground(
  ctx: CanvasRenderingContext2D,
  look: Exclude<Look, 'motion'>,
  palette: Palette,
  x: number,
  width: number,
  height: number,
): void {
  const isPlain = look === 'nothing' || look === 'off';
  ctx.fillStyle = isPlain ? palette.empty : look === 'future' ? palette.surface : palette[look];
  ctx.globalAlpha = ALPHAS[look] ?? 1;
  ctx.fillRect(x, 0, width, height);
  ctx.globalAlpha = 1;
}

/** Motion stands on the footage it is in: a block along the foot of the bar, set off by a line of the page's colour. */
function foot(
  ctx: CanvasRenderingContext2D,
  { motion, surface }: Palette,
  x: number,
  width: number,
  height: number,
): void {
  const top = Math.round(height * 0.58);
  ctx.fillStyle = surface;
  ctx.fillRect(x, top - 1.5, width, height);
  ctx.fillStyle = motion;
  ctx.fillRect(x, top, width, height - top);
}

function dashes(ctx: CanvasRenderingContext2D, color: string, x: number, width: number, height: number): void {
  ctx.fillStyle = color;
  for (let at = Math.floor(x / 12) * 12; at < x + width; at += 12) ctx.fillRect(at, height / 2 - 0.75, 6, 1.5);
}

/** Along the head of what was fetched afterwards, as if it had been sewn in. */
function seam(ctx: CanvasRenderingContext2D, color: string, x: number, width: number): void {
  ctx.fillStyle = color;
  for (let at = Math.floor(x / 8) * 8; at < x + width; at += 8) {
    const from = Math.max(at, x);
    ctx.fillRect(from, 3, Math.max(0, Math.min(at + 5, x + width) - from), 2);
  }
}

function bars(ctx: CanvasRenderingContext2D, color: string, x: number, width: number, height: number): void {
  ctx.fillStyle = color;
  for (let at = Math.floor(x / 6) * 6; at < x + width; at += 6) ctx.fillRect(at, 0, 1.5, height);
}

/** Diagonals, anchored to the canvas so that they do not crawl while the span grows. */
function stripes(
  ctx: CanvasRenderingContext2D,
  color: string,
  x: number,
  width: number,
  height: number,
  every: number,
  thick: number,
): void {
  ctx.strokeStyle = color;
  ctx.lineWidth = thick;
  ctx.beginPath();
  const first = Math.floor((x - height) / every) * every;
  for (let at = first; at < Math.min(x + width, ctx.canvas.width) + every; at += every) {
    ctx.moveTo(at, height + 1);
    ctx.lineTo(at + height + 1, -1);
  }
  ctx.stroke();
}

function crosses(ctx: CanvasRenderingContext2D, color: string, x: number, width: number, height: number): void {
  if (width < 6) return;
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.4;
  const middle = height / 2;
  const arm = Math.min(3, width / 3);
  ctx.beginPath();
  const count = Math.max(1, Math.floor(width / 14));
  for (let i = 0; i < count; i++) {
    const at = x + (width / count) * (i + 0.5);
    ctx.moveTo(at - arm, middle - arm);
    ctx.lineTo(at + arm, middle + arm);
    ctx.moveTo(at - arm, middle + arm);
    ctx.lineTo(at + arm, middle - arm);
  }
  ctx.stroke();
}

function edges(ctx: CanvasRenderingContext2D, color: string, x: number, width: number, height: number): void {
  ctx.fillStyle = color;
  ctx.fillRect(x, 0, width, 2);
  ctx.fillRect(x, height - 2, width, 2);
}

function dots(ctx: CanvasRenderingContext2D, color: string, x: number, width: number, height: number): void {
  ctx.fillStyle = color;
  for (let at = Math.ceil(x / 8) * 8; at < x + width; at += 8) {
    for (let down = 6; down < height; down += 8) ctx.fillRect(at, down, 1.5, 1.5);
  }
}

export function drawHours(canvas: HTMLCanvasElement, view: View, zone: Zone): void {
  const { ctx, width, height } = prepare(canvas);
  const palette = paletteOf(canvas);
  const step = tickStep(view, width, 58);
  const text = step < 60_000 ? zone.clock : zone.shortClock;
  ctx.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  ctx.textBaseline = 'middle';
  for (const time of zone.ticks(view.from, view.to, step)) {
    const x = Math.min(Math.max(xOf(view, width, time), 0.5), width - 0.5);
    ctx.fillStyle = palette.line;
    ctx.fillRect(x - 0.5, height - 5, 1, 5);
    // At the edges the label moves inside instead of being cut.
    ctx.textAlign = x < 20 ? 'left' : x > width - 20 ? 'right' : 'center';
    ctx.fillStyle = palette.muted;
    ctx.fillText(text.call(zone, time), x < 20 ? 0 : x > width - 20 ? width : x, (height - 5) / 2);
  }
}
