import { ADOPTED } from '../../segment.js';
import type { Expected, Finding } from './findings.js';

/** Says where an adopted file is another than the one that was recorded, with both hashes: the owner is to look. */
export function disputed(where: string, holds: Expected, adopted: Expected): Finding | undefined {
  const { key, sha256 } = holds;
  if (adopted.source !== ADOPTED || adopted.sha256 === sha256) return undefined;
  const message = `${key} was taken back after the ledger was lost, with SHA-256 ${adopted.sha256}; the index lists it as recorded with ${sha256}`;
  return { kind: 'altered', where, key, message, expected: holds };
}
