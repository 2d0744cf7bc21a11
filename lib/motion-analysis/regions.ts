/** Pixels that touch. Edges are inclusive. */
export interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
  pixels: number;
  /** By how much its pixels differ, in units of what would just be noticed. */
  mass: number;
  /** Its middle, weighted by that. */
  x: number;
  y: number;
  /** How many of its pixels look otherwise than at the last look too. */
  changed: number;
}

/**
 * Finds regions in a map of strengths (0: nothing there); two pixels belong together when no more than `gap` lie between them. Strength
 * is put to 0 as it is read. `ages`: 0 where a pixel has changed since the last look.
 */
export function findRegions(strength: Float32Array, ages: Float32Array, width: number, gap: number): Region[] {
  const found: Region[] = [];
  const stack: number[] = [];
  for (let start = 0; start < strength.length; start++) {
    if (strength[start] === 0) continue;
    stack.push(start);
    found.push(collect(strength, ages, width, gap + 1, stack));
  }
  return found;
}

function collect(strength: Float32Array, ages: Float32Array, width: number, reach: number, stack: number[]): Region {
  const height = strength.length / width;
  const region: Region = { left: width, top: height, right: 0, bottom: 0, pixels: 0, mass: 0, x: 0, y: 0, changed: 0 };
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    const mass = strength[index]!;
    // Put on the stack by two neighbours.
    if (mass === 0) continue;
    strength[index] = 0;
    const y = Math.floor(index / width);
    const x = index - y * width;
    add(region, x, y, mass);
    if (ages[index] === 0) region.changed++;
    const [lastY, lastX] = [Math.min(height - 1, y + reach), Math.min(width - 1, x + reach)];
    for (let row = Math.max(0, y - reach); row <= lastY; row++) {
      for (let column = Math.max(0, x - reach); column <= lastX; column++) {
        if (strength[row * width + column] !== 0) stack.push(row * width + column);
      }
    }
  }
  region.x /= region.mass;
  region.y /= region.mass;
  return region;
}

function add(region: Region, x: number, y: number, mass: number): void {
  region.pixels++;
  region.mass += mass;
  region.x += x * mass;
  region.y += y * mass;
  if (x < region.left) region.left = x;
  if (x > region.right) region.right = x;
  if (y < region.top) region.top = y;
  if (y > region.bottom) region.bottom = y;
}
