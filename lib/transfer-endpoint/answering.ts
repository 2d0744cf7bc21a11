import { setMaxListeners } from 'node:events';
import type { SFTPWrapper } from 'ssh2';
import type { Link } from './link.js';
import { type Reply, refused } from './replies.js';

/**
 * Runs the work that requests ask for and sends the replies, as late as the faults want them. Work begins in the order in
 * which requests come; replies leave as each is done, which SFTP allows.
 */
export class Answering {
  readonly #sftp: SFTPWrapper;
  readonly #link: Link;
  readonly #over = new AbortController();
  readonly #outstanding = new Set<Promise<void>>();

  constructor(sftp: SFTPWrapper, link: Link) {
    this.#sftp = sftp;
    this.#link = link;
    // One for every reply that is held up.
    setMaxListeners(0, this.#over.signal);
  }

  /** Aborted once nothing is answered any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** `work` gets what ssh2 parsed from the request; what it throws becomes an error status; undefined is never answered. */
  on<Args extends unknown[]>(event: string, work: (...args: Args) => Promise<Reply | undefined>): void {
    this.#sftp.on(event, (request: number, ...args: Args) => {
      const answered = this.#answer(request, () => work(...args));
      this.#outstanding.add(answered);
      void answered.then(() => this.#outstanding.delete(answered));
    });
  }

  /** Resolves once all that was asked so far is answered. */
  async drained(): Promise<void> {
    await Promise.all(this.#outstanding);
  }

  stop(): void {
    this.#over.abort();
  }

  async #answer(request: number, work: () => Promise<Reply | undefined>): Promise<void> {
    const answered = this.#link.working();
    const reply = await work().catch(refused);
    const { replyDelayMs = 0 } = this.#link.faults.current;
    if (replyDelayMs > 0) await this.#link.clock.sleep(replyDelayMs, this.over);
    await this.#link.faults.lifted('silent', this.over);
    if (!this.over.aborted) reply?.(this.#sftp, request);
    answered();
  }
}
