import { useEffect } from 'preact/hooks';
import { sleep } from '../clock.js';
import type { Timeline } from '../timeline/timeline.js';
import { Tile } from './tile.js';

const NOTICE_MS = 6000;

/** Where the pictures are, and what has to be said about them. */
export function Stage({ timeline }: { timeline: Timeline }) {
  const { stage } = timeline;
  const cameras = stage.cameras.value;
  return (
    <div class="stage">
      <div class={`tiles of-${cameras.length}`}>
        {cameras.map((camera) => (
          <Tile key={camera} timeline={timeline} camera={camera} />
        ))}
      </div>
      {stage.busy.value && <span class="spinner" role="progressbar" aria-label="Loading" />}
      {isEmpty(timeline) && (
        <p class="stage-empty">
          {timeline.cameras.value.length === 0
            ? 'No camera has recorded anything yet.'
            : 'Nothing recorded on this day.'}
        </p>
      )}
      <Notices timeline={timeline} />
    </div>
  );
}

function isEmpty({ stage, loading }: Timeline): boolean {
  const player = stage.player.value;
  return stage.time.value === undefined && !player.fault.value && !loading.value && !player.busy.value;
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
