import { existsSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';

/** Set aside so that what must be noted on a full disk can be: that recording stopped, and that an upload has arrived. */
const RESERVE_BYTES = 2 * 2 ** 20;

/** With less than this nothing is recorded: it would take the last of the ledger and of what is being finished. */
const FLOOR_BYTES = 3 * RESERVE_BYTES;
const FLOOR_INODES = 16;

/** Retention makes this much room at least, whatever the configuration says: with less, nothing is recorded. */
export const LEAST_FREE_BYTES = FLOOR_BYTES + RESERVE_BYTES;

const EVERY_MS = 2_000;

/** Watches that the disk has room, and keeps a reserve for the ledger. */
export class Room implements Service {
  readonly name = 'room';
  /** Told when the disk becomes full: whoever writes much should stop. */
  onFull: ((failure: Failure) => void) | undefined;
  readonly #root: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #full = false;

  readonly #isOurs: () => boolean;

  /** `isOurs`: whether the folder is still the one it was, and not what lies below an unmounted disk. */
  constructor(root: string, isOurs: () => boolean, clock: Clock, log: Log) {
    this.#root = root;
    this.#isOurs = isOurs;
    this.#clock = clock;
    this.#log = log;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look().catch((error: unknown) =>
        this.#log.error({ error: messageOf(error) }, 'how full the disk is cannot be told'),
      );
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** Throws a `Failure`, code `disk-full`, where there is no room to record. */
  async check(): Promise<void> {
    const { bytes, inodes } = await this.#left();
    if (bytes < FLOOR_BYTES || inodes < FLOOR_INODES) throw full(bytes, inodes);
  }

  /** Gives the reserve away, for something that has to be written. False if there was none. */
  release(): boolean {
    if (!existsSync(this.#reserve)) return false;
    rmSync(this.#reserve, { force: true });
    this.#log.warn('the disk is full: the reserve is used to note what happens');
    return true;
  }

  async #look(): Promise<void> {
    if (!this.#isOurs()) return;
    const { bytes, inodes } = await this.#left();
    const isFull = bytes < FLOOR_BYTES || inodes < FLOOR_INODES;
    if (isFull && !this.#full) this.onFull?.(full(bytes, inodes));
    if (this.#full && !isFull) this.#log.warn({ freeBytes: bytes }, 'the disk has room again');
    this.#full = isFull;
    // Of zeros, but written: a hole would set nothing aside.
    const spare = bytes > LEAST_FREE_BYTES + RESERVE_BYTES && inodes > FLOOR_INODES;
    if (spare && !existsSync(this.#reserve)) await writeFileDurably(this.#reserve, Buffer.alloc(RESERVE_BYTES));
  }

  async #left(): Promise<{ bytes: number; inodes: number }> {
    const { bavail, bsize, ffree, files } = await statfs(this.#root);
    // Some file systems (btrfs) do not count inodes.
    return { bytes: bavail * bsize, inodes: files > 0 ? ffree : Number.POSITIVE_INFINITY };
  }

  get #reserve(): string {
    return join(this.#root, 'reserve');
  }
}

function full(bytes: number, inodes: number): Failure {
  const what = bytes < FLOOR_BYTES ? `${(bytes / 1e6).toFixed(1)} MB` : `${inodes} files`;
  return new Failure(`the disk is full: there is room for ${what} only`, {
    kind: 'transient',
    code: 'disk-full',
    hint: 'Recording goes on by itself once there is room. Remove what is not ours from the disk, or let uploads catch up.',
  });
}
