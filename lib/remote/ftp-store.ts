import type { Socket } from 'node:net';
import type { FTPResponse } from 'basic-ftp';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { race } from '../race.js';
import type { Attempt } from './attempt.js';
import { lostFailure } from './failures.js';
import { type DataConnection, dialData } from './ftp-data.js';
import type { FtpSession } from './ftp-dial.js';
import { nonsenseFailure } from './ftp-failures.js';
import type { OnProgress } from './remote.js';
import type { SendingFile } from './sending-file.js';
import type { StallWatch } from './stall-watch.js';

/** What is handed to the system at once: few enough bytes that a slow line takes them within the watchdog's patience. */
const SLICE = 128 * 1024;

/** The tail of a file may still lie in the system's own buffer when the last byte was handed over. */
const TAIL_PATIENCE = 2;

/** How long a server may take to say why it cut a data connection. */
const REASON_MS = 2_000;

export interface Storing {
  attempt: Attempt;
  watch: StallWatch;
  clock: Clock;
  /** Whether STOR goes out before the data connection stands. */
  hasty: boolean;
  onProgress?: OnProgress;
}

/**
 * Stores one file with STOR. Resolves once the server confirmed it with 226 (or 250) *after* the last byte was sent and the
 * data connection closed in order. A refusal before the first byte rejects with the library's `FTPError`, and the
 * session may be used on; after anything else it may not.
 */
export async function store(session: FtpSession, path: string, source: SendingFile, with_: Storing): Promise<void> {
  const { attempt, watch, hasty } = with_;
  const dialled = await dialData(session, watch);
  attempt.onFail(dialled.cut);
  try {
    const early = hasty ? new Transfer(session, path) : undefined;
    const open = dialled.open();
    open.catch(() => undefined);
    const data = await watch.during(early ? Promise.race([open, early.refused]) : open);
    // The write that meets it tells; without a listener it would be an uncaught exception.
    data.socket.on('error', () => undefined);
    const transfer = early ?? new Transfer(session, path);
    await watch.during(Promise.race([transfer.begun, transfer.confirmed]));
    await send(transfer, data, source, session.name, with_);
    await watch.during(transfer.confirmed, undefined, TAIL_PATIENCE);
    data.socket.destroy();
  } catch (error) {
    dialled.cut();
    throw error;
  }
}

async function send(
  transfer: Transfer,
  data: DataConnection,
  source: SendingFile,
  name: string,
  { watch, attempt, clock, onProgress }: Storing,
): Promise<void> {
  // Whatever the server says while bytes are on their way, it is no confirmation; a refusal ends the sending.
  const step = <T>(work: Promise<T>) => watch.during(race(work, transfer.refused));
  try {
    await step(data.ready);
    const blocks = source.blocks();
    let sent = 0;
    for (;;) {
      const { value: block, done } = await attempt.race(blocks.next());
      if (done) break;
      for (let at = 0; at < block.length; at += SLICE) {
        const slice = block.subarray(at, at + SLICE);
        // Awaited, since the file's next block but one is read into the same memory.
        await step(write(data.socket, slice));
        sent += slice.length;
      }
      onProgress?.(sent);
    }
    transfer.allSent();
    await step(end(data.socket));
  } catch (error) {
    if (error instanceof Failure || transfer.isRefusal(error)) throw error;
    // The data connection broke: the control connection usually says why (a full disk, a quota).
    await attempt.race(Promise.race([transfer.refused, clock.sleep(REASON_MS)]));
    throw lostFailure(name, error);
  }
}

/** The replies to one STOR. */
class Transfer {
  readonly begun: Promise<void>;
  readonly confirmed: Promise<FTPResponse>;
  /** Never resolves. */
  readonly refused: Promise<never>;
  #begin!: () => void;
  #hasBegun = false;
  #allSent = false;
  #refusal: unknown;

  constructor({ client, name }: FtpSession, path: string) {
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.confirmed = client.ftp.handle(`STOR ${path}`, (reply, task) => {
      if (reply instanceof Error) task.reject(reply);
      else if (reply.code === 125 || reply.code === 150) this.#start();
      // Other preliminary replies only ask for patience.
      else if (reply.code >= 200) this.#conclude(reply, name, task);
    });
    this.refused = new Promise((_, reject) => {
      this.confirmed.catch((error) => {
        this.#refusal = error;
        reject(error);
      });
    });
    this.refused.catch(() => undefined);
  }

  allSent(): void {
    this.#allSent = true;
  }

  isRefusal(error: unknown): boolean {
    return error !== undefined && error === this.#refusal;
  }

  #start(): void {
    this.#hasBegun = true;
    this.#begin();
  }

  #conclude(reply: FTPResponse, name: string, task: { resolve(reply: FTPResponse): void; reject(error: Error): void }) {
    const isDone = reply.code === 226 || reply.code === 250;
    if (isDone && this.#hasBegun && this.#allSent) task.resolve(reply);
    else task.reject(nonsenseFailure(name, this.#hasBegun ? '226 after the last byte' : '150', reply.message));
  }
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(socket.errored ?? error) : resolve()));
  });
}

/** Says that this was all: TLS's close_notify, without which a server may take the file for cut short, then FIN. */
function end(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(socket.errored ?? new Error('the data connection was closed')));
    socket.end(resolve);
  });
}
