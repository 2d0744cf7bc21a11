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
  const names = [...others];
  for (const site of sites) {
    names.push(...(await new ObjectArchive({ reader, site, onProblem: () => undefined }).cameras()));
  }
  refuseUnknown([camera], names, reader.name);
}

/** Refuses the first camera that is none of the names. */
export function refuseUnknown(cameras: readonly string[], names: readonly string[], where: string): void {
  const unknown = cameras.find((camera) => !names.includes(camera));
  if (unknown === undefined) return;
  const all = [...new Set(names)].sort();
  throw usage(`There is no camera "${unknown}" in ${where} (--camera)`, whatThereIs(unknown, all));
}
