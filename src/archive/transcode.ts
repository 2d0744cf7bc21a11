import { Readable } from 'node:stream';
import { Failure } from '../../lib/errors.js';
import { toH264 } from '../../lib/ffmpeg/transcode.js';
import { type Cut, cut } from '../../lib/mp4/cut.js';
import { readMoov } from '../../lib/mp4/remote-file.js';
import { readSealed } from '../../lib/mp4/sealed.js';
import type { ArchiveSource } from '../archive-source.js';
import type { MediaEntry } from '../segment.js';
import { readMedia } from './read-media.js';

/** Each takes a core for as long as it lasts. */
const AT_ONCE = 2;

/** Plays what a browser cannot decode, as H.264 made while it is sent. */
export class Transcoder {
  readonly #ffmpeg: string;
  #running = 0;

  constructor(ffmpeg: string) {
    this.#ffmpeg = ffmpeg;
  }

  /** From the last key frame at or before `fromMs` (from the segment's start). Rejects with `busy`, `unknown-key`, `frozen`, `media-unsupported`. */
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
      const stream = toH264(this.#ffmpeg, Readable.from(bytesOf(archive, segment.key, made)), signal);
      stream.once('close', release);
      return { stream, startMs: Math.round(segment.start + made.parts[0]!.startMs) };
    } catch (error) {
      release();
      throw error;
    }
  }
}

async function* bytesOf(archive: ArchiveSource, key: string, { header, pieces }: Cut): AsyncGenerator<Buffer> {
  yield header;
  for (const { start, end } of pieces) {
    const opened = await archive.open(key, { start, end: end - 1 });
    if (!opened) throw new Failure(`${key} is not there.`, { kind: 'permanent', code: 'unknown-key' });
    yield* opened.stream;
  }
}

function busy(): Failure {
  return new Failure('Others are transcoding already.', { kind: 'transient', code: 'busy', hint: 'Try again soon.' });
}
