import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { ExportDialog } from '../export/dialog.js';
import { Controls } from '../player/controls.js';
import { GoTo, Help } from '../player/dialogs.js';
import { RATES } from '../player/keys.js';
import { Stage } from '../player/stage.js';
import { type Dialog, useKeys } from '../player/use-keys.js';
import { place } from '../router.js';
import { session } from '../session.js';
import { readAddress } from '../timeline/address.js';
import { Hours } from '../timeline/bar.js';
import { DayPicker } from '../timeline/day-picker.js';
import { Legend } from '../timeline/legend.js';
import { Rows } from '../timeline/rows.js';
import { Timeline } from '../timeline/timeline.js';
import { Icon } from '../widgets/icon.js';

export function TimelinePage() {
  const timeline = useMemo(() => new Timeline(session.value!.zone), []);
  const dialog = useSignal<Dialog | undefined>(undefined);
  const page = useRef<HTMLElement>(null);
  const { searchParams } = place.value;
  useEffect(() => {
    const stop = new AbortController();
    void timeline.run(readAddress(searchParams, RATES), stop.signal);
    return () => stop.abort();
  }, []);
  // A dialog tells of its end a moment later, when the next one may already be open.
  const close = (what: Dialog) => {
    if (dialog.value === what) dialog.value = undefined;
  };
  const fullscreen = () => void toggleFullscreen(page.current!);
  useKeys(timeline, { onDialog: (what) => (dialog.value = what), onFullscreen: fullscreen });
  // How much room the bars take from the picture is known with the cameras: shown before, both would jump.
  const isKnown = timeline.cameras.value.length > 0 || !timeline.loading.value || timeline.problem.value !== '';
  return (
    <main class={isKnown ? 'timeline' : 'timeline unknown'} ref={page}>
      <Stage timeline={timeline} />
      <Controls timeline={timeline} onDialog={(what) => (dialog.value = what)} onFullscreen={fullscreen} />
      <section class="bars" aria-label="Timeline">
        <div class="bars-head">
          <DayPicker timeline={timeline} />
          <Zoom timeline={timeline} />
        </div>
        <Hours timeline={timeline} />
        <Rows timeline={timeline} />
        <Legend />
      </section>
      {dialog.value === 'goto' && <GoTo timeline={timeline} onClose={() => close('goto')} />}
      {dialog.value === 'export' && <ExportDialog timeline={timeline} onClose={() => close('export')} />}
      {dialog.value === 'help' && <Help onClose={() => close('help')} />}
    </main>
  );
}

function Zoom({ timeline }: { timeline: Timeline }) {
  const { from, to } = timeline.viewport.view.value;
  const { zone } = timeline;
  const end = to === timeline.viewport.bounds.value.to ? '24:00' : zone.shortClock(to);
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

/** The scrubber stays in sight on a full screen. An iPhone can only show the bare video that way. */
async function toggleFullscreen(page: HTMLElement): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  if (page.requestFullscreen) return page.requestFullscreen();
  const video = page.querySelector('video.front') as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
  video?.webkitEnterFullscreen?.();
}
