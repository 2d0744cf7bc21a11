import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { SendingFile } from '../../lib/remote/sending-file.js';

/** Whether an object holds the very bytes of a file; undefined where the store does not tell. */
export async function isSame(reader: ObjectReader, key: string, path: string): Promise<boolean | undefined> {
  const stored = await reader.checksum(key);
  if (stored?.sha256 === undefined && stored?.crc64nvme === undefined) return undefined;
  const file = await SendingFile.open(path);
  try {
    for await (const _ of file.blocks());
    const { sha256, crc64nvme } = file.digest();
    return stored.sha256 === undefined ? stored.crc64nvme === crc64nvme : stored.sha256 === sha256;
  } finally {
    await file.close();
  }
}
