import { messageOf } from '../errors.js';
import type { EndpointEvent, Violation } from './events.js';
import type { EndpointFaults } from './faults.js';
import type { ObjectWriter } from './object-store.js';
import { Refusal } from './replies.js';

export interface UploadContext {
  user: string;
  key: string;
  faults: EndpointFaults;
  /** The endpoint ends: nothing is held back any longer. */
  stopping: AbortSignal;
  emit(event: EndpointEvent): void;
  violation(violation: Violation, detail: string): void;
  /** Cuts the connection without a word. */
  drop(): void;
}

const RANDOM_ACCESS = 'AWS Transfer does not support random access writes to S3 objects';
const NO_SPACE = 'No space left';

/**
 * A file being written. Bytes must come in order and without overlap, because they go into an S3 object that can only
 * grow. It ends with `close`, or with `abandon` when the session died.
 */
export class UploadingFile {
  readonly #writer: ObjectWriter;
  readonly #context: UploadContext;
  /** Where the next write must start. */
  #expected = 0;
  /** Bytes the store accepted. */
  #stored = 0;
  /** Why nothing more is accepted, once that is so. */
  #broken: string | undefined;
  /** Writes reach the store one after the other, in the order they came. Never rejects. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(writer: ObjectWriter, context: UploadContext) {
    this.#writer = writer;
    this.#context = context;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#expected;
  }

  /** Resolves once the store took the bytes. Must be called in the order of arrival. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw new Refusal('FAILURE', this.#broken);
    if (offset !== this.#expected) {
      this.#context.violation('out-of-order', `${this.#context.key}: at ${offset} instead of ${this.#expected}`);
      throw this.#break(RANDOM_ACCESS);
    }
    const { failWriteAfterBytes = Infinity, dropAfterBytes = Infinity } = this.#context.faults.current;
    if (offset + data.length > failWriteAfterBytes) throw this.#break(NO_SPACE);
    this.#expected += data.length;
    await this.#inOrder(() => this.#store(data));
    if (this.#stored >= dropAfterBytes) this.#context.drop();
  }

  /** Resolves once the object is visible, whole. Rejects if anything failed; then the key is as it was. */
  async close(): Promise<void> {
    const { user, key } = this.#context;
    try {
      await this.#tail;
      const { failCloseAfterBytes = Infinity } = this.#context.faults.current;
      if (this.#expected > failCloseAfterBytes) this.#break(NO_SPACE);
      if (this.#broken !== undefined) throw new Refusal('FAILURE', this.#broken);
      await this.#writer.commit();
    } catch (error) {
      await this.#writer.discard();
      this.#context.emit({ type: 'upload-failed', user, key, reason: messageOf(error) });
      throw error;
    }
    this.#context.emit({ type: 'uploaded', user, key, bytes: this.#stored });
  }

  /**
   * The session died: like Transfer, makes what arrived visible at the final key. AWS says only that it "might"; the
   * stand-in always does, so that nobody relies on luck. Never rejects.
   */
  async abandon(): Promise<void> {
    const { user, key, faults, stopping } = this.#context;
    await this.#tail;
    await faults.lifted('holdPartials', stopping);
    try {
      await this.#writer.publishPartial();
      this.#context.emit({ type: 'partial-upload', user, key, bytes: this.#stored });
    } catch (error) {
      this.#context.emit({ type: 'upload-failed', user, key, reason: messageOf(error) });
    }
  }

  async #store(data: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw new Refusal('FAILURE', this.#broken);
    const { keepOnlyBytes = Infinity } = this.#context.faults.current;
    const kept = data.subarray(0, Math.max(0, keepOnlyBytes - this.#stored));
    if (kept.length === 0) return;
    try {
      await this.#writer.write(kept);
    } catch (error) {
      this.#break(messageOf(error));
      throw error;
    }
    this.#stored += kept.length;
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(work);
    // Each failure is reported to the write it belongs to.
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #break(reason: string): Refusal {
    this.#broken ??= reason;
    return new Refusal('FAILURE', reason);
  }
}
