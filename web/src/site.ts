/** Which site is looked at, where an archive holds several. Chosen for this tab; a link names it. */

const NAME = 'site';

let chosen = new URL(location.href).searchParams.get(NAME) ?? tabStorage()?.getItem(NAME) ?? undefined;

/** Undefined for the first there is. */
export function chosenSite(): string | undefined {
  return chosen;
}

/** From now on, `name` of `sites` is looked at; what is none of them is forgotten, as after an old link. */
export function chooseSite(name: string | undefined, sites: readonly string[]): void {
  chosen = name !== undefined && sites.indexOf(name) > 0 ? name : undefined;
  if (chosen === undefined) tabStorage()?.removeItem(NAME);
  else tabStorage()?.setItem(NAME, chosen);
}

/** Browsers keep it from a frame of another site, and say so by throwing. */
function tabStorage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
