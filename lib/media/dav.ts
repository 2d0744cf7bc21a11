import type { ByteWindow } from './byte-window.js';
import type { Structure } from './inspect.js';

/** Dahua's format: frames between `DHAV`, with their length at 12 and the local time at 16, and `dhav` with the length again. */

const HEAD = 24;
/** Some files have a header of their own before the first frame. */
const FILE_HEADER = 1_024;

export async function inspectDav(bytes: ByteWindow): Promise<Structure> {
  const start = (await bytes.read(0, 5)).toString('latin1') === 'DAHUA' ? FILE_HEADER : 0;
  const first = await frameAt(bytes, start);
  if (!first || start + first.length > bytes.size) return { whole: false, why: 'its first frame is cut off' };
  const tailFrom = Math.max(start, bytes.size - 65_536);
  const tail = Buffer.from(await bytes.read(tailFrom, bytes.size - tailFrom));
  const at = tail.lastIndexOf('dhav');
  if (at < 0 || at + 8 > tail.length) return { whole: false, why: 'its last frame is cut off' };
  const length = tail.readUInt32LE(at + 4);
  const last = await frameAt(bytes, tailFrom + at + 8 - length);
  if (!last || last.length !== length) return { whole: undefined };
  if (tail.indexOf('DHAV', at + 8) >= 0) return { whole: false, why: 'its last frame is cut off' };
  const durationMs = last.time - first.time + 1_000;
  return { whole: true, ...(durationMs > 0 && { durationMs }) };
}

async function frameAt(bytes: ByteWindow, at: number): Promise<{ length: number; time: number } | undefined> {
  const head = at < 0 ? Buffer.alloc(0) : await bytes.read(at, HEAD);
  if (head.length < HEAD || head.toString('latin1', 0, 4) !== 'DHAV') return undefined;
  const packed = head.readUInt32LE(16);
  const bits = (from: number, count: number) => (packed >>> from) & (2 ** count - 1);
  const time = Date.UTC(2000 + bits(26, 6), bits(22, 4) - 1, bits(17, 5), bits(12, 5), bits(6, 6), bits(0, 6));
  return { length: head.readUInt32LE(12), time };
}
