import type { ChildProcess } from 'node:child_process';
import { ended, spawnDependent, tail } from '../child.js';
import { redact } from '../redact.js';
import type { VideoCodec } from '../video/annexb.js';

export interface GreyDecoderOptions {
  ffmpeg: string;
  codec: VideoCodec;
  /** Of the pictures given; those of the stream may be of any size. */
  width: number;
  height: number;
  /** One byte of brightness for each pixel; valid during the call only. Comes once for each picture fed that can be decoded. */
  onPicture(picture: Uint8Array): void;
}

/** More than this unread by ffmpeg: it is not keeping up. */
const MAX_BACKLOG_BYTES = 4 * 2 ** 20;

/**
 * Turns a stream of coded pictures into small grey ones: one ffmpeg, which gives each picture within milliseconds of the one fed (the delimiter
 * behind it matters, see `toByteStream`; so does that nothing is probed). Without the loop filter: nobody looks at these pictures, and
 * they cost a fifth less.
 */
export class GreyDecoder {
  /** Resolves when ffmpeg is gone, with what it said last; never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #picture: Uint8Array;
  readonly #onPicture: (picture: Uint8Array) => void;
  #filled = 0;
  #over = false;

  constructor({ ffmpeg, codec, width, height, onPicture }: GreyDecoderOptions) {
    this.#picture = new Uint8Array(width * height);
    this.#onPicture = onPicture;
    const child = spawnDependent(ffmpeg, decoderArguments(codec, width, height), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    // What went wrong with the pipe, the exit tells.
    child.stdin!.on('error', () => undefined);
    child.stdout!.on('data', (chunk: Buffer) => this.#take(chunk));
    const stderr = tail(child);
    this.ended = ended(child)
      .catch((error: unknown) => ({ code: null, signal: null, error }))
      .then((end) => {
        this.#over = true;
        return redact('error' in end ? String(end.error) : stderr() || `exit status ${end.code ?? end.signal}`);
      });
  }

  /** It takes nothing more; `ended` tells why. */
  get isOver(): boolean {
    return this.#over || !this.#child.stdin!.writable;
  }

  /** Takes a picture as {@link toByteStream} makes it. False: ffmpeg is gone or does not keep up, and it was not taken. */
  feed(picture: Buffer): boolean {
    const stdin = this.#child.stdin!;
    if (this.isOver || stdin.writableLength > MAX_BACKLOG_BYTES) return false;
    // What was read together is given together: ffmpeg wakes up once for it.
    if (stdin.writableCorked === 0) {
      stdin.cork();
      process.nextTick(() => stdin.uncork());
    }
    stdin.write(picture);
    return true;
  }

  /** Ends ffmpeg at once: there is nothing it could finish. */
  async close(): Promise<void> {
    this.#over = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#over; ) {
      const size = Math.min(chunk.length - at, this.#picture.length - this.#filled);
      this.#picture.set(chunk.subarray(at, at + size), this.#filled);
      this.#filled += size;
      at += size;
      if (this.#filled < this.#picture.length) continue;
      this.#filled = 0;
      this.#onPicture(this.#picture);
    }
  }
}

function decoderArguments(codec: VideoCodec, width: number, height: number): string[] {
  const name = codec === 'H264' ? 'h264' : 'hevc';
  return [
    ...['-hide_banner', '-v', 'error', '-protocol_whitelist', 'pipe', '-threads', '1', '-filter_threads', '1'],
    ...['-flags', 'low_delay', '-skip_loop_filter', 'all', '-probesize', '32', '-analyzeduration', '0'],
    ...['-fpsprobesize', '0', '-f', name, '-i', 'pipe:0', '-an', '-fps_mode', 'passthrough'],
    // The plane of brightness as it is: making it grey would stretch it first, and carry the colours along.
    ...['-vf', `extractplanes=y,scale=${width}:${height}:flags=area`, '-threads', '1'],
    ...['-flush_packets', '1', '-f', 'rawvideo', 'pipe:1'],
  ];
}
