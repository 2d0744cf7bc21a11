/** Where the requests of a stream go, as cameras mean it rather than as RFC 2396 has it. */

/**
 * What `a=control` names, below `base`. Absolute ones are taken as they are, `*` and nothing mean the base itself, and the rest
 * is put behind the base with exactly one slash between: resolved as a browser would, `track1` under `…/stream1` would take
 * the stream's own name away, and a query (`…/stream?channel=1`) too. That is what live555 and ffmpeg do.
 */
export function controlUrl(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  if (/^rtsps?:\/\//i.test(control)) return control;
  if (control.startsWith('?')) return base + control;
  return `${base.replace(/\/$/, '')}/${control.replace(/^\//, '')}`;
}

/**
 * The base of a description: what the server says of it, or else the address it was asked for. Some cameras say a host
 * nobody can reach (their own address behind NAT, 0.0.0.0): the address we connected to is the right one in any case.
 */
export function baseUrl(asked: string, headers: ReadonlyMap<string, string[]>): string {
  const said = headers.get('content-base')?.[0] || headers.get('content-location')?.[0];
  if (!said) return asked;
  if (!/^rtsps?:\/\//i.test(said)) return URL.canParse(said, asked) ? new URL(said, asked).href : asked;
  return said;
}

/** The address without what does not belong into a request: the fragment, and sign-in details. */
export function requestUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search}`;
}
