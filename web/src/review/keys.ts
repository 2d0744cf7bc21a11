import type { Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { idOf, type MotionEvent } from './events.js';

const STEPS: Record<string, 1 | -1> = { j: 1, ArrowDown: 1, ArrowRight: 1, k: -1, ArrowUp: -1, ArrowLeft: -1 };

/** `j` and `k`, or the arrows, go from one event to the next; Escape leaves it. */
export function useReviewKeys(
  events: Signal<MotionEvent[]>,
  selected: Signal<string | undefined>,
  onNearEnd: () => void,
): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element).closest('input, select, textarea, dialog')) return;
      const by = STEPS[event.key];
      if (event.key === 'Escape') selected.value = undefined;
      if (by === undefined) return;
      event.preventDefault();
      step(events.value, selected, by);
      const at = events.value.findIndex((one) => idOf(one) === selected.value);
      if (at >= events.value.length - 4) onNearEnd();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function step(events: MotionEvent[], selected: Signal<string | undefined>, by: 1 | -1): void {
  const at = events.findIndex((one) => idOf(one) === selected.value);
  const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), events.length - 1);
  const next = events[to];
  if (next) selected.value = idOf(next);
}
