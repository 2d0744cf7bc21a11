import { open } from 'node:fs/promises';
import type { StallWatch } from './stall-watch.js';

const BLOCK = 1 << 20;

/** Whether two files hold the same bytes. Both are read as far as they agree; `watch` gives up on a disk that hangs. */
export async function sameBytes(one: string, other: string, watch: StallWatch): Promise<boolean> {
  const [a, b] = [await watch.during(open(one, 'r')), await watch.during(open(other, 'r'))];
  try {
    const [left, right] = [Buffer.alloc(BLOCK), Buffer.alloc(BLOCK)];
    for (let at = 0; ; ) {
      const [found, there] = await watch.during(Promise.all([a.read(left, 0, BLOCK, at), b.read(right, 0, BLOCK, at)]));
      if (found.bytesRead !== there.bytesRead) return false;
      if (found.bytesRead === 0) return true;
      if (!left.subarray(0, found.bytesRead).equals(right.subarray(0, found.bytesRead))) return false;
      at += found.bytesRead;
    }
  } finally {
    // Not awaited: on a disk that hangs, this would too.
    for (const handle of [a, b]) handle.close().catch(() => undefined);
  }
}
