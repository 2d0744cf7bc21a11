import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../widgets/icon.js';
import { dayBeside } from './day-keys.js';
import type { Timeline } from './timeline.js';
import { addDays, utcDays } from './zone.js';

/** Day before, the day, day after; the day opens a month with a mark on every day that has footage. */
export function DayPicker({ timeline }: { timeline: Timeline }) {
  const open = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const today = timeline.today.value;
  const day = timeline.viewport.day.value ?? today;
  useEffect(() => {
    if (!open.value) return;
    const close = (event: Event) => {
      const outside = event.type === 'pointerdown' && !box.current?.contains(event.target as Node);
      if (outside || (event as KeyboardEvent).key === 'Escape') open.value = false;
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, [open.value]);
  return (
    <div class="day-picker" ref={box}>
      <button type="button" class="icon" aria-label="Day before" onClick={() => timeline.shiftDay(-1)}>
        <Icon name="left" />
      </button>
      <button
        type="button"
        class="day"
        aria-haspopup="dialog"
        aria-expanded={open.value}
        onClick={() => (open.value = !open.value)}
      >
        {titleOf(timeline, day, today)}
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Day after"
        disabled={day >= today}
        onClick={() => timeline.shiftDay(1)}
      >
        <Icon name="right" />
      </button>
      {open.value && (
        <Month
          timeline={timeline}
          today={today}
          onPick={(picked) => {
            open.value = false;
            void timeline.showDay(picked);
          }}
        />
      )}
    </div>
  );
}

function titleOf({ zone }: Timeline, day: string, today: string): string {
  const title = zone.dayTitle(day);
  if (day === today) return title.replace(/^\w+, (.*) \d+$/, 'Today, $1');
  return day.slice(0, 4) === today.slice(0, 4) ? title.slice(0, -5) : title;
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function Month({ timeline, today, onPick }: { timeline: Timeline; today: string; onPick: (day: string) => void }) {
  const month = useSignal((timeline.viewport.day.value ?? today).slice(0, 7));
  const shown = month.value;
  const days = useRef<HTMLDivElement>(null);
  const focused = useSignal(timeline.viewport.day.value ?? today);
  // At once: the next key begins where this one led.
  useLayoutEffect(() => {
    days.current!.querySelector<HTMLElement>(`[data-day="${focused.value}"]`)?.focus({ preventScroll: true });
  }, [focused.value]);
  const press = (event: KeyboardEvent) => {
    const { day } = (event.target as HTMLElement).dataset;
    const next = day && dayBeside(day, event.key, today);
    if (!next) return;
    event.preventDefault();
    month.value = next.slice(0, 7);
    focused.value = next;
  };
  const title = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  // The day picker has no room for "from 23:00 to midnight": a local day is marked when a UTC day it touches has footage.
  const camera = timeline.camera.value;
  const utcDaysOf = (day: string) => {
    const { from, to } = timeline.zone.bounds(day);
    return utcDays(from, to);
  };
  const marked = (day: string) =>
    day <= today && utcDaysOf(day).some((one) => timeline.facts.footage.isMarked(camera, one));
  useEffect(() => {
    const months = new Set(cells(shown).flatMap((day) => (day ? utcDaysOf(day).map((one) => one.slice(0, 7)) : [])));
    void timeline.attempt(async () => {
      await Promise.all([...months].map((one) => timeline.facts.footage.learnMonth(camera, one, timeline.abort)));
    });
  }, [camera, shown]);
  const move = (by: number) => {
    month.value = addDays(by < 0 ? `${shown}-01` : `${shown}-28`, by < 0 ? -1 : 4).slice(0, 7);
  };
  return (
    <div class="month" role="dialog" aria-label="Choose a day" onKeyDown={press}>
      <div class="month-head">
        <button type="button" class="icon" aria-label="Month before" onClick={() => move(-1)}>
          <Icon name="left" />
        </button>
        <b aria-live="polite">{title.format(Date.parse(`${shown}-01T00:00:00Z`))}</b>
        <button
          type="button"
          class="icon"
          aria-label="Month after"
          disabled={shown >= today.slice(0, 7)}
          onClick={() => move(1)}
        >
          <Icon name="right" />
        </button>
      </div>
      <div class="month-days" ref={days}>
        {WEEKDAYS.map((name) => (
          <span key={name} class="weekday" aria-hidden="true">
            {name[0]}
          </span>
        ))}
        {cells(shown).map((day, index) =>
          day ? (
            <button
              type="button"
              key={day}
              data-day={day}
              class={marked(day) ? 'marked' : ''}
              aria-current={day === timeline.viewport.day.value ? 'date' : undefined}
              aria-label={`${timeline.zone.dayTitle(day)}${marked(day) ? ', has footage' : ''}`}
              disabled={day > today}
              onClick={() => onPick(day)}
            >
              {Number(day.slice(8))}
            </button>
          ) : (
            <span key={index} />
          ),
        )}
      </div>
    </div>
  );
}

/** The days of a month, with blanks before the first so that weeks begin on Monday. */
function cells(month: string): (string | undefined)[] {
  const first = `${month}-01`;
  const blanks = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
  const days = [...Array(31).keys()].map((by) => addDays(first, by)).filter((day) => day.startsWith(month));
  return [...Array<undefined>(blanks), ...days];
}
