import { effect, signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drawBar, drawHours } from './draw.js';
import { gestures, type Hover } from './gestures.js';
import type { Marks } from './marks.js';
import { momentAt } from './model.js';
import { hasSheet, mayShow } from './sheets.js';
import type { Timeline } from './timeline.js';
import { Tip } from './tip.js';
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
      view: timeline.viewport.view.value,
      spans: timeline.spans(camera),
      motions: timeline.facts.of(camera).motions,
      now: timeline.now.value,
      head,
      zone: timeline.zone,
      marked: timeline.camera.value === camera ? markedOf(timeline.marks.value) : undefined,
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
  return (
    <div class="bar" ref={box} {...(selected ? sliderProps(timeline, camera) : { 'aria-hidden': true })}>
      <canvas ref={canvas} />
      {hover.value && <Tip timeline={timeline} camera={camera} hover={hover.value} bar={box.current!} />}
    </div>
  );
}

/** One mark alone is a line. */
function markedOf(marks: Marks): { from: number; to: number } | undefined {
  const { in: start = marks.out, out: end = marks.in } = marks;
  return start === undefined || end === undefined
    ? undefined
    : { from: Math.min(start, end), to: Math.max(start, end) };
}

function handlers(timeline: Timeline, camera: string) {
  return {
    view: () => timeline.viewport.view.value,
    scrub: (time: number) => {
      // Who presses may mean this very place: its film is on the way before the hand lets go.
      const isPress = timeline.scrub.peek() === undefined;
      timeline.scrub.value = time;
      // Only the bars of cameras on screen can show pictures while dragging.
      const isShown = timeline.stage.of(camera) && time < timeline.now.value;
      const clip = timeline.facts.clipAt(camera, time);
      // From then on small pictures show the way, and a film would take the line from them.
      const isLed = isPress ? hasSheet(clip) : mayShow(clip);
      if (isShown && !isLed) timeline.stage.seek(time);
    },
    settle: (time: number | undefined) => {
      timeline.scrub.value = undefined;
      if (time === undefined) return;
      if (timeline.stage.of(camera)) timeline.seek(time);
      else void timeline.select(camera, time);
    },
    zoom: (factor: number, at: number) => timeline.zoomBy(factor, at),
    pan: (ms: number) => timeline.viewport.panBy(ms),
  };
}

/** The bar of the camera on screen is the page's slider; its keys are the page's keys. */
function sliderProps(timeline: Timeline, camera: string) {
  const { from, to } = timeline.viewport.bounds.value;
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

export function Hours({ timeline }: { timeline: Timeline }) {
  const canvas = useCanvas((element) => drawHours(element, timeline.viewport.view.value, timeline.zone));
  return (
    <div class="row hours" aria-hidden="true">
      <span class="row-name" />
      <div class="bar">
        <canvas ref={canvas} />
      </div>
    </div>
  );
}
