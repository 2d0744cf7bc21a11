import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { getCameras } from '../api.js';
import { count } from '../format.js';
import { EventCard } from '../review/event-card.js';
import { EventReader, idOf, type MotionEvent } from '../review/events.js';
import { type Filter, readFilter } from '../review/filter.js';
import { Filters } from '../review/filters.js';
import { MOTION_SETTINGS } from '../review/hint.js';
import { useReviewKeys } from '../review/keys.js';
import { place } from '../router.js';
import { session } from '../session.js';
import { More } from '../widgets/more.js';

/** What moved, newest first, one after the other by a single key. */
export function Review() {
  const filter = useMemo(() => readFilter(place.value.searchParams), []);
  const cameras = useSignal<string[]>([]);
  const events = useSignal<MotionEvent[]>([]);
  const selected = useSignal<string | undefined>(undefined);
  const state = useSignal<'ready' | 'loading' | 'done'>('loading');
  const problem = useSignal('');
  const stop = useRef(new AbortController());
  const reader = useRef<EventReader | undefined>(undefined);

  async function more(): Promise<void> {
    const { signal } = stop.current;
    state.value = 'loading';
    try {
      if (!reader.current) {
        cameras.value = await getCameras(signal);
        reader.current = new EventReader(cameras.value, filter, session.value!.zone);
      }
      const next = await reader.current.more(signal);
      events.value = [...events.value, ...next.events];
      state.value = next.isLast ? 'done' : 'ready';
      problem.value = '';
    } catch (error) {
      if (signal.aborted) return;
      problem.value = error instanceof Error ? error.message : String(error);
      state.value = 'ready';
    }
  }

  useEffect(() => {
    void more();
    return () => stop.current.abort();
  }, []);
  useReviewKeys(events, selected, () => state.value === 'ready' && void more());

  return (
    <main class="page review">
      <div class="page-head">
        <h1>Review</h1>
        <Filters filter={filter} cameras={cameras.value} />
      </div>
      <Days events={events.value} selected={selected.value} onSelect={(id) => (selected.value = id)} />
      {state.value === 'done' && events.value.length === 0 && (
        <Nothing filter={filter} days={reader.current!.daysRead} />
      )}
      {problem.value && <p class="form-problem">{problem.value}</p>}
      {state.value !== 'done' && (
        <More
          busy={state.value === 'loading'}
          label={`Older motion (${count(reader.current?.daysRead ?? 0, 'day')} read)`}
          onNeed={() => void more()}
        />
      )}
    </main>
  );
}

interface DaysProps {
  events: MotionEvent[];
  selected: string | undefined;
  onSelect: (id: string) => void;
}

function Days({ events, selected, onSelect }: DaysProps) {
  const { zone } = session.value!;
  const days = new Map<string, MotionEvent[]>();
  for (const event of events) {
    const day = zone.dayOf(event.start);
    days.set(day, [...(days.get(day) ?? []), event]);
  }
  return (
    <>
      {[...days].map(([day, ofDay]) => (
        <section key={day}>
          <h2>
            {zone.dayTitle(day)} <small>{count(ofDay.length, 'event')}</small>
          </h2>
          <div class="events">
            {ofDay.map((event) => (
              <EventCard
                key={idOf(event)}
                event={event}
                selected={idOf(event) === selected}
                onSelect={() => onSelect(idOf(event))}
              />
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

/** Why the page is empty, and what to do about it. */
function Nothing({ filter, days }: { filter: Filter; days: number }) {
  const isFiltered = filter.camera || filter.day || filter.from || filter.to || filter.score > 0;
  return (
    <div class="nothing">
      <h2>{isFiltered ? 'No such motion' : 'No motion is known'}</h2>
      <p>
        {days === 0
          ? 'There is no footage of that time.'
          : `${count(days, 'day')} of footage ${days === 1 ? 'holds' : 'hold'} none.`}{' '}
        {isFiltered && <a href="/review">Show all motion</a>}
      </p>
      {!isFiltered && (
        <>
          <p>
            The recorder hears what cameras tell by ONVIF events, and looks at their small pictures itself. To enable
            it:
          </p>
          <pre>{MOTION_SETTINGS}</pre>
          <p>
            <code>nvr-uplink camera check gate</code> says whether the camera tells of motion.
          </p>
        </>
      )}
    </div>
  );
}
