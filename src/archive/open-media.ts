import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ByteRange, OpenMedia } from '../archive-source.js';
import { resolveRange } from './byte-range.js';

/** The range of an opened file as a stream, which closes the file when it ends or is destroyed. Rejects as `resolveRange`. */
export async function openMedia(handle: FileHandle, wanted: Partial<ByteRange> | undefined): Promise<OpenMedia> {
  try {
    const { size: bytes } = await handle.stat();
    const range = resolveRange(bytes, wanted);
    if (bytes > 0) return { stream: handle.createReadStream(range), bytes, range };
    await handle.close();
    return { stream: Readable.from([]), bytes, range };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
