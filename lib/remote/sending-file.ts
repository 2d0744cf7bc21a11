import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Crc64Nvme } from '../crc64nvme.js';
import { Failure } from '../errors.js';
import type { Pace } from './throttle.js';

/** Two of the largest writes over SFTP, 17 of the smallest. Read, hashed and encrypted one after the other, more of it leaves the nearest cache in between. */
const BLOCK = 2 * 261_120;

export interface SentDigest {
  /** Bytes read: exactly the size the file had when it was opened. */
  bytes: number;
  /** Hex. */
  sha256: string;
  /** Base64, big-endian, as S3 prints `x-amz-checksum-crc64nvme`. */
  crc64nvme: string;
}

/** How fast a file may be read, and what ends the waiting for that. */
export interface Pacing {
  pace: Pace;
  signal: AbortSignal;
}

/** A local file on its way out: read once, front to back, hashed while it is read, and held to the size it began with. */
export class SendingFile {
  readonly bytes: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #before: BigIntStats;
  readonly #pacing: Pacing | undefined;
  readonly #sha256 = createHash('sha256');
  readonly #crc = new Crc64Nvme();
  #digest: SentDigest | undefined;
  #begun = false;

  private constructor(path: string, handle: FileHandle, before: BigIntStats, pacing: Pacing | undefined) {
    this.#path = path;
    this.#handle = handle;
    this.#before = before;
    this.#pacing = pacing;
    this.bytes = Number(before.size);
  }

  /** Rejects with `file-missing`, `file-unreadable` or `not-a-file`. */
  static async open(path: string, pacing?: Pacing): Promise<SendingFile> {
    // Without NONBLOCK, opening a pipe would wait for its writer, and the process with it.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error) => {
      throw unreadable(path, error);
    });
    try {
      const before = await handle.stat({ bigint: true });
      if (!before.isFile()) {
        throw new Failure(`${path} is not a regular file`, { kind: 'permanent', code: 'not-a-file' });
      }
      return new SendingFile(path, handle, before, pacing);
    } catch (error) {
      await handle.close();
      throw error instanceof Failure ? error : unreadable(path, error);
    }
  }

  /** Whether {@link blocks} was asked for, which is possible but once. */
  get isBegun(): boolean {
    return this.#begun;
  }

  /**
   * Every byte in blocks of at most 0.5 MB, no faster than its pace; the next block is read while one is being sent. A
   * block is overwritten once the next is asked for. Rejects with `file-changed` when the file is not what it was: shorter, longer, rewritten.
   */
  async *blocks(): AsyncGenerator<Buffer, void, undefined> {
    this.#begun = true;
    for await (const block of this.#whole()) {
      if (this.#pacing) yield* paced(block, this.#pacing);
      else yield block;
    }
  }

  async *#whole(): AsyncGenerator<Buffer, void, undefined> {
    let current = Buffer.allocUnsafe(Math.min(BLOCK, this.bytes));
    let spare = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(0, this.bytes - BLOCK)));
    let sent = 0;
    let reading = this.#read(current, sent);
    while (sent < this.bytes) {
      const block = await reading;
      if (block.length === 0) throw this.#changed(`ended after ${sent} of ${this.bytes} bytes`);
      sent += block.length;
      if (sent < this.bytes) {
        reading = this.#read(spare, sent);
        // If the sender gives up first, nobody awaits this read, and its outcome no longer matters.
        reading.catch(() => undefined);
        [current, spare] = [spare, current];
      }
      this.#sha256.update(block);
      this.#crc.update(block);
      yield block;
    }
    await this.checkUnchanged();
    this.#digest = { bytes: sent, sha256: this.#sha256.digest('hex'), crc64nvme: this.#crc.digest() };
  }

  /** What was sent. Only after {@link blocks} came to its end. */
  digest(): SentDigest {
    if (!this.#digest) throw new Error('digest() before the last block was read');
    return this.#digest;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #read(buffer: Buffer, position: number): Promise<Buffer> {
    const length = Math.min(buffer.length, this.bytes - position);
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position).catch((error) => {
      throw unreadable(this.#path, error);
    });
    return buffer.subarray(0, bytesRead);
  }

  /** Rejects with `file-changed` when the file is no longer what it was when it was opened. */
  async checkUnchanged(): Promise<void> {
    const after = await this.#handle.stat({ bigint: true });
    if (after.size !== this.#before.size) throw this.#changed(`grew from ${this.bytes} to ${after.size} bytes`);
    if (after.mtimeNs !== this.#before.mtimeNs) throw this.#changed('was rewritten');
  }

  #changed(what: string): Failure {
    return new Failure(`${this.#path} ${what} while it was being sent`, {
      kind: 'transient',
      code: 'file-changed',
      hint: 'Something still writes to this file: only finished files may be sent.',
    });
  }
}

async function* paced(block: Buffer, { pace, signal }: Pacing): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < block.length; ) {
    const piece = block.subarray(at, at + pace.pieceBytes);
    await pace.take(piece.length, signal);
    yield piece;
    at += piece.length;
  }
}

function unreadable(path: string, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT')
    return new Failure(`${path} does not exist`, { kind: 'permanent', code: 'file-missing', cause });
  return new Failure(`${path} cannot be read (${code})`, {
    kind: code === 'EACCES' || code === 'EPERM' || code === 'EISDIR' ? 'permanent' : 'transient',
    code: 'file-unreadable',
    hint: 'Check the permissions of the file and the health of its disk.',
    cause,
  });
}
