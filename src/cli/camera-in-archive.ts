import { whatThereIs } from '../../lib/nearest.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { ObjectArchive } from '../archive/object-archive.js';
import { usage } from './format.js';

/** Refuses a camera that no site of the archive has anything of, and that is none of the `others`; a slip of the pen is not to look like a day without footage. */
export async function requireCamera(
  { reader, sites }: { reader: ObjectReader; sites: readonly string[] },
  camera: string,
  others: readonly string[] = [],
): Promise<void> {
  const names = new Set(others);
  for (const site of sites) {
    const archive = new ObjectArchive({ reader, site, onProblem: () => undefined });
    for (const name of await archive.cameras()) names.add(name);
  }
  if (names.has(camera)) return;
  throw usage(`There is no camera "${camera}" in ${reader.name}`, whatThereIs(camera, [...names].sort()));
}
