import type { ByteWindow } from './byte-window.js';
import type { Structure } from './inspect.js';

/** AVI: `RIFF` lists that say how long they are (large files have several). The header is written last, when all is there. */
export async function inspectAvi(bytes: ByteWindow): Promise<Structure> {
  let at = 0;
  while (at + 12 <= bytes.size) {
    const head = await bytes.read(at, 12);
    // What some cameras append is no part of the list.
    if (head.toString('latin1', 0, 4) !== 'RIFF') break;
    const length = head.readUInt32LE(4);
    if (length < 12) return { whole: false, why: 'it was never finished: its header gives no length' };
    if (at + 8 + length > bytes.size)
      return { whole: false, why: `it is cut off: ${at + 8 + length - bytes.size} bytes are missing` };
    at += 8 + length + (length % 2);
  }
  return { whole: true, ...(await durationOf(bytes)) };
}

/** `RIFF size AVI  LIST size hdrl avih size`: microseconds for each frame, and how many. */
async function durationOf(bytes: ByteWindow): Promise<{ durationMs?: number }> {
  const head = await bytes.read(0, 72);
  if (head.length < 72 || head.toString('latin1', 24, 28) !== 'avih') return {};
  const durationMs = Math.round((head.readUInt32LE(32) * head.readUInt32LE(48)) / 1000);
  return durationMs > 0 ? { durationMs } : {};
}
