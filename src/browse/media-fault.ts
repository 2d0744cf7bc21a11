import { buffer } from 'node:stream/consumers';
import { Failure } from '../../lib/errors.js';
import { readMoov } from '../../lib/mp4/remote-file.js';
import { readSealed } from '../../lib/mp4/sealed.js';
import type { ByteRange, OpenMedia } from '../archive-source.js';
import type { MediaEntry } from '../segment.js';
import { mediaRefusal } from './playback.js';
import { Refusal } from './refusal.js';

interface Openable {
  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined>;
}

/** What a file that is not whole makes of any attempt to look into it. */
const SYMPTOMS = new Set([
  ...['unknown-key', 'range-not-satisfiable', 'media-truncated', 'media-unsupported', 'media-damaged'],
]);

const REPAIR = 'Where the recorder still has it, nvr-uplink verify --repair sends it again.';

/**
 * What keeps a file from being shown, for the person who looks at it: it is missing, frozen, of another size than the index lists, or no
 * film. Undefined where nothing is seen: its pictures themselves are not looked at. Rejects where the store does not answer.
 */
export async function mediaFault(archive: Openable, { key, bytes }: MediaEntry): Promise<Refusal | undefined> {
  try {
    const found = await sizeOf(archive, key);
    if (found === undefined) return new Refusal(404, 'unknown-key', 'This file is missing.', REPAIR);
    if (found !== bytes) return anotherSize(found, bytes);
    if (key.endsWith('.mp4')) readSealed(await readMoov(reading(archive, key), bytes));
    return undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === 'media-unsupported') return noFilm(error.message);
    const refusal = mediaRefusal(error);
    if (refusal instanceof Refusal) return refusal;
    throw error;
  }
}

/** What to answer where `error` came of looking into a file. */
export async function whyNot(archive: Openable, entry: MediaEntry, error: unknown): Promise<unknown> {
  if (!(error instanceof Failure) || !SYMPTOMS.has(error.code)) return mediaRefusal(error);
  return (await mediaFault(archive, entry)) ?? mediaRefusal(error);
}

function anotherSize(found: number, bytes: number): Refusal {
  const sizes = `it has ${number(found)} of ${number(bytes)} bytes`;
  if (found === 0) return new Refusal(422, 'empty', `This file is empty: ${sizes}.`, REPAIR);
  if (found < bytes) return new Refusal(422, 'truncated', `This file is cut off: ${sizes}.`, REPAIR);
  const message = `This is not the file that was recorded: it has ${number(found)} bytes, not ${number(bytes)}.`;
  return new Refusal(422, 'altered', message, REPAIR);
}

function noFilm(why: string): Refusal {
  const hint = `It is ${why}. nvr-uplink verify --checksum tells whether it is as it was recorded.`;
  return new Refusal(415, 'media-unsupported', 'This file cannot be read as a film.', hint);
}

const number = (bytes: number) => bytes.toLocaleString('en');

async function sizeOf(archive: Openable, key: string): Promise<number | undefined> {
  try {
    const opened = await archive.open(key, { start: 0, end: 0 });
    opened?.stream.on('error', () => undefined).destroy();
    return opened?.bytes;
  } catch (error) {
    // A file without a first byte is empty.
    if (error instanceof Failure && error.code === 'range-not-satisfiable') return 0;
    throw error;
  }
}

function reading(archive: Openable, key: string) {
  return async (start: number, end: number) => {
    const opened = await archive.open(key, { start, end: end - 1 });
    return opened ? await buffer(opened.stream) : Buffer.alloc(0);
  };
}
