import type { Expected, Verified } from './findings.js';

/** Says what is wrong with an object's bytes, if anything. */
export type LookCloser = (expected: Expected, into: Verified) => Promise<string | undefined>;

/** Holds the objects of one folder of a store against what is expected there: by name, by size, and as closely as `look` does. */
export async function compareMedia(
  where: string,
  stored: ReadonlyMap<string, { bytes: number }>,
  expected: Iterable<Expected>,
  look: LookCloser,
  into: Verified,
): Promise<void> {
  for (const one of expected) {
    into.checked++;
    const object = stored.get(one.key);
    const found = { where, key: one.key, expected: one };
    if (!object) {
      into.findings.push({ kind: 'missing', ...found, message: `${one.key} is missing` });
    } else if (object.bytes !== one.bytes) {
      const message = `${one.key} has ${object.bytes} bytes where ${one.bytes} were stored`;
      into.findings.push({ kind: 'truncated', ...found, message });
    } else {
      const message = await look(one, into);
      if (message) into.findings.push({ kind: 'altered', ...found, message: `${one.key}: ${message}` });
    }
  }
}
