import { signal } from '@preact/signals';
import { chosenSite } from './site.js';

/** Where the page is: the part of the address after the host. */
export const place = signal(new URL(location.href));

export function go(target: string, options: { replace?: boolean } = {}): void {
  history[options.replace ? 'replaceState' : 'pushState'](null, '', target);
  place.value = new URL(location.href);
}

/**
 * Changes what the address bar says without moving anywhere: what is shared when somebody copies it. An empty value takes the
 * word out.
 */
export function note(params: Record<string, string>): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(params)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  const site = chosenSite();
  if (site) url.searchParams.set('site', site);
  // Colons and commas are legal in a query, and a time without %3A can be read and edited by a person.
  const query = url.search.replaceAll('%3A', ':').replaceAll('%2C', ',');
  history.replaceState(null, '', url.pathname + query);
}

/** `target` when it is a page of ours, else `/`: a link must not send someone who just signed in to another site. */
export function ownPath(target: string | null): string {
  if (!target?.startsWith('/')) return '/';
  const url = new URL(target, location.origin);
  return url.origin === location.origin && url.pathname !== '/login' ? url.pathname + url.search : '/';
}

const PAGES = new Set(['/', '/timeline', '/review', '/photos', '/latest', '/login']);

/** Follows links between our pages without loading everything anew. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    place.value = new URL(location.href);
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest('a');
    if (!link || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || !PAGES.has(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
    scrollTo(0, 0);
  });
}
