import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { duration } from '../format.js';
import { Player } from '../player/player.js';
import { session } from '../session.js';
import { pictureStyle, unreadable, wantPicture } from '../timeline/sheets.js';
import { Icon } from '../widgets/icon.js';
import type { MotionEvent } from './events.js';

/** Shown before and after the event, to see it come and go. */
const MARGIN_MS = 3000;

interface Props {
  event: MotionEvent;
  selected: boolean;
  onSelect: () => void;
}

/** One event: a picture of it, which becomes the film when it is selected, and what is known. */
export function EventCard({ event, selected, onSelect }: Props) {
  const { zone } = session.value!;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!selected) return;
    box.current!.scrollIntoView({ block: 'nearest' });
    box.current!.querySelector<HTMLElement>('button')!.focus({ preventScroll: true });
  }, [selected]);
  const at = new Date(event.start).toISOString();
  const title = `${event.camera}, ${zone.dayTitle(zone.dayOf(event.start))}, ${zone.clock(event.start)}`;
  return (
    <article class={selected ? 'event selected' : 'event'} ref={box} aria-label={title}>
      <div class="event-picture">
        {selected ? <Film event={event} /> : <Still event={event} />}
        {!selected && (
          <button type="button" class="event-play" aria-label={`Play ${title}`} onClick={onSelect}>
            <Icon name="play" />
          </button>
        )}
      </div>
      <div class="event-words">
        <b title={event.camera}>{event.camera}</b>
        <time dateTime={at}>{zone.clock(event.start)}</time>
        <small>
          {event.kind ?? 'motion'}, {duration(event.end - event.start)}
          {event.score !== undefined && <Score score={event.score} />}
        </small>
        <a href={`/timeline?camera=${encodeURIComponent(event.camera)}&t=${at}&span=30m`}>Timeline</a>
      </div>
    </article>
  );
}

function Score({ score }: { score: number }) {
  const percent = Math.round(score * 100);
  return (
    <span class="score">
      <meter min={0} max={100} value={percent} aria-label="How sure whoever noticed it was" /> {percent} %
    </span>
  );
}

/** A small picture of the middle of the event, fetched when the card comes into sight. */
function Still({ event }: { event: MotionEvent }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const middle = (event.start + event.end) / 2;
  const clip = event.clips.find((one) => one.start <= middle && middle < one.end) ?? event.clips[0];
  useEffect(() => {
    const stop = new AbortController();
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting || !clip) return;
        width.value = box.current!.clientWidth;
        void wantPicture(clip, middle, stop.signal);
      },
      { rootMargin: '200px' },
    );
    observer.observe(box.current!);
    return () => {
      stop.abort();
      observer.disconnect();
    };
  }, []);
  const picture = clip && width.value > 0 ? pictureStyle(clip, middle, width.value) : undefined;
  const fault = unreadable(clip, middle);
  return (
    <div class="still" ref={box}>
      {picture && <div style={picture} />}
      {fault && !picture && <p class="event-fault">{fault}</p>}
    </div>
  );
}

/** Plays the event once, from a little before it to a little after. */
function Film({ event }: { event: MotionEvent }) {
  const box = useRef<HTMLButtonElement>(null);
  const fault = useSignal('');
  const busy = useSignal(true);
  const playing = useSignal(true);
  useEffect(() => {
    const player = new Player();
    box.current!.append(...player.screens.map(({ video }) => video));
    const play = () => {
      player.seek(Math.max(event.start - MARGIN_MS, event.clips[0]?.start ?? 0));
      player.play();
    };
    const toggle = () => {
      if (player.playing.value) player.pause();
      else if ((player.time.value ?? 0) >= event.end + MARGIN_MS) play();
      else player.play();
    };
    const stops = [
      player.time.subscribe((time) => {
        if (time !== undefined && time >= event.end + MARGIN_MS) player.pause();
      }),
      player.fault.subscribe((problem) => {
        fault.value = problem?.message ?? '';
      }),
      player.busy.subscribe((is) => {
        busy.value = is;
      }),
      player.playing.subscribe((is) => {
        playing.value = is;
      }),
    ];
    player.setClips(event.clips);
    play();
    box.current!.addEventListener('click', toggle);
    return () => {
      for (const stop of stops) stop();
      player.close();
    };
  }, []);
  return (
    <>
      <button type="button" class="event-film screen" ref={box} aria-label={playing.value ? 'Pause' : 'Play'} />
      {busy.value && <span class="spinner" role="progressbar" aria-label="Loading" />}
      {fault.value && (
        <p class="event-fault" role="alert">
          {fault.value}
        </p>
      )}
    </>
  );
}
