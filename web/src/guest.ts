/**
 * Shown in a frame of another site, by a token in the address that only looks: no way leads elsewhere from there, and what is asked of
 * the recorder brings the token, because browsers keep our cookie back.
 */
export const guestToken =
  window !== window.parent ? (new URL(location.href).searchParams.get('token') ?? undefined) : undefined;

/** The same page with other words in its address. */
export function withToken(path: string): string {
  if (!guestToken) return path;
  const url = new URL(path, location.origin);
  url.searchParams.set('token', guestToken);
  return url.pathname + url.search;
}
