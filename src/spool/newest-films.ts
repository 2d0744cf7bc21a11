import { readdir } from 'node:fs/promises';
import { parseFileName } from '../segment.js';
import type { SpoolLayout } from './layout.js';

/** When the newest film of each camera on this disk begins, UTC ms, by its name: what tells of a recorder whose ledger was lost. */
export async function newestFilms({ ready, sent }: SpoolLayout): Promise<ReadonlyMap<string, number>> {
  const newest = new Map<string, number>();
  for (const name of [...(await readdir(ready)), ...(await readdir(sent))]) {
    const { camera, kind, start } = parseFileName(name) ?? {};
    if (camera === undefined || start === undefined || (kind !== 'continuous' && kind !== 'motion')) continue;
    newest.set(camera, Math.max(start, newest.get(camera) ?? start));
  }
  return newest;
}
