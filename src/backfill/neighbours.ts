import { type FileHandle, open } from 'node:fs/promises';
import { readMoov } from '../../lib/mp4/remote-file.js';
import { offsetsOf, readSealed } from '../../lib/mp4/sealed.js';
import { hashOf, type KnownPicture } from './alignment.js';

/** A recorded file on this disk, and when it begins by our clock. */
export interface Neighbour {
  path: string;
  start: number;
}

/** The last keyframe of the file before a gap. Undefined where the file cannot be read: what it would tell is a help, no more. */
export async function lastKeyframe(neighbour: Neighbour | undefined): Promise<KnownPicture | undefined> {
  return await pictureOf(neighbour, 'last');
}

/** The first picture of the file after a gap. */
export async function firstPicture(neighbour: Neighbour | undefined): Promise<KnownPicture | undefined> {
  return await pictureOf(neighbour, 'first');
}

async function pictureOf(neighbour: Neighbour | undefined, which: 'first' | 'last'): Promise<KnownPicture | undefined> {
  if (!neighbour) return undefined;
  let file: FileHandle | undefined;
  try {
    file = await open(neighbour.path, 'r');
    const read = reading(file);
    const { tracks } = readSealed(await readMoov(read, (await file.stat()).size));
    const { track, samples } = tracks.find(({ track: one }) => one.video)!;
    const index = (which === 'first' ? samples.keys[0]! : samples.keys.at(-1)!) - 1;
    const offset = offsetsOf(samples)[index]!;
    const bytes = await read(offset, offset + samples.sizes[index]!);
    const at = neighbour.start + ((samples.dts[index]! - samples.dts[0]!) * 1_000) / track.timescale;
    return { hash: hashOf(bytes), at };
  } catch {
    // It may be gone by now, or of another make: then the camera's clock has to do.
    return undefined;
  } finally {
    await file?.close();
  }
}

function reading(file: FileHandle) {
  return async (start: number, end: number) => {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  };
}
