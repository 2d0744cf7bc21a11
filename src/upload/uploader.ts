import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { backoffMs, jitter } from '../../lib/backoff.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { type OnProgress, type Proof, suffices } from '../../lib/remote/remote.js';
import type { Service } from '../../lib/service.js';
import type { Delivery } from '../ledger/deliveries.js';
import type { FileRow } from '../ledger/files.js';
import { arrivedAfterAll } from './after-all.js';
import { concernsOneFile } from './concern.js';
import { tellOfLeftCopy } from './left-copy.js';
import { noteDamaged } from './note-damaged.js';
import { Order } from './order.js';
import { Respite } from './respite.js';
import { hasRoom, isNearlySent } from './room.js';
import { type Delivered, lookAgain, send } from './send.js';
import type { UploaderOptions, UploaderState } from './uploader-options.js';

const IDLE_MS = 60_000;
/** A copy that could not be looked at is asked for again so soon. */
const LOOK_AGAIN_MS = 60_000;

/** What is done of one file: sent, or looked at once more. */
interface Task {
  file: FileRow;
  /** How many of its bytes go out. */
  bytes: number;
  work: (signal: AbortSignal, onProgress: OnProgress) => Promise<void>;
}

/** A task under way. */
interface Sending {
  /** Bytes that are not acknowledged. */
  left: number;
  done: Promise<void>;
}

