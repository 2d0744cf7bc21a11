import { Backoff } from '../../lib/backoff.js';
import { Failure } from '../../lib/errors.js';
import type { Service } from '../../lib/service.js';
import type { WebOptions } from './options.js';
import { WebServer } from './server.js';

/** Soon enough for a recorder that is started anew while the old one still ends, and no burden for ever after. */
const SOONEST_MS = 2_000;
const LATEST_MS = 60_000;

/**
 * The pages of a recorder, which records whether or not their address can be had: they are at another port of this machine as well, so
 * that `status` has somebody to ask while theirs is taken, or full of visitors.
 */
export class PatientWeb implements Service {
  readonly name = 'web';
  readonly #options: WebOptions;
  readonly #wanted: WebServer;
  readonly #sideDoor: WebServer;
  #hasSideDoor = true;
  #problem: string | undefined;

  constructor(options: WebOptions) {
    this.#options = options;
    this.#wanted = new WebServer(options);
    this.#sideDoor = new WebServer({ ...options, listen: { host: '127.0.0.1', port: 0 } });
  }

  /** Why the pages are not where they should be, where they are, and what to do about it. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves once requests are answered, with where: `url` for people, `sideDoor` for commands on this machine. */
  async listen(): Promise<{ url: string; sideDoor: string }> {
    const url = await this.#openSideDoor();
    try {
      const wanted = await this.#wanted.listen();
      return { ...wanted, sideDoor: url ?? wanted.url };
    } catch (error) {
      if (!(error instanceof Failure) || url === undefined) throw error;
      this.#problem = `${error.message} The pages are at ${url} until it can be had. ${this.#remedy(error)}`;
      this.#options.log?.error({ code: error.code, url }, this.#problem);
      return { url, sideDoor: url };
    }
  }

  /** Where there may be no port but the one that was configured, commands ask there. */
  async #openSideDoor(): Promise<string | undefined> {
    try {
      return (await this.#sideDoor.listen()).url;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#options.log?.warn(
        { code: error.code },
        `commands on this machine have no port of their own: ${error.message}`,
      );
      this.#hasSideDoor = false;
      return undefined;
    }
  }

  /** Call `listen` before. */
  async run(signal: AbortSignal): Promise<void> {
    const beside = this.#hasSideDoor ? this.#sideDoor.run(signal) : undefined;
    await this.#takePlace(signal);
    if (!this.#problem) await this.#wanted.run(signal);
    await beside;
  }

  /** Tries for ever. */
  async #takePlace(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff(SOONEST_MS, LATEST_MS);
    while (this.#problem) {
      await clock.sleep(backoff.next(), signal);
      if (signal.aborted) return;
      try {
        const { url } = await this.#wanted.listen();
        this.#problem = undefined;
        log?.info({ url }, 'pages are where they should be');
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
  }

  #remedy({ code, hint }: Failure): string {
    if (code !== 'port-in-use') return hint ?? '';
    return `See what has it: ss -ltnp 'sport = :${this.#options.listen.port}'`;
  }
}
