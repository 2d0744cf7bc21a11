import { effect, type Signal, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drawBar, drawHours } from './draw.js';
import { gestures, type Hover } from './gestures.js';
import { momentAt } from './model.js';
import type { Timeline } from './timeline.js';
import { explain } from './words.js';

/** Counts up when what canvases look like has changed without their content: light or dark, pixel density. */
const theme = signal(0);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => theme.value++);

/** Draws now, whenever a signal it reads changes, and whenever the box changes size. */
function useCanvas(draw: (canvas: HTMLCanvasElement) => void) {
  const ref = useRef<HTMLCanvasElement>(null);
  const size = useSignal(0);
  useEffect(() => {
    const canvas = ref.current!;
    const observer = new ResizeObserver(() => size.value++);
    observer.observe(canvas);
    const stop = effect(() => {
      void theme.value;
      void size.value;
      draw(canvas);
    });
    return () => {
      stop();
      observer.disconnect();
    };
  }, []);
  return ref;
}

export function Bar({ timeline, camera }: { timeline: Timeline; camera: string }) {
  const selected = timeline.camera.value === camera;
  const box = useRef<HTMLDivElement>(null);
  const hover = useSignal<Hover | undefined>(undefined);
  const canvas = useCanvas((element) => {
    const head = timeline.head.value;
    drawBar(element, {
      view: timeline.view.value,
      spans: timeline.spans(camera),
      now: timeline.now.value,
      head,
      zone: timeline.zone,
    });
  });
  useEffect(() => {
    const hand = gestures(box.current!, handlers(timeline, camera));
    const stop = effect(() => {
      hover.value = hand.hover.value;
    });
    return () => {
      stop();
      hand.stop();
    };
  }, []);
  useEffect(() => {
    if (selected) reveal(box.current!.parentElement!);
  }, [selected]);
  return (
    <div class={selected ? 'row selected' : 'row'}>
      <button
        type="button"
        class="row-name"
        aria-pressed={selected}
        title={`Show ${camera} at this moment`}
        onClick={() => void timeline.select(camera)}
      >
        {camera}
      </button>
      <div class="bar" ref={box} {...(selected ? sliderProps(timeline, camera) : { 'aria-hidden': true })}>
        <canvas ref={canvas} />
        <Tip timeline={timeline} camera={camera} hover={hover} />
      </div>
    </div>
  );
}

/** Scrolls the list of bars, never the page, until the row is in sight. */
function reveal(row: HTMLElement): void {
  const list = row.parentElement!;
  const top = row.offsetTop - list.offsetTop;
  const bottom = top + row.offsetHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

function handlers(timeline: Timeline, camera: string) {
  return {
    view: () => timeline.view.value,
    scrub: (time: number) => {
      timeline.scrub.value = time;
      // Only the bar of the camera on screen can show pictures while dragging.
      if (timeline.camera.value === camera && time < timeline.now.value) timeline.player.seek(time);
    },
    settle: (time: number | undefined) => {
      timeline.scrub.value = undefined;
      if (time === undefined) return;
      if (timeline.camera.value === camera) timeline.seek(time);
      else void timeline.select(camera, time);
    },
    zoom: (factor: number, at: number) => timeline.zoomBy(factor, at),
    pan: (ms: number) => timeline.panBy(ms),
  };
}

/** The bar of the camera on screen is the page's slider; its keys are the page's keys. */
function sliderProps(timeline: Timeline, camera: string) {
  const { from, to } = timeline.bounds.value;
  const head = timeline.head.value ?? from;
  const second = Math.floor(head / 1000) * 1000;
  const state = explain(momentAt(timeline.spans(camera), head, timeline.now.value));
  return {
    role: 'slider' as const,
    tabIndex: 0,
    'aria-label': `Time, camera ${camera}`,
    'aria-valuemin': 0,
    'aria-valuemax': Math.round((to - from) / 1000),
    'aria-valuenow': Math.round((second - from) / 1000),
    'aria-valuetext': `${timeline.zone.clock(second)}, ${state}`,
  };
}

function Tip({ timeline, camera, hover }: { timeline: Timeline; camera: string; hover: Signal<Hover | undefined> }) {
  const at = hover.value;
  const box = useRef<HTMLDivElement>(null);
  if (!at) return null;
  const moment = momentAt(timeline.spans(camera), at.time, timeline.now.value);
  const range =
    'start' in moment ? `${timeline.zone.clock(moment.start)} – ${timeline.zone.clock(moment.end)}` : undefined;
  const half = 120;
  const width = box.current?.parentElement?.clientWidth ?? 0;
  const left = width ? Math.min(Math.max(at.x, half), width - half) : at.x;
  return (
    <div class="tip" ref={box} style={{ left: `${left}px` }}>
      <b>{timeline.zone.clock(at.time)}</b> {explain(moment)}
      {range && <small>{range}</small>}
    </div>
  );
}

export function Hours({ timeline }: { timeline: Timeline }) {
  const canvas = useCanvas((element) => drawHours(element, timeline.view.value, timeline.zone));
  return (
    <div class="row hours" aria-hidden="true">
      <span class="row-name" />
      <div class="bar">
        <canvas ref={canvas} />
      </div>
    </div>
  );
}