/** Sends everything waiting to one remote, for ever. Never gives a file up, never deletes one (invariants I1, I5). */
export class Uploader implements Service {
  readonly name: string;
  readonly remoteName: string;
  readonly #options: UploaderOptions;
  readonly #order: Order;
  readonly #sending = new Map<number, Sending>();
  readonly #respite: Respite;
  #wake = new AbortController();

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#order = new Order(options.ledger, options.remoteName);
    this.#respite = new Respite(options.clock);
    this.remoteName = options.remoteName;
    this.name = `uploader ${options.remoteName}`;
  }

  /** There may be something new to send. */
  poke(): void {
    this.#wake.abort();
  }

  get state(): UploaderState {
    const { trouble, leftMs } = this.#respite;
    if (trouble) {
      const retryAt = this.#options.clock.now() + leftMs;
      return { state: trouble.refused ? 'refused' : 'waiting', reason: trouble.reason, retryAt };
    }
    if (this.#sending.size > 0) return { state: 'sending' };
    const closed = this.#options.line.closed();
    return closed ? { state: 'paused', reason: closed.reason } : { state: 'idle' };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { ledger, remote, remoteName, clock } = this.#options;
    ledger.deliveries.ensure(remoteName);
    ledger.transaction(() => ledger.deliveries.settle(remoteName, this.#proof, clock.now()));
    // Each file under way listens to it, several times.
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const waitMs = this.#startNext(signal);
      await clock.sleep(waitMs, AbortSignal.any([signal, this.#wake.signal]));
    }
    await Promise.all([...this.#sending.values()].map(({ done }) => done));
    await remote.close();
  }

  /** Starts as much as there is room for. Returns how long nothing more can be started. */
  #startNext(signal: AbortSignal): number {
    const { ledger, clock, remoteName } = this.#options;
    if (this.#respite.leftMs > 0) return this.#respite.leftMs;
    for (let next = this.#next(); next; next = this.#next()) {
      this.#start(next, signal);
    }
    const now = clock.now();
    const dues = [ledger.deliveries.nextDue(remoteName, now), ledger.doubts.nextDue(remoteName, now)];
    return Math.min(IDLE_MS, ...dues.map((due) => (due === undefined ? IDLE_MS : due - now)));
  }

  #start({ file, bytes, work }: Task, signal: AbortSignal): void {
    const one: Sending = { left: bytes, done: Promise.resolve() };
    this.#sending.set(file.id, one);
    const onProgress = (acknowledged: number) => {
      const before = one.left;
      one.left = bytes - acknowledged;
      if (isNearlySent(one.left) && !isNearlySent(before)) this.poke();
    };
    one.done = work(signal, onProgress).finally(() => {
      this.#sending.delete(file.id);
      this.poke();
    });
  }

  /** What to start now, if there is room for it. */
  #next(): Task | undefined {
    const { clock, parallel, line } = this.#options;
    const sending = new Set(this.#sending.keys());
    // After a pause one file tries the water, not all at once.
    if (this.#respite.trouble) return sending.size === 0 ? this.#allowed(sending) : undefined;
    const left = [...this.#sending.values()].map((one) => one.left);
    const room = (large: number) => (this.#respite.works ? hasRoom(left, large) : left.length < large);
    if (room(parallel)) return this.#allowed(sending);
    if (!room(parallel + 1) || line.closed()) return undefined;
    return this.#sends(this.#order.nextUrgent(clock.now(), sending));
  }

  /** A look costs one question, and while it is owed the local copy cannot go. */
  #allowed(sending: ReadonlySet<number>): Task | undefined {
    const { ledger, clock, line, remoteName } = this.#options;
    const now = clock.now();
    const closed = line.closed();
    if (closed) return closed.exceptMotion ? this.#sends(this.#order.nextMotion(now, sending)) : undefined;
    const doubted = ledger.doubts.next(remoteName, now, sending);
    if (doubted) return { file: doubted, bytes: 0, work: (signal) => this.#lookAgain(doubted, signal) };
    return this.#sends(this.#order.next(now, sending));
  }

  #sends(delivery: Delivery | undefined): Task | undefined {
    if (!delivery) return undefined;
    const { file } = delivery;
    return { file, bytes: file.bytes, work: (signal, onProgress) => this.#deliver(delivery, signal, onProgress) };
  }

  async #deliver(delivery: Delivery, signal: AbortSignal, onProgress: OnProgress): Promise<void> {
    const { ledger, outbox, remote, remoteName, log, throttle } = this.#options;
    const { file, urgent } = delivery;
    try {
      const path = join(outbox.folder, file.name);
      const beforePut = () => ledger.deliveries.started(file, remoteName);
      const pace = throttle.pace(urgent);
      const result = await send(
        remote,
        file,
        path,
        { first: !delivery.begun, replace: delivery.replaces, pace, beforePut, onProgress, proof: this.#proof },
        signal,
      );
      if (result === 'outdated') return this.#outdated(file);
      if (result === 'taken') {
        const had = ledger.deliveries.holders(file.id);
        if (!(await outbox.rekey(file))) return this.#outdated(file);
        for (const name of had) tellOfLeftCopy(log, file, name);
        log.warn({ key: file.key }, 'the remote holds another object at this key; the file gets a new one');
        return;
      }
      if (result === 'damaged' || result === 'spoiled') return this.#damaged(file, result === 'spoiled');
      await this.#delivered(delivery, result);
    } catch (error) {
      if (!signal.aborted) this.#failed(delivery, error);
    }
  }

  get #proof(): Proof {
    return this.#options.proof ?? 'size';
  }

  async #delivered({ file, begun }: Delivery, receipt: Delivered): Promise<void> {
    const { ledger, remote, remoteName, log } = this.#options;
    const { proven, provenBy, crc64nvme } = receipt;
    this.#respite.worked();
    // A put of it was begun before, so that one failed.
    const lookAfterMs = begun ? remote.lateMs : 0;
    const everywhere = ledger.transaction(() => {
      if (!ledger.deliveries.isStill('waiting', file, remoteName))
        return arrivedAfterAll(this.#options, file, receipt, lookAfterMs) ? false : undefined;
      this.#noteDelivered(file, receipt, lookAfterMs);
      return this.#isEverywhere(file, crc64nvme);
    });
    if (everywhere === undefined) return this.#outdated(file, true);
    const again = lookAfterMs > 0 ? { lookedAtAgainInSeconds: Math.round(lookAfterMs / 1_000) } : {};
    log.info({ key: file.key, remote: remoteName, bytes: receipt.bytes, proven, provenBy, ...again }, 'delivered');
    this.#tellIfLate(file);
    if (everywhere) await this.#moveToSent(file);
  }

  /** Within a transaction. */
  #noteDelivered({ id }: FileRow, { proven, provenBy }: Delivered, lookAfterMs: number): void {
    const { ledger, clock, remoteName } = this.#options;
    const now = clock.now();
    if (!suffices(proven, this.#proof)) ledger.deliveries.unproven(id, remoteName, now, provenBy, proven);
    else if (lookAfterMs === 0) ledger.deliveries.verified(id, remoteName, now, provenBy, proven);
    else ledger.doubts.begin(id, remoteName, now, now + lookAfterMs, provenBy, proven);
  }

  /** What was done of it says nothing any more: another remote had it get a new key meanwhile, or it was given up. */
  #outdated({ id, key }: FileRow, wasPut = false): void {
    const { ledger, log, remoteName } = this.#options;
    if (wasPut && ledger.files.byId(id)?.key !== key) tellOfLeftCopy(log, { key }, remoteName);
    log.info(
      { key, remote: remoteName },
      'the file is no longer owed under this key: it got another, or was given up, while it was being sent',
    );
  }

  /** Sent once more, it would be damaged once more. The rescan looks closer. */
  #damaged(file: FileRow, wasPut: boolean): void {
    if (wasPut) this.#respite.worked();
    this.#unlessFull(() => noteDamaged(this.#options, file, wasPut));
  }

  /** The server may have published, over the whole copy, what it had of a put that failed before. */
  async #lookAgain(file: FileRow, signal: AbortSignal): Promise<void> {
    const { ledger, remote, clock, remoteName, log } = this.#options;
    try {
      const wrong = await lookAgain(remote, file, signal);
      this.#respite.worked();
      if (wrong !== undefined) {
        ledger.doubts.justified(file.id, remoteName, wrong);
        log.warn(
          { key: file.key, remote: remoteName },
          `a delivered file was damaged by an upload that failed: ${wrong}`,
        );
        return;
      }
      const everywhere = ledger.transaction(() => {
        ledger.doubts.cleared(file.id, remoteName);
        return this.#isEverywhere(file);
      });
      if (everywhere) await this.#moveToSent(file);
    } catch (error) {
      if (signal.aborted) return;
      const message = messageOf(error);
      const waitMs = concernsOneFile(error) ? LOOK_AGAIN_MS : this.#respite.begin(error, message);
      this.#unlessFull(() => ledger.doubts.postponed(file.id, remoteName, clock.now() + waitMs));
      log.warn({ key: file.key, remote: remoteName }, `a delivered file could not be looked at again: ${message}`);
    }
  }

  /** Within a transaction: notes it where every remote has a verified copy. */
  #isEverywhere(file: FileRow, crc64nvme?: string): boolean {
    const { ledger, clock } = this.#options;
    const isEverywhere = ledger.deliveries.outstanding(file.id).length === 0;
    if (isEverywhere) ledger.files.verified(file.id, clock.now(), crc64nvme);
    else if (crc64nvme !== undefined) ledger.files.checksummed(file.id, crc64nvme);
    return isEverywhere;
  }

  #tellIfLate(file: FileRow): void {
    const { clock, deadlineMs, remoteName, log } = this.#options;
    const lateMs = clock.now() - file.end - deadlineMs;
    if (file.kind !== 'motion' || lateMs <= 0) return;
    log.warn(
      { key: file.key, remote: remoteName },
      `motion was off-site ${Math.round(lateMs / 1000)} s after its deadline`,
    );
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
    const ofOneFile = concernsOneFile(error);
    const fileWaitMs = jitter(backoffMs(attempts, 2_000, ofOneFile ? 600_000 : 60_000));
    const waitMs = ofOneFile ? fileWaitMs : Math.max(fileWaitMs, this.#respite.begin(error, message));
    const postpone = () => {
      // Under another key it has not failed.
      if (!ledger.deliveries.isStill('waiting', file, remoteName)) return;
      ledger.deliveries.postponed(file.id, remoteName, clock.now() + waitMs, message);
    };
    this.#unlessFull(() => ledger.transaction(postpone));
    const details = { key: file.key, remote: remoteName, code: failure?.code, hint: failure?.hint };
    log.warn(details, `upload failed: ${message}; retry in ${Math.ceil(waitMs / 1000)} s`);
  }

  /** What cannot be noted, on a full disk, stays due: so the remote is left alone instead. */
  #unlessFull(note: () => void): void {
    try {
      note();
    } catch (unwritten) {
      this.#respite.begin(unwritten, messageOf(unwritten));
    }
  }
}
