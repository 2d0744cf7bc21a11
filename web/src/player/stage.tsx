import { useEffect, useRef } from 'preact/hooks';
import { mediaUrl } from '../api.js';
import { sleep } from '../clock.js';
import type { Timeline } from '../timeline/timeline.js';

const NOTICE_MS = 6000;

/** Where the pictures are, and what has to be said about them. */
export function Stage({ timeline }: { timeline: Timeline }) {
  const { player } = timeline;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current!.prepend(...player.screens.map((screen) => screen.video));
    // For the mouse and the thumb; the keyboard has Space and the button.
    const toggle = () => (player.playing.value ? player.pause() : player.play());
    box.current!.addEventListener('click', toggle);
  }, []);
  const empty = !player.clip.value && !player.fault.value && !timeline.loading.value && !player.busy.value;
  return (
    <div class="stage">
      <div class="screen" ref={box} />
      {player.busy.value && <span class="spinner" role="progressbar" aria-label="Loading" />}
      {empty && (
        <p class="stage-empty">
          {timeline.cameras.value.length === 0
            ? 'No camera has recorded anything yet.'
            : 'Nothing recorded on this day.'}
        </p>
      )}
      <Fault timeline={timeline} />
      <Notices timeline={timeline} />
    </div>
  );
}

function Notices({ timeline }: { timeline: Timeline }) {
  const notice = timeline.notice.value;
  useEffect(() => {
    if (!notice) return;
    const stop = new AbortController();
    void sleep(NOTICE_MS, stop.signal).then(() => {
      if (!stop.signal.aborted) timeline.notice.value = undefined;
    });
    return () => stop.abort();
  }, [notice]);
  return (
    <div class="notices" role="status">
      {timeline.problem.value && <p class="notice bad">{timeline.problem.value}</p>}
      {notice && <p class="notice">{notice.text}</p>}
    </div>
  );
}

function Fault({ timeline }: { timeline: Timeline }) {
  const fault = timeline.player.fault.value;
  if (!fault) return null;
  return (
    <div class="fault" role="alert">
      <p>
        {fault.message} {fault.detail && <small>{fault.detail}</small>}
      </p>
      <div>
        <button type="button" onClick={() => timeline.player.afterFault('again')}>
          Try again
        </button>
        <button type="button" onClick={() => timeline.player.afterFault('past')}>
          Go past it
        </button>
        <a class="button" href={mediaUrl(fault.clip.key)} download>
          Save the file
        </a>
      </div>
    </div>
  );
}
