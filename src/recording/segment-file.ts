import { writevSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.js';
import type { FragmentBytes } from '../../lib/mp4/fragment.js';
import type { Slabs } from '../../lib/mp4/slabs.js';

/** A write that takes longer than this is one of a disk that is behind; for a while, nobody waits for it here. */
const SLOW_MS = 100;
const SPARED_MS = 60_000;

/** Counts what all files of a recording have not written yet, and says when there is room again. */
export class Backlog {
  #bytes = 0;
  #slowUntilMs = Number.NEGATIVE_INFINITY;
  readonly #most: number;
  readonly #clock: Clock;
  #room: { promise: Promise<void>; open: () => void } | undefined;

  constructor(mostBytes: number, clock: Clock) {
    this.#most = mostBytes;
    this.#clock = clock;
  }

  /**
   * Writes at once, where the disk keeps up: the system takes a group of pictures in less time than a trip to the thread
   * pool, and no picture comes meanwhile that a kill would cost on top. Undefined where it does not: one slow disk must not
   * hold up everything else in this process (invariant I7).
   */
  writeAtOnce(file: FileHandle, parts: readonly Buffer[], at: number): number | undefined {
    const startedMs = this.#clock.monotonic();
    if (startedMs < this.#slowUntilMs) return undefined;
    const written = writevSync(file.fd, parts, at);
    const nowMs = this.#clock.monotonic();
    if (nowMs - startedMs > SLOW_MS) this.#slowUntilMs = nowMs + SPARED_MS;
    return written;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#most && !this.#room) this.#room = deferred();
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes > this.#most / 2 || !this.#room) return;
    this.#room.open();
    this.#room = undefined;
  }

  /** Resolves when there is room again; undefined if there is now. */
  get full(): Promise<void> | undefined {
    return this.#room?.promise;
  }
}

function deferred(): { promise: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** One file of a recording: written fragment by fragment, each as soon as it is whole. */
export class SegmentFile {
  readonly path: string;
  readonly #slabs: Slabs;
  readonly #backlog: Backlog;
  readonly #onError: (error: unknown) => void;
  readonly #file: Promise<FileHandle>;
  #queue: Promise<void> = Promise.resolve();
  /** Of the header and all fragments that were written whole. */
  #size = 0;
  #fragments = 0;
  #failed = false;

  /** Creates the file, which must not exist. `onError` is told at once what goes wrong; nothing is written after that. */
  constructor(path: string, header: Buffer, slabs: Slabs, backlog: Backlog, onError: (error: unknown) => void) {
    this.path = path;
    this.#slabs = slabs;
    this.#backlog = backlog;
    this.#onError = onError;
    this.#file = open(path, 'wx');
    this.#enqueue(() => this.#write([header]));
  }

  append({ parts, slabs, length }: FragmentBytes): void {
    this.#backlog.add(length);
    this.#enqueue(async () => {
      await this.#write(parts);
      this.#fragments++;
    });
    this.#queue = this.#queue.then(() => {
      this.#slabs.give(slabs);
      this.#backlog.remove(length);
    });
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#failed) return;
      await work().catch((error: unknown) => {
        this.#failed = true;
        this.#onError(error);
      });
    });
  }

  /**
   * Resolves when everything is written and the file closed, with how many fragments it holds. After an error it ends
   * with the last whole one.
   */
  async close(): Promise<number> {
    await this.#queue;
    const file = await this.#file.catch(() => undefined);
    if (!file) return 0;
    try {
      if (this.#failed) await file.truncate(this.#size);
    } finally {
      await file.close();
    }
    return this.#fragments;
  }

  async #write(parts: Buffer[]): Promise<void> {
    const file = await this.#file;
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    let left = parts;
    for (let done = 0; done < size; ) {
      const at = this.#size + done;
      const written = this.#backlog.writeAtOnce(file, left, at) ?? (await file.writev(left, at)).bytesWritten;
      done += written;
      if (done < size) left = behind(left, written);
    }
    this.#size += size;
  }
}

/** What a short write left. */
function behind(parts: readonly Buffer[], written: number): Buffer[] {
  let skip = written;
  return parts.flatMap((part) => {
    const taken = Math.min(skip, part.length);
    skip -= taken;
    return taken < part.length ? [part.subarray(taken)] : [];
  });
}
