import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { latestPicture, latestUrl } from '../api.js';
import { repeat, serverNow } from '../clock.js';
import { ago } from '../format.js';
import { session } from '../session.js';

const LOOK_MS = 5000;

/** A picture of a camera that records is never this old: then its age is said as well. */
const OLD_MS = 3_600_000;

/** The newest picture of a camera and when it was taken; asks for a newer one only while somebody can see it. */
export function LatestPicture({ camera }: { camera: string }) {
  const box = useRef<HTMLDivElement>(null);
  const at = useSignal<number | undefined>(undefined);
  const said = useSignal('');
  useEffect(() => {
    const page = new AbortController();
    let sight = new AbortController();
    const observer = new IntersectionObserver(([entry]) => {
      sight.abort();
      sight = new AbortController();
      const seen = AbortSignal.any([page.signal, sight.signal]);
      if (entry?.isIntersecting) void repeat(LOOK_MS, seen, () => look(seen));
    });
    async function look(signal: AbortSignal): Promise<void> {
      try {
        const taken = await latestPicture(camera, signal);
        // A server that does not say when: a new address each time, so that the picture is fresh at least.
        at.value = taken === 0 ? Math.round(serverNow()) : taken;
        said.value = taken === undefined ? 'No picture yet' : '';
        if (taken) stamp.value = taken;
      } catch {
        // The page says that the recorder does not answer; the last picture stays, with its time.
        if (at.value === undefined && !signal.aborted) said.value = 'No picture';
      }
    }
    observer.observe(box.current!);
    return () => {
      page.abort();
      observer.disconnect();
    };
  }, [camera]);
  const stamp = useSignal<number | undefined>(undefined);
  return (
    <div class="latest" ref={box}>
      {at.value !== undefined && <img src={latestUrl(camera, at.value)} alt={`What ${camera} saw last`} />}
      {said.value && <span class="no-picture">{said.value}</span>}
      {stamp.value !== undefined && <Stamp time={stamp.value} />}
    </div>
  );
}

function Stamp({ time }: { time: number }) {
  const { zone } = session.value!;
  const now = serverNow();
  const today = zone.dayOf(time) === zone.dayOf(now);
  return (
    <time class="stamp" dateTime={new Date(time).toISOString()}>
      {today ? zone.clock(time) : `${zone.dayTitle(zone.dayOf(time))}, ${zone.clock(time)}`}
      {now - time > OLD_MS && ` · ${ago(time, now)}`}
    </time>
  );
}
