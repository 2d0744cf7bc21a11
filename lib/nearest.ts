/** So many names are read; more of them help nobody. */
const MOST_NAMED = 20;

/** What to tell somebody who wrote a name there is not: the one that was perhaps meant, and which there are. */
export function whatThereIs(written: string, names: readonly string[]): string {
  if (names.length === 0) return 'There are none yet.';
  const meant = nearest(written, names);
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  const list = `There are: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`;
  return meant === undefined ? list : `Did you mean ${meant}? ${list}`;
}

/** The name that differs least from what was written; undefined where none is so near that it may have been meant. */
export function nearest(written: string, names: readonly string[]): string | undefined {
  const far = Math.max(1, Math.floor(written.length / 3));
  const found = names.map((name) => ({ name, slips: slipsBetween(written.toLowerCase(), name.toLowerCase()) }));
  const best = found.sort((a, b) => a.slips - b.slips)[0];
  return best && best.slips <= far ? best.name : undefined;
}

/** Letters that are missing, too many, wrong, or in the place of their neighbour. */
function slipsBetween(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const ways = [last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1)];
      row.push(Math.min(...ways, isSwapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY));
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
