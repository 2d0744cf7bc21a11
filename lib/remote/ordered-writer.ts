import type { Socket } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import type { Clock } from '../clock.js';
import type { Attempt } from './attempt.js';
import { FlightWindow } from './flight-window.js';
import { leanWrite } from './lean-write.js';
import type { OnProgress } from './remote.js';
import type { SendingFile } from './sending-file.js';
import type { Lane } from './sftp-lanes.js';
import { WriteLimit } from './sftp-limits.js';
import { OPEN_MODE } from './sftp-protocol.js';

const { WRITE, CREAT, TRUNC } = OPEN_MODE;

/** A large file lets waiting ones go first after this much; smaller ones follow each other whole. */
const TURN = 8 * 1024 * 1024;

/** An open remote file, as the server names it. */
export type SftpHandle = Buffer;

/** WRITE|CREATE|TRUNC and no attributes: Transfer Family over S3 refuses READ, APPEND and EXCL, and any SETSTAT. */
export function openForWriting(channel: SFTPWrapper, lane: Lane, path: string): Promise<SftpHandle> {
  return lane.request<SftpHandle>((done) => channel.open(path, WRITE | CREAT | TRUNC, done));
}

/**
 * Puts files' bytes on one SFTP channel: strictly ascending in each file, files in turn, one window of bytes in flight for all.
 * The next file's bytes follow the last one's without waiting for its CLOSE, so the line never idles between files.
 * Every WRITE and the CLOSE must be acknowledged with OK; ssh2's own streams drop such errors (ssh2#1091).
 */
export class OrderedWriter {
  readonly #line: WriteLine;
  readonly #turn = new Turn();
  readonly #window: FlightWindow;

  constructor(channel: SFTPWrapper, socket: Socket, clock: Clock) {
    this.#line = new WriteLine(channel, socket);
    this.#window = new FlightWindow(clock);
  }

  /** Resolves once every byte and the close were acknowledged. Rejects with the first status that is not OK. */
  async write(
    lane: Lane,
    handle: SftpHandle,
    source: SendingFile,
    onProgress?: OnProgress,
    urgent = false,
  ): Promise<void> {
    const sending = new Sending(this.#line, lane, handle, this.#window, onProgress);
    let yieldTurn = await this.#turn.take(lane.attempt, urgent);
    let closed: Promise<void>;
    let inTurn = 0;
    try {
      const blocks = source.blocks();
      for (;;) {
        const { value: block, done } = await lane.attempt.race(blocks.next());
        if (done) break;
        if (this.#turn.isWantedAfter(inTurn, urgent)) {
          yieldTurn();
          yieldTurn = await this.#turn.take(lane.attempt, urgent);
          inTurn = 0;
        }
        await sending.send(block);
        inTurn += block.length;
      }
      closed = lane.request<void>((done) => this.#line.channel.close(handle, done));
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

/** ssh2 gives each packet to the system by itself; those of one turn of the event loop go together. */
class WriteLine {
  readonly channel: SFTPWrapper;
  readonly write: SFTPWrapper['write'];
  readonly limit: WriteLimit;
  readonly #socket: Socket;
  #isHeld = false;

  constructor(channel: SFTPWrapper, socket: Socket) {
    this.channel = channel;
    this.write = leanWrite(channel, () => this.hold());
    this.limit = new WriteLimit(channel);
    this.#socket = socket;
  }

  /** To be called before a packet is written. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isHeld = false;
      this.#socket.uncork();
    });
  }
}

/** The writes of one file: which are in flight, and the first that failed. */
class Sending {
  readonly #line: WriteLine;
  readonly #lane: Lane;
  readonly #handle: SftpHandle;
  readonly #window: FlightWindow;
  readonly #onProgress: OnProgress | undefined;
  #position = 0;
  #acknowledged = 0;
  #error: Error | undefined;
  #abandoned = false;
  #settled: (() => void) | undefined;

  constructor(line: WriteLine, lane: Lane, handle: SftpHandle, window: FlightWindow, onProgress?: OnProgress) {
    this.#line = line;
    this.#lane = lane;
    this.#handle = handle;
    this.#window = window;
    this.#onProgress = onProgress;
    lane.attempt.onFail(() => this.abandon());
  }

  /** Hands a block to ssh2, which copies it: the caller may reuse the memory at once. */
  async send(block: Buffer): Promise<void> {
    let length: number;
    for (let at = 0; at < block.length; at += length) {
      length = Math.min(this.#window.writeBytes(this.#line.limit.bytes), block.length - at);
      if (!this.#window.has(length)) await this.#window.room(length, this.#lane.attempt);
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
    this.#window.give(this.#position - this.#acknowledged);
  }

  #write(block: Buffer, at: number, length: number): void {
    const flight = this.#window.take(length);
    const sequence = this.#lane.sent();
    this.#line.hold();
    this.#line.write(this.#handle, block, at, length, this.#position, (error) => {
      this.#lane.answered(sequence);
      if (this.#abandoned) return;
      this.#window.landed(flight);
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

/** Who is urgent first, then first come, first served; whoever gives up waiting leaves the queue. */
class Turn {
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #taken = false;

  /** Whether someone waits whom a file that has already sent `bytes` in its turn should let go first. */
  isWantedAfter(bytes: number, urgent: boolean): boolean {
    if (this.#urgent.length > 0 && !urgent) return true;
    return bytes >= TURN && this.#urgent.length + this.#others.length > 0;
  }

  /** Resolves with the function that passes the turn on. */
  async take(attempt: Attempt, urgent: boolean): Promise<() => void> {
    let passed = false;
    const pass = () => {
      if (passed) return;
      passed = true;
      const next = this.#urgent.shift() ?? this.#others.shift();
      if (next) next();
      else this.#taken = false;
    };
    if (this.#taken) await this.#wait(attempt, urgent ? this.#urgent : this.#others, pass);
    else this.#taken = true;
    return pass;
  }

  async #wait(attempt: Attempt, queue: (() => void)[], pass: () => void): Promise<void> {
    let go!: () => void;
    const mine = new Promise<void>((resolve) => {
      go = resolve;
    });
    queue.push(go);
    try {
      await attempt.race(mine);
    } catch (error) {
      const at = queue.indexOf(go);
      // Given the turn at the same moment: it is passed on.
      if (at < 0) pass();
      else queue.splice(at, 1);
      throw error;
    }
  }
}
