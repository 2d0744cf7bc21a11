import { join } from 'node:path';
import { Backoff, backoffMs, jitter } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { Failure, isPermanent, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { Receipt, Remote } from '../../lib/remote/remote.js';
import type { Service } from '../../lib/service.js';
import type { Delivery } from '../ledger/deliveries.js';
import type { FileRow } from '../ledger/files.js';
import type { Ledger } from '../ledger/ledger.js';
import { send } from './send.js';

/** What the uploader needs of the spool; the only coupling to whatever fills it. */
export interface Outbox {
  folder: string;
  moveToSent(name: string): Promise<void>;
  rekey(file: FileRow): Promise<void>;
}

export interface UploaderOptions {
  remoteName: string;
  remote: Remote;
  outbox: Outbox;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  /** Files sent at once. */
  parallel: number;
}

export interface UploaderState {
  state: 'idle' | 'sending' | 'waiting' | 'refused';
  reason?: string;
  /** Wall time of the next attempt, while the remote is left alone. */
  retryAt?: number;
}

/** Failures of one file: others may well go through. All others concern the remote as a whole. */
const OF_ONE_FILE = new Set([
  'file-changed',
  'file-missing',
  'file-unreadable',
  'not-a-file',
  'key-invalid',
  'key-taken',
  'size-mismatch',
  'not-stored',
  'remote-failure',
]);

/** A permanent refusal is asked about this seldom: hammering a sign-in locks accounts and costs a Lambda each time. */
const REFUSED_MS = 60_000;
const IDLE_MS = 60_000;

/** Sends everything waiting to one remote, for ever. Never gives a file up, never deletes one (invariants I1, I5). */
export class Uploader implements Service {
  readonly name: string;
  readonly remoteName: string;
  readonly #options: UploaderOptions;
  readonly #sending = new Map<number, Promise<void>>();
  readonly #backoff = new Backoff(1_000, 60_000);
  #pausedUntil = 0;
  #pause: { reason: string; refused: boolean } | undefined;
  #wake = new AbortController();

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.remoteName = options.remoteName;
    this.name = `uploader ${options.remoteName}`;
  }

  /** There may be something new to send. */
  poke(): void {
    this.#wake.abort();
  }

  get state(): UploaderState {
    const { clock } = this.#options;
    if (this.#pause) {
      const retryAt = clock.now() + Math.max(0, this.#pausedUntil - clock.monotonic());
      return { state: this.#pause.refused ? 'refused' : 'waiting', reason: this.#pause.reason, retryAt };
    }
    return { state: this.#sending.size > 0 ? 'sending' : 'idle' };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { ledger, remote, remoteName, clock } = this.#options;
    ledger.deliveries.ensure(remoteName);
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.#startNext(signal);
      await clock.sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]));
    }
    await Promise.all(this.#sending.values());
    await remote.close();
  }

  /** Starts as many sends as there is room for. Returns how long nothing more can be started. */
  #startNext(signal: AbortSignal): number {
    const { ledger, clock, parallel, remoteName } = this.#options;
    const pausedMs = this.#pausedUntil - clock.monotonic();
    if (pausedMs > 0) return pausedMs;
    // After a pause one file tries the water, not all at once.
    const room = (this.#pause ? 1 : parallel) - this.#sending.size;
    if (room <= 0) return IDLE_MS;
    const due = ledger.deliveries.next(remoteName, clock.now(), new Set(this.#sending.keys()), room);
    for (const delivery of due) {
      const sending = this.#deliver(delivery, signal).finally(() => {
        this.#sending.delete(delivery.file.id);
        this.poke();
      });
      this.#sending.set(delivery.file.id, sending);
    }
    const next = ledger.deliveries.nextDue(remoteName, clock.now());
    return next === undefined ? IDLE_MS : Math.min(IDLE_MS, next - clock.now());
  }

  async #deliver(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { ledger, outbox, remote, remoteName, log } = this.#options;
    const { file } = delivery;
    try {
      const path = join(outbox.folder, file.name);
      const beforePut = () => ledger.deliveries.started(file.id, remoteName);
      const result = await send(remote, file, path, !delivery.begun, signal, beforePut);
      if (result === 'taken') {
        await outbox.rekey(file);
        log.warn({ key: file.key }, 'the remote holds another object at this key; the file gets a new one');
        return;
      }
      await this.#verified(file, result);
    } catch (error) {
      if (!signal.aborted) this.#failed(delivery, error);
    }
  }

  async #verified(file: FileRow, receipt: Receipt): Promise<void> {
    const { ledger, clock, remoteName, log } = this.#options;
    this.#backoff.reset();
    this.#pause = undefined;
    this.#pausedUntil = 0;
    const everywhere = ledger.transaction(() => {
      ledger.deliveries.verified(file.id, remoteName, clock.now(), receipt.provenBy);
      if (ledger.deliveries.outstanding(file.id).length > 0) return false;
      ledger.files.verified(file.id, clock.now(), receipt.crc64nvme);
      return true;
    });
    log.info({ key: file.key, remote: remoteName, bytes: receipt.bytes, provenBy: receipt.provenBy }, 'delivered');
    if (everywhere) await this.#moveToSent(file);
  }

  async #moveToSent(file: FileRow): Promise<void> {
    try {
      await this.#options.outbox.moveToSent(file.name);
    } catch (error) {
      // It is delivered all the same; the next rescan moves it.
      this.#options.log.warn({ key: file.key, error: messageOf(error) }, 'a delivered file could not be moved');
    }
  }

  #failed({ file, attempts }: Delivery, error: unknown): void {
    const { ledger, clock, remoteName, log } = this.#options;
    const failure = error instanceof Failure ? error : undefined;
    const message = messageOf(error);
    const ofOneFile = OF_ONE_FILE.has(failure?.code ?? '');
    const fileWaitMs = jitter(backoffMs(attempts, 2_000, ofOneFile ? 600_000 : 60_000));
    const waitMs = ofOneFile ? fileWaitMs : Math.max(fileWaitMs, this.#leaveAlone(error, message));
    try {
      ledger.deliveries.postponed(file.id, remoteName, clock.now() + waitMs, message);
    } catch (unwritten) {
      // A full disk. The delivery stays due, so the remote is left alone instead.
      this.#leaveAlone(unwritten, messageOf(unwritten));
    }
    const details = { key: file.key, remote: remoteName, code: failure?.code, hint: failure?.hint };
    log.warn(details, `upload failed: ${message}; retry in ${Math.ceil(waitMs / 1000)} s`);
  }

  /** Nothing is sent to this remote for a while; what fails together counts once. Returns for how long. */
  #leaveAlone(error: unknown, message: string): number {
    const { clock } = this.#options;
    const refused = isPermanent(error);
    const pausedMs = this.#pausedUntil - clock.monotonic();
    const waitMs = pausedMs > 0 ? pausedMs : refused ? jitter(REFUSED_MS) : this.#backoff.next();
    this.#pausedUntil = clock.monotonic() + waitMs;
    const hint = error instanceof Failure ? error.hint : undefined;
    this.#pause = { reason: hint ? `${message}. ${hint}` : message, refused };
    return waitMs;
  }
}
