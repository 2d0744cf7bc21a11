import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../../lib/errors.js';
import type { ObjectReader } from '../../../lib/objects/object-reader.js';
import type { LookCloser } from './compare-media.js';
import type { Verified } from './findings.js';

/** How closely objects are looked at, beyond their size. */
export interface Depth {
  /** Compare the checksum the store knows; where it knows none, read the object. */
  checksum: boolean;
  /** Read this share of the objects, 0 to 1, and compare their SHA-256. */
  download: number;
}

/** `draw` (0 to 1) decides which objects are read, so that each run takes others. */
export function lookCloser(reader: ObjectReader, { checksum, download }: Depth, draw: () => number): LookCloser {
  return async ({ key, bytes, sha256, crc64nvme }, into) => {
    const read = () => readAndCompare(reader, key, bytes, sha256, into);
    if (draw() < download) return await read();
    if (!checksum) return undefined;
    const known = (await reader.checksum(key)) ?? {};
    if (known.sha256 !== undefined) return known.sha256 === sha256 ? undefined : wrong('SHA-256', known.sha256, sha256);
    if (known.crc64nvme === undefined || crc64nvme === undefined) return await read();
    return known.crc64nvme === crc64nvme ? undefined : wrong('CRC-64/NVME', known.crc64nvme, crc64nvme);
  };
}

async function readAndCompare(reader: ObjectReader, key: string, bytes: number, sha256: string, into: Verified) {
  const hash = createHash('sha256');
  try {
    const opened = await reader.open(key);
    if (!opened) return 'it disappeared while it was looked at';
    await pipeline(opened.stream, hash);
  } catch (error) {
    // Its size and place are as they should be; more can be said once it is thawed.
    if (error instanceof Failure && error.code === 'frozen') return undefined;
    throw error;
  }
  into.readBytes += bytes;
  const found = hash.digest('hex');
  return found === sha256 ? undefined : wrong('SHA-256', found, sha256);
}

function wrong(what: string, found: string, expected: string): string {
  return `its ${what} is ${found}, not ${expected}`;
}
