import { type Signal, signal } from '@preact/signals';
import { timeAt, type View } from './model.js';

/** What a hand can do to a bar. `x` is in CSS pixels from the bar's left edge. */
export interface BarHandlers {
  view: () => View;
  /** A finger or the mouse went down, or moved while down. */
  scrub: (time: number) => void;
  /** It was lifted: `time` is meant. Undefined when the browser took the gesture (scrolling). */
  settle: (time: number | undefined) => void;
  zoom: (factor: number, at: number) => void;
  pan: (ms: number) => void;
}

export interface Hover {
  x: number;
  time: number;
}

interface Finger {
  x: number;
}

/** Mouse, pen, one finger, two fingers, wheel. Returns where a mouse hovers or a finger drags, and how to let go of the element. */
export function gestures(bar: HTMLElement, on: BarHandlers): { hover: Signal<Hover | undefined>; stop: () => void } {
  const hover = signal<Hover | undefined>(undefined);
  const fingers = new Map<number, Finger>();
  const ending = new AbortController();
  const options = { signal: ending.signal };
  let pinched = false;

  const xOfEvent = (event: { clientX: number }) => event.clientX - bar.getBoundingClientRect().left;
  const timeOf = (x: number) => {
    const width = bar.clientWidth;
    return timeAt(on.view(), width, Math.min(Math.max(x, 0), width));
  };

  function down(event: PointerEvent): void {
    if (event.button !== 0) return;
    bar.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, { x: xOfEvent(event) });
    if (fingers.size === 1) pinched = false;
    if (fingers.size === 2) {
      pinched = true;
      on.settle(undefined);
    }
    if (fingers.size === 1) on.scrub(timeOf(xOfEvent(event)));
  }

  function move(event: PointerEvent): void {
    const x = xOfEvent(event);
    const finger = fingers.get(event.pointerId);
    if (event.pointerType === 'mouse' || (finger && !pinched)) hover.value = { x, time: timeOf(x) };
    if (!finger) return;
    if (fingers.size === 2) pinch(event.pointerId, x);
    else if (!pinched) on.scrub(timeOf(x));
    finger.x = x;
  }

  /** Two fingers: what is between them stays between them. */
  function pinch(id: number, x: number): void {
    const moved = fingers.get(id)!;
    const other = [...fingers].find(([one]) => one !== id)![1];
    const before = Math.abs(moved.x - other.x);
    const after = Math.abs(x - other.x);
    if (before > 8 && after > 8) on.zoom(after / before, timeOf(other.x));
  }

  function up(event: PointerEvent): void {
    if (event.pointerType !== 'mouse') hover.value = undefined;
    if (!fingers.delete(event.pointerId)) return;
    if (pinched) return;
    on.settle(event.type === 'pointerup' ? timeOf(xOfEvent(event)) : undefined);
  }

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    // A mouse wheel may count in lines, a trackpad counts in pixels.
    const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    const { from, to } = on.view();
    if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      on.pan(((sideways * scale) / bar.clientWidth) * (to - from));
    } else {
      on.zoom(2 ** ((-event.deltaY * scale) / 240), timeOf(xOfEvent(event)));
    }
  }

  bar.addEventListener('pointerdown', down, options);
  bar.addEventListener('pointermove', move, options);
  bar.addEventListener('pointerup', up, options);
  bar.addEventListener('pointercancel', up, options);
  bar.addEventListener('pointerleave', () => (hover.value = undefined), options);
  bar.addEventListener('wheel', wheel, { ...options, passive: false });
  return { hover, stop: () => ending.abort() };
}
