import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Controls } from '../player/controls.js';
import { GoTo, Help } from '../player/dialogs.js';
import { actionFor, RATES } from '../player/keys.js';
import { Stage } from '../player/stage.js';
import { place } from '../router.js';
import { session } from '../session.js';
import { Bar, Hours } from '../timeline/bar.js';
import { DayPicker } from '../timeline/day-picker.js';
import { Legend } from '../timeline/legend.js';
import { Timeline } from '../timeline/timeline.js';
import { Icon } from '../widgets/icon.js';

export type Dialog = 'goto' | 'help' | undefined;

export function TimelinePage() {
  const timeline = useMemo(() => new Timeline(session.value!.zone), []);
  const dialog = useSignal<Dialog>(undefined);
  const page = useRef<HTMLElement>(null);
  const { searchParams } = place.value;
  useEffect(() => {
    const stop = new AbortController();
    const asked = Date.parse(searchParams.get('t') ?? '');
    void timeline.run(searchParams.get('camera'), Number.isNaN(asked) ? undefined : asked, stop.signal);
    return () => stop.abort();
  }, []);
  // A dialog tells of its end a moment later, when the next one may already be open.
  const close = (what: Dialog) => {
    if (dialog.value === what) dialog.value = undefined;
  };
  const fullscreen = () => void toggleFullscreen(page.current!);
  useKeys(timeline, (what) => (dialog.value = what), fullscreen);
  return (
    <main class="timeline" ref={page}>
      <Stage timeline={timeline} />
      <Controls timeline={timeline} onDialog={(what) => (dialog.value = what)} onFullscreen={fullscreen} />
      <section class="bars" aria-label="Timeline">
        <div class="bars-head">
          <DayPicker timeline={timeline} />
          <Zoom timeline={timeline} />
        </div>
        <Hours timeline={timeline} />
        <div class="rows">
          {timeline.cameras.value.map((camera) => (
            <Bar key={camera} timeline={timeline} camera={camera} />
          ))}
        </div>
        <Legend />
      </section>
      {dialog.value === 'goto' && <GoTo timeline={timeline} onClose={() => close('goto')} />}
      {dialog.value === 'help' && <Help onClose={() => close('help')} />}
    </main>
  );
}

function Zoom({ timeline }: { timeline: Timeline }) {
  const { from, to } = timeline.view.value;
  const { zone } = timeline;
  const end = to === timeline.bounds.value.to ? '24:00' : zone.shortClock(to);
  return (
    <div class="zoom">
      <span class="range">
        {zone.shortClock(from)} – {end}
      </span>
      <button
        type="button"
        class="icon"
        aria-label="Show more time"
        title="Show more time (−)"
        onClick={() => timeline.zoomBy(0.5)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Show less time"
        title="Show less time (+)"
        onClick={() => timeline.zoomBy(2)}
      >
        <Icon name="plus" />
      </button>
    </div>
  );
}

function useKeys(timeline: Timeline, onDialog: (what: Dialog) => void, onFullscreen: () => void): void {
  useEffect(() => {
    const { player } = timeline;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || belongsElsewhere(event)) return;
      const action = actionFor(event.key, event.shiftKey);
      if (!action) return;
      event.preventDefault();
      switch (action.do) {
        case 'toggle':
          return player.playing.value ? player.pause() : player.play();
        case 'move':
          return timeline.move(action.ms);
        case 'frame':
          return player.step(action.by);
        case 'zoom':
          return timeline.zoomBy(action.factor);
        case 'day':
          return timeline.shiftDay(action.by);
        case 'camera':
          return timeline.selectNext(action.by);
        case 'mute':
          return player.setMuted(!player.muted.value);
        case 'fullscreen':
          return onFullscreen();
        case 'faster':
        case 'slower':
          return changeRate(timeline, action.do === 'faster' ? 1 : -1);
        default:
          return onDialog(action.do);
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

/** Typing is typing, and Space on a button presses that button. */
function belongsElsewhere(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (target.closest('input, select, textarea, dialog')) return true;
  return event.key === ' ' && target.closest('button, a') !== null;
}

function changeRate({ player }: Timeline, by: 1 | -1): void {
  const rate = RATES[RATES.indexOf(player.rate.value) + by];
  if (rate) player.setRate(rate);
}

/** The scrubber stays in sight on a full screen. An iPhone can only show the bare video that way. */
async function toggleFullscreen(page: HTMLElement): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  if (page.requestFullscreen) return page.requestFullscreen();
  const video = page.querySelector('video.front') as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
  video?.webkitEnterFullscreen?.();
}
