import type { LookCloser } from './compare-media.js';
import type { Expected, Finding, Verified } from './findings.js';

/**
 * What lies at the keys of files whose copy on the recorder's disk was damaged when it was sent: it counts as nothing, and what it is
 * has to be said, also where nobody asked for checksums. Without `look`, where bytes cannot be read, nothing there is believed.
 */
export async function verifyDamaged(
  where: string,
  damaged: readonly Expected[],
  stat: (file: Expected) => Promise<{ bytes: number } | undefined>,
  look: LookCloser | undefined,
  into: Verified,
): Promise<void> {
  const told = new Set(into.findings.flatMap((one) => (one.where === where && one.key !== undefined ? [one.key] : [])));
  for (const file of damaged) {
    if (told.has(file.key)) continue;
    const stored = await stat(file);
    if (!stored) continue;
    into.checked++;
    const finding = await differs(file, stored, look, into);
    if (finding) into.findings.push({ ...finding, where, key: file.key, expected: file });
  }
}

const DAMAGED = 'it was sent from a copy that was damaged on the disk of the recorder, and does not count as delivered';

async function differs(
  file: Expected,
  { bytes }: { bytes: number },
  look: LookCloser | undefined,
  into: Verified,
): Promise<Pick<Finding, 'kind' | 'message'> | undefined> {
  if (bytes !== file.bytes) {
    const message = `${file.key} has ${bytes} bytes where ${file.bytes} were recorded: ${DAMAGED}`;
    return { kind: 'truncated', message };
  }
  if (!look) return { kind: 'altered', message: `${file.key}: ${DAMAGED}` };
  const wrong = await look(file, into);
  return wrong === undefined ? undefined : { kind: 'altered', message: `${file.key}: ${DAMAGED}; ${wrong}` };
}
