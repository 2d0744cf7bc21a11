import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../errors.js';
import { checkStored } from './failures.js';
import type { Proof } from './remote.js';
import type { SentDigest } from './sending-file.js';

/** What a look-up shows of an object. */
export interface Found {
  bytes: number;
  crc64nvme?: string;
  /** The MD5 of an object that was put whole, in hex; of others it says nothing. */
  etag?: string;
  provenBy: 'stat' | 'list';
}

/** Throws unless what was found is what was sent, as far as it can be seen. */
export function proofOf(key: string, sent: SentDigest, found: Omit<Found, 'provenBy'> | undefined): Proof {
  checkStored(key, sent.bytes, found?.bytes);
  if (found?.crc64nvme === undefined) return 'size';
  if (found.crc64nvme === sent.crc64nvme) return 'checksum';
  throw new Failure(`${key} has the checksum ${found.crc64nvme} where ${sent.crc64nvme} was sent`, {
    kind: 'transient',
    code: 'checksum-mismatch',
    hint: 'The remote did not keep what it acknowledged: check its disks and logs.',
  });
}

/** Only a checksum tells: footage of two recorders may well be of one size. */
export async function isSame(file: string, sent: SentDigest, found: Found): Promise<boolean> {
  if (found.bytes !== sent.bytes) return false;
  if (found.crc64nvme !== undefined) return found.crc64nvme === sent.crc64nvme;
  const md5 = createHash('md5');
  await pipeline(createReadStream(file), md5);
  return found.etag === md5.digest('hex');
}

export function unquoted(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '');
}

export function takenFailure(name: string, key: string): Failure {
  return new Failure(`${name} holds another object at ${key}`, {
    kind: 'permanent',
    code: 'key-taken',
    hint: 'Nothing is ever replaced there. Another recorder may write under this site name.',
  });
}
