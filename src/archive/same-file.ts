import { ADOPTED, type MediaEntry } from '../segment.js';

/**
 * What two accounts of one key say together: the later one, and what it has no word of from the earlier. A ledger that was lost
 * takes its files back by their names alone, and lists them anew: what moved, and where they came from, only the earlier one knows.
 */
export function together<Of extends MediaEntry>(earlier: MediaEntry | undefined, later: Of): Of {
  if (!earlier) return later;
  const told = Object.fromEntries(Object.entries(later).filter(([, value]) => value !== undefined));
  // Other bytes under the same key: nothing that was said of those holds for these.
  if (earlier.sha256 !== later.sha256) return later;
  return { ...earlier, ...told, ...(later.source === ADOPTED && facts(earlier)) } as Of;
}

/** Where a file came from, and how long it is: the adopted one was measured from outside. */
function facts({ source, end }: MediaEntry): Pick<MediaEntry, 'source' | 'end'> {
  return { source, end };
}
