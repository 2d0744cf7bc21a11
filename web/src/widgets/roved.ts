const STEPS: Record<string, (index: number, count: number) => number> = {
  ArrowUp: (index) => index - 1,
  ArrowDown: (index) => index + 1,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** Where a key moves the focus in a list of `count`; undefined for keys that do not. No DOM here: unit-tested. */
export function roved(key: string, index: number, count: number): number | undefined {
  const to = STEPS[key]?.(index, count);
  return to === undefined ? undefined : Math.min(Math.max(to, 0), count - 1);
}
