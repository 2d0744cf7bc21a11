import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Attempt } from './attempt.js';
import type { OnProgress } from './remote.js';
import type { SendingFile } from './sending-file.js';
import type { Lane } from './sftp-lanes.js';

const { WRITE, CREAT, TRUNC } = ssh2.utils.sftp.OPEN_MODE;

/** At most 31,952: ssh2 splits larger ones for servers that are not OpenSSH and sends the rest later, out of order. */
const CHUNK = 30_720;

/** Enough for 100 Mbit/s over 160 ms; memory per connection stays the same for any file. */
const IN_FLIGHT = 2_000_000;

/** A large file lets waiting ones go first after this much; smaller ones follow each other whole. */
const TURN = 8 * 1024 * 1024;

/** An open remote file, as the server names it. */
export type SftpHandle = Buffer;

/** WRITE|CREATE|TRUNC and no attributes: Transfer Family over S3 refuses READ, APPEND and EXCL, and any SETSTAT. */
export function openForWriting(channel: SFTPWrapper, lane: Lane, path: string): Promise<SftpHandle> {
  return lane.request<SftpHandle>((done) => channel.open(path, WRITE | CREAT | TRUNC, done));
}

/**
 * Puts files' bytes on one SFTP channel: strictly ascending in each file, files in turn, one byte budget in flight for all.
 * The next file's bytes follow the last one's without waiting for its CLOSE, so the line never idles between files.
 * Every WRITE and the CLOSE must be acknowledged with OK; ssh2's own streams drop such errors (ssh2#1091).
 */
export class OrderedWriter {
  readonly #channel: SFTPWrapper;
  readonly #turn = new Turn();
  readonly #budget = new ByteBudget(IN_FLIGHT);

  constructor(channel: SFTPWrapper) {
    this.#channel = channel;
  }

  /** Resolves once every byte and the close were acknowledged. Rejects with the first status that is not OK. */
  async write(lane: Lane, handle: SftpHandle, source: SendingFile, onProgress?: OnProgress): Promise<void> {
    const sending = new Sending(this.#channel, lane, handle, this.#budget, onProgress);
    let yieldTurn = await this.#turn.take(lane.attempt);
    let closed: Promise<void>;
    let inTurn = 0;
    try {
      const blocks = source.blocks();
      for (;;) {
        const { value: block, done } = await lane.attempt.race(blocks.next());
        if (done) break;
        if (inTurn >= TURN && this.#turn.wanted) {
          yieldTurn();
          yieldTurn = await this.#turn.take(lane.attempt);
          inTurn = 0;
        }
        await sending.send(block);
        inTurn += block.length;
      }
      closed = lane.request<void>((done) => this.#channel.close(handle, done));
      // Awaited below; a write that fails first must not leave it unobserved.
      closed.catch(() => undefined);
    } catch (error) {
      sending.abandon();
      throw error;
    } finally {
      yieldTurn();
    }
    await sending.acknowledged();
    await closed;
  }
}

/** The writes of one file: which are in flight, and the first that failed. */
class Sending {
  readonly #channel: SFTPWrapper;
  readonly #lane: Lane;
  readonly #handle: SftpHandle;
  readonly #budget: ByteBudget;
  readonly #onProgress: OnProgress | undefined;
  #position = 0;
  #acknowledged = 0;
  #error: Error | undefined;
  #abandoned = false;
  #settled: (() => void) | undefined;

  constructor(channel: SFTPWrapper, lane: Lane, handle: SftpHandle, budget: ByteBudget, onProgress?: OnProgress) {
    this.#channel = channel;
    this.#lane = lane;
    this.#handle = handle;
    this.#budget = budget;
    this.#onProgress = onProgress;
    lane.attempt.onFail(() => this.abandon());
  }

  /** Hands a block to ssh2, which copies it: the caller may reuse the memory at once. */
  async send(block: Buffer): Promise<void> {
    for (let at = 0; at < block.length; at += CHUNK) {
      const length = Math.min(CHUNK, block.length - at);
      if (!this.#budget.has(length)) await this.#budget.room(length, this.#lane.attempt);
      this.#throwIfFailed();
      this.#write(block, at, length);
    }
  }

  async acknowledged(): Promise<void> {
    await this.#lane.attempt.race(
      new Promise<void>((resolve) => {
        this.#settled = resolve;
        this.#check();
      }),
    );
    this.#throwIfFailed();
  }

  /** Gives back what is still in flight: whoever comes next must not wait for answers that may never come. */
  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#budget.give(this.#position - this.#acknowledged);
  }

  #write(block: Buffer, at: number, length: number): void {
    this.#budget.take(length);
    const sequence = this.#lane.sent();
    this.#channel.write(this.#handle, block, at, length, this.#position, (error) => {
      this.#lane.answered(sequence);
      if (this.#abandoned) return;
      this.#budget.give(length);
      this.#acknowledged += length;
      if (error) this.#error ??= error;
      else if (!this.#error) this.#onProgress?.(this.#acknowledged);
      this.#check();
    });
    this.#position += length;
  }

  #check(): void {
    if (this.#error || this.#acknowledged === this.#position) this.#settled?.();
  }

  #throwIfFailed(): void {
    this.#lane.attempt.throwIfFailed();
    if (!this.#error) return;
    this.abandon();
    throw this.#error;
  }
}

/** First come, first served; whoever gives up waiting leaves the queue. */
class Turn {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  get wanted(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves with the function that passes the turn on. */
  async take(attempt: Attempt): Promise<() => void> {
    const before = this.#last;
    let pass!: () => void;
    const mine = new Promise<void>((resolve) => {
      pass = resolve;
    });
    this.#last = before.then(() => mine);
    this.#waiting += 1;
    try {
      await attempt.race(before);
      return pass;
    } catch (error) {
      pass();
      throw error;
    } finally {
      this.#waiting -= 1;
    }
  }
}

class ByteBudget {
  #free: number;
  readonly #wakers = new Set<() => void>();

  constructor(bytes: number) {
    this.#free = bytes;
  }

  has(bytes: number): boolean {
    return this.#free >= bytes;
  }

  take(bytes: number): void {
    this.#free -= bytes;
  }

  give(bytes: number): void {
    this.#free += bytes;
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }

  /** Resolves when there is room, or when the attempt has failed: `abandon` gives bytes back, which wakes. */
  async room(bytes: number, attempt: Attempt): Promise<void> {
    while (!this.has(bytes) && !attempt.failure) {
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
  }
}
