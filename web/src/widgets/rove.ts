import { roved } from './roved.js';

/** Moves the focus up and down among the elements of `list` that match `selector`: a long list is one stop of the Tab key. */
export function rove(event: KeyboardEvent, list: HTMLElement, selector: string): void {
  const current = (event.target as Element).closest<HTMLElement>(selector);
  if (!current) return;
  const all = [...list.querySelectorAll<HTMLElement>(selector)];
  const to = roved(event.key, all.indexOf(current), all.length);
  if (to === undefined) return;
  event.preventDefault();
  all[to]?.focus();
}
