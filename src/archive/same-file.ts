import { ADOPTED, type MediaEntry } from '../segment.js';

/**
 * What two accounts of one key say together: the one that holds, and what it has no word of from the other. A ledger that was lost
 * takes its files back by their names alone, and lists them anew: what moved, and where they came from, only the earlier one knows.
 */
export function together<Of extends MediaEntry>(earlier: MediaEntry | undefined, later: Of): Of {
  if (!earlier) return later;
  const told = Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined));
  // Other bytes under the same key: nothing that was said of those holds for these.
  if (earlier.sha256 !== later.sha256) return vouched<MediaEntry>(earlier, later) as Of;
  return { ...earlier, ...told, ...(later.source === ADOPTED && facts(earlier)) } as Of;
}

/**
 * Of all that is said of one key, what holds: the last word of whoever recorded it. What a recorder that had lost its ledger found
 * under that name on its disk vouches for nothing: those bytes may have been damaged by then.
 */
export function vouched<Of extends { source?: string }>(before: Of | undefined, said: Of): Of {
  return before && before.source !== ADOPTED && said.source === ADOPTED ? before : said;
}

/** Where a file came from, and how long it is: the adopted one was measured from outside. */
function facts({ source, end }: MediaEntry): Pick<MediaEntry, 'source' | 'end'> {
  return { source, end };
}
