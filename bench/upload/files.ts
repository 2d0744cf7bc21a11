import { randomFillSync } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of one size in a flat folder. */
export interface FileSet {
  /** `20 × 20 MB` */
  name: string;
  /** For metrics: `20x20mb`. */
  id: string;
  folder: string;
  names: string[];
  /** Of each. */
  bytes: number;
}

export async function makeFiles(parent: string, count: number, bytes: number): Promise<FileSet> {
  const unit = bytes >= 1_000_000 ? [`${bytes / 1_000_000}`, 'MB'] : [`${bytes / 1_000}`, 'kB'];
  const id = `${count}x${unit.join('').toLowerCase()}`;
  const folder = join(parent, id);
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: count }, (_, n) => `${String(n).padStart(4, '0')}.bin`);
  const block = Buffer.allocUnsafe(1_000_000);
  for (const name of names) {
    const file = await open(join(folder, name), 'w');
    for (let left = bytes; left > 0; left -= block.length) {
      // Random, so that nobody compresses it.
      await file.write(randomFillSync(block.subarray(0, Math.min(left, block.length))));
    }
    await file.close();
  }
  return { name: `${count} × ${unit.join(' ')}`, id, folder, names, bytes };
}
