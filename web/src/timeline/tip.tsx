import { useEffect } from 'preact/hooks';
import { problemOf } from '../problems.js';
import type { Hover } from './gestures.js';
import { momentAt } from './model.js';
import { pictureAt, pictureStyle, unreadable, wantPicture, wantSheet } from './sheets.js';
import type { Timeline } from './timeline.js';
import { explain } from './words.js';

const PICTURE_WIDTH = 240;
const HALF = 134;

/** What is at the moment under the mouse or the finger: a small picture where there is one, and words. */
export function Tip(props: { timeline: Timeline; camera: string; hover: Hover; bar: HTMLElement }) {
  const { timeline, camera, hover, bar } = props;
  const clip = timeline.facts.clipAt(camera, hover.time);
  useEffect(() => {
    const stop = new AbortController();
    if (clip) void wantSheet(clip, stop.signal);
    return () => stop.abort();
  }, [clip?.key]);
  useEffect(() => {
    const stop = new AbortController();
    if (clip) void wantPicture(clip, hover.time, stop.signal);
    return () => stop.abort();
  }, [clip?.key, clip && pictureAt(clip, hover.time)]);
  const picture = clip && pictureStyle(clip, hover.time, PICTURE_WIDTH);
  const fault = problemOf(clip?.key)?.message ?? unreadable(clip, hover.time);
  const moment = momentAt(timeline.spans(camera), hover.time, timeline.now.value);
  const moving = timeline.facts.of(camera).motions.find(({ start, end }) => start <= hover.time && hover.time <= end);
  const { left, top } = bar.getBoundingClientRect();
  const x = Math.min(Math.max(left + hover.x, HALF), innerWidth - HALF);
  const { clock } = timeline.zone;
  return (
    // On the window, because the list of bars scrolls and would cut it off.
    <div class="tip" style={{ left: `${x}px`, bottom: `${innerHeight - top + 6}px` }}>
      {picture && <div class="tip-picture" style={picture} />}
      <b>{clock.call(timeline.zone, hover.time)}</b> {explain(moment)}
      {moving &&
        `, ${moving.kind ?? 'motion'}${moving.score === undefined ? '' : ` ${Math.round(moving.score * 100)} %`}`}
      {fault && <em class="tip-fault">{fault}</em>}
      {'start' in moment && (
        <small>
          {clock.call(timeline.zone, moment.start)} – {clock.call(timeline.zone, moment.end)}
        </small>
      )}
    </div>
  );
}
