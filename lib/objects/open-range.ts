import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ObjectRange, OpenObject } from './object-reader.js';
import { resolveRange } from './range.js';

/** The range of an opened file as a stream, which closes the file when it ends or is destroyed. Rejects as `resolveRange`. */
export async function openRange(handle: FileHandle, wanted: Partial<ObjectRange> | undefined): Promise<OpenObject> {
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
