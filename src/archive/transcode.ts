import { Readable } from 'node:stream';
import { Failure } from '../../lib/errors.js';
import { toH264 } from '../../lib/ffmpeg/transcode.js';
import { type Cut, cut } from '../../lib/mp4/cut.js';
import { readMoov } from '../../lib/mp4/remote-file.js';
import { readSealed } from '../../lib/mp4/sealed.js';
import type { ArchiveSource } from '../archive-source.js';
import type { MediaEntry } from '../segment.js';
import { absent, readMedia } from './read-media.js';

/** Each takes a core for as long as it lasts. */
const AT_ONCE = 2;

/** Plays what a browser cannot decode, as H.264 made while it is sent. */
export class Transcoder {
  readonly #ffmpeg: string;
  #running = 0;

  constructor(ffmpeg: string) {
    this.#ffmpeg = ffmpeg;
  }

  /**
   * From the last key frame at or before `fromMs` (from the segment's start); resolves once the first bytes are made. Rejects with `busy`,
   * `unknown-key`, `frozen`, `media-unsupported`, `media-damaged`, or `media-truncated` where the file ends before that frame does.
   */
  async film(
    archive: ArchiveSource,
    segment: MediaEntry,
    fromMs: number,
    signal: AbortSignal,
  ): Promise<{ stream: Readable; startMs: number }> {
    if (this.#running >= AT_ONCE) throw busy();
    this.#running++;
    let over = false;
    const release = () => {
      if (!over) this.#running--;
      over = true;
    };
    try {
      const file = readSealed(await readMoov(readMedia(archive, segment.key), segment.bytes));
      const made = cut([{ file, fromMs, toMs: Number.POSITIVE_INFINITY }]);
      const fed: Fed = {};
      const stream = toH264(this.#ffmpeg, Readable.from(bytesOf(archive, segment.key, made, fed)), signal);
      stream.once('close', release);
      await begun(stream, () => fed.problem);
      return { stream, startMs: Math.round(segment.start + made.parts[0]!.startMs) };
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** What kept ffmpeg from being given all of the film: it says only that there was too little. */
interface Fed {
  problem?: unknown;
}

async function* bytesOf(
  archive: ArchiveSource,
  key: string,
  { header, pieces }: Cut,
  fed: Fed,
): AsyncGenerator<Buffer> {
  yield header;
  try {
    for (const { start, end } of pieces) {
      const opened = await archive.open(key, { start, end: end - 1 });
      if (!opened) throw absent(key);
      yield* opened.stream;
    }
  } catch (error) {
    fed.problem = error;
    throw error;
  }
}

/** Resolves once `stream` has something to be read; rejects where it ends without, by `why` where that knows. */
async function begun(stream: Readable, why: () => unknown): Promise<void> {
  const nothing = (error?: unknown) =>
    why() ?? error ?? new Failure('There is no picture in it.', { kind: 'permanent', code: 'media-damaged' });
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown) => {
      for (const name of ['readable', 'error', 'close']) stream.off(name, settle);
      if (stream.readableLength > 0) return resolve();
      stream.on('error', () => undefined).destroy();
      reject(nothing(error));
    };
    for (const name of ['readable', 'error', 'close']) stream.on(name, settle);
  });
}

function busy(): Failure {
  return new Failure('Others are transcoding already.', { kind: 'transient', code: 'busy', hint: 'Try again soon.' });
}
