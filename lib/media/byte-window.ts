import type { FileHandle } from 'node:fs/promises';

const WINDOW = 65_536;

/** Reads a few bytes here and there of a file, in windows of 64 KiB, so that a walk from header to header costs few reads. */
export class ByteWindow {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(WINDOW);
  #start = 0;
  #length = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** At most 64 KiB from `at` on; fewer where the file ends. */
  async read(at: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.size - at, WINDOW));
    if (at < this.#start || at + wanted > this.#start + this.#length) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, WINDOW, at);
      this.#start = at;
      this.#length = bytesRead;
    }
    return this.#buffer.subarray(at - this.#start, Math.min(at - this.#start + wanted, this.#length));
  }
}
