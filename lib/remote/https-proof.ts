import { Failure } from '../errors.js';
import type { Reply } from './https-request.js';
import type { Proof, Receipt } from './remote.js';
import { SendingFile, type SentDigest } from './sending-file.js';

export type Proven = Pick<Receipt, 'proven' | 'provenBy'>;

/** Read before it is sent, because HTTP wants the digest first; the second reading is from memory, if there is enough. */
export async function digestOf(file: string): Promise<SentDigest> {
  const source = await SendingFile.open(file);
  try {
    for await (const _block of source.blocks());
    return source.digest();
  } finally {
    await source.close();
  }
}

export function sizeOf({ status, headers }: Reply): number | undefined {
  const length = headers['content-length'];
  return status === 200 && length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** By `Repr-Digest` of the reply (RFC 9530), if it has one of SHA-256. Throws where that is not of our bytes. */
export function provenByDigest(key: string, { sha256 }: SentDigest, { headers }: Reply): Proven | undefined {
  const told = /(?:^|[ ,])sha-256=:([A-Za-z0-9+/=]+):/.exec(String(headers['repr-digest'] ?? ''))?.[1];
  if (told === undefined) return undefined;
  const proven: Proof = 'checksum';
  if (Buffer.from(told, 'base64').toString('hex') === sha256) return { proven, provenBy: 'reply' };
  throw new Failure(`${key} has another SHA-256 there than what was sent`, {
    kind: 'transient',
    code: 'checksum-mismatch',
    hint: 'The remote did not keep what it acknowledged: check its disks and logs.',
  });
}

export function changedFailure(file: string): Failure {
  return new Failure(`${file} was rewritten while it was being sent`, {
    kind: 'transient',
    code: 'file-changed',
    hint: 'Something still writes to this file: only finished files may be sent.',
  });
}
