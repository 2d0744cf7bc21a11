import { useEffect } from 'preact/hooks';
import { copyLink } from '../timeline/link.js';
import type { Timeline } from '../timeline/timeline.js';
import { type Action, actionFor, RATES } from './keys.js';

export type Dialog = 'goto' | 'export' | 'help';

interface Doing {
  onDialog: (what: Dialog) => void;
  onFullscreen: () => void;
}

/** The page's keys, wherever the focus is, as long as it is not in something that has keys of its own. */
export function useKeys(timeline: Timeline, doing: Doing): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || belongsElsewhere(event)) return;
      const action = actionFor(event.key, event.shiftKey);
      if (!action) return;
      event.preventDefault();
      act(timeline, action, doing);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

function act(timeline: Timeline, action: Action, { onDialog, onFullscreen }: Doing): void {
  const { stage } = timeline;
  const plain = {
    toggle: () => stage.toggle(),
    beside: () => timeline.toggleAll(),
    link: () => void copyLink(timeline),
    mute: () => stage.setMuted(!stage.muted.value),
    fullscreen: onFullscreen,
    goto: () => onDialog('goto'),
    export: () => onDialog('export'),
    help: () => onDialog('help'),
  };
  if (action.do === 'move') void timeline.move(action.ms);
  else if (action.do === 'frame') stage.step(action.by);
  else if (action.do === 'motion') timeline.moveToMotion(action.by);
  else if (action.do === 'mark') timeline.mark(action.which);
  else if (action.do === 'zoom') timeline.zoomBy(action.factor);
  else if (action.do === 'day') timeline.shiftDay(action.by);
  else if (action.do === 'camera') timeline.selectNext(action.by);
  else if (action.do === 'speed') changeRate(timeline, action.by);
  else plain[action.do]();
}

/** Typing is typing, and Space on a button presses that button. */
function belongsElsewhere(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || target.closest('input, select, textarea, dialog, [role=dialog]')) return true;
  return event.key === ' ' && target.closest('button, a') !== null;
}

function changeRate({ stage }: Timeline, by: 1 | -1): void {
  const rate = RATES[RATES.indexOf(stage.rate.value) + by];
  if (rate) stage.setRate(rate);
}
