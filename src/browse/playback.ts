import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { ByteRange, OpenMedia } from '../archive-source.js';
import { exactly } from './byte-count.js';
import { Refusal } from './refusal.js';
import { type WantedRange, wantedRange } from './wanted-range.js';

/** How a connection ends when the viewer closes the page or jumps elsewhere. */
const VIEWER_LEFT = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

interface Openable {
  open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined>;
}

/** Sends media files, whole or by range. The key must have been checked before. */
export class Playback {
  readonly #archive: Openable;
  readonly #log: Log | undefined;
  readonly #sending = new Set<Promise<void>>();

  constructor(archive: Openable, log: Log | undefined) {
    this.#archive = archive;
    this.#log = log;
  }

  /** Resolves when the answer is sent or the viewer has left, and the file is closed again. */
  async send(request: Request, response: Response, key: string): Promise<void> {
    const sending = this.#send(request, response, key);
    // Only for `settled`; the caller is told of the failure.
    const quiet = sending.catch(() => undefined);
    this.#sending.add(quiet);
    try {
      await sending;
    } finally {
      this.#sending.delete(quiet);
    }
  }

  /** Resolves when all that was being sent has come to its end. */
  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #send(request: Request, response: Response, key: string): Promise<void> {
    response.set({
      // A key is never written twice with different bytes (invariant I2), so it tells the content as a hash would.
      ETag: etagOf(key),
      'Cache-Control': 'private, max-age=31536000, immutable',
      'Accept-Ranges': 'bytes',
      'Content-Type': mediaType(key),
    });
    if (request.method === 'HEAD') {
      response.set('Content-Length', String(await this.#size(key))).end();
    } else if (request.fresh) {
      await this.#size(key);
      response.status(304).end();
    } else {
      const ifRange = request.headers['if-range'];
      const isOfOurs = ifRange === undefined || ifRange === etagOf(key);
      await this.#sendBytes(response, key, isOfOurs ? wantedRange(request.headers.range) : undefined);
    }
  }

  async #sendBytes(response: Response, key: string, wanted: WantedRange | undefined): Promise<void> {
    const { stream, bytes, range } = await this.#open(response, key, wanted);
    try {
      const length = range.end - range.start + 1;
      response.status(wanted ? 206 : 200).set('Content-Length', String(length));
      if (wanted) response.set('Content-Range', `bytes ${range.start}-${range.end}/${bytes}`);
      await pipeline(stream, exactly(length), response);
    } catch (error) {
      // The headers are gone; all that can be told the viewer is that the connection broke, which pipeline did.
      response.destroy();
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (!VIEWER_LEFT.has(code)) this.#log?.warn({ key, error: messageOf(error) }, 'sending a file broke off');
    } finally {
      await closed(stream);
    }
  }

  async #open(response: Response, key: string, wanted: WantedRange | undefined): Promise<OpenMedia> {
    const range = wanted && 'last' in wanted ? await this.#tail(key, wanted.last) : wanted;
    try {
      const opened = await this.#archive.open(key, range);
      if (!opened) throw absent();
      return opened;
    } catch (error) {
      if (!isUnsatisfiable(error)) throw mediaRefusal(error);
      response.set('Content-Range', `bytes */${await this.#size(key)}`);
      throw new Refusal(416, error.code, error.message);
    }
  }

  async #tail(key: string, last: number): Promise<ByteRange> {
    const bytes = await this.#size(key);
    // The last 0 bytes hold none; the archive refuses this as it does any range beyond the end.
    return { start: last === 0 ? bytes : Math.max(0, bytes - last), end: Number.MAX_SAFE_INTEGER };
  }

  /** Size of a whole file in bytes, learnt by opening its first byte. */
  async #size(key: string): Promise<number> {
    try {
      const opened = await this.#archive.open(key, { start: 0, end: 0 });
      if (!opened) throw absent();
      await closed(opened.stream);
      return opened.bytes;
    } catch (error) {
      // A file without a first byte is empty.
      if (isUnsatisfiable(error)) return 0;
      throw mediaRefusal(error);
    }
  }
}

/** Whatever it has to say of its end was said, or is of no interest. */
async function closed(stream: Readable): Promise<void> {
  stream.on('error', () => undefined).destroy();
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ...{ mp4: 'video/mp4', jpg: 'image/jpeg', jpeg: 'image/jpeg', mkv: 'video/x-matroska', avi: 'video/x-msvideo' },
};

function mediaType(key: string): string {
  return MEDIA_TYPES[key.slice(key.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
}

function isUnsatisfiable(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'range-not-satisfiable';
}

const STATUS: Record<string, number> = {
  ...{ frozen: 409, busy: 503, 'unknown-key': 404, 'unknown-picture': 404 },
  ...{ 'media-unsupported': 415, 'media-damaged': 415 },
  ...{ 'media-truncated': 422, 'range-not-satisfiable': 422 },
};

/** What somebody can do something about is no failure of ours. */
export function mediaRefusal(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const status = STATUS[error.code];
  return status === undefined ? error : new Refusal(status, error.code, error.message, error.hint);
}

function absent(): Refusal {
  return new Refusal(404, 'unknown-key', 'There is no such file.', 'It may have been removed, or not be uploaded yet.');
}

function etagOf(key: string): string {
  return `"${createHash('sha256').update(key).digest('base64url').slice(0, 27)}"`;
}
