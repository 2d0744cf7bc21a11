import { Backoff } from '../../../lib/backoff.js';
import type { Clock } from '../../../lib/clock.js';
import { Failure, messageOf } from '../../../lib/errors.js';
import type { Log } from '../../../lib/log.js';
import type { Service } from '../../../lib/service.js';
import type { Ledger } from '../../ledger/ledger.js';
import { type AlertMessage, alertMessage } from './message.js';

export interface AlertSenderOptions {
  /** As the configuration calls whoever is told. */
  target: string;
  site: string;
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
  ledger: Ledger;
  clock: Clock;
  log: Log;
}

const LOOK_MS = 60_000;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 600_000;
/** Pieces of news in one message. */
const AT_ONCE = 40;

/** Tells one recipient all there is to tell, at least once: news is forgotten only after it was taken. */
export class AlertSender implements Service {
  readonly name: string;
  readonly #options: AlertSenderOptions;
  readonly #backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
  #problem: string | undefined;
  #wake = new AbortController();

  constructor(options: AlertSenderOptions) {
    this.#options = options;
    this.name = `alerts to ${options.target}`;
  }

  get target(): string {
    return this.#options.target;
  }

  /** Why nothing reaches them at present. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** There may be news. What failed waits for its turn all the same. */
  readonly poke = (): void => this.#wake.abort();

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const retryMs = await this.#sendSafely(signal);
      if (retryMs > 0) await clock.sleep(retryMs, signal);
      else await clock.sleep(LOOK_MS, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** How long to wait before the next try; 0 where everything was told. */
  async #sendSafely(signal: AbortSignal): Promise<number> {
    const { target, log } = this.#options;
    try {
      while (!signal.aborted && (await this.#sendOne(signal)));
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      const retryMs = this.#backoff.next();
      const hint = error instanceof Failure && error.kind === 'permanent' ? error.hint : undefined;
      const problem = hint ? `${messageOf(error)}. ${hint}` : messageOf(error);
      if (problem !== this.#problem)
        log.error({ target, error: problem }, `an alert is not told; retry in ${retryMs} ms`);
      this.#problem = problem;
      return retryMs;
    }
  }

  /** Whether there may be more. */
  async #sendOne(signal: AbortSignal): Promise<boolean> {
    const { target, site, send, ledger, clock, log } = this.#options;
    const news = ledger.alerts.news(target, AT_ONCE);
    if (news.length === 0) return false;
    await send(alertMessage(site, news, clock.now()), signal);
    ledger.transaction(() => ledger.alerts.told(news.map(({ id }) => id)));
    this.#backoff.reset();
    this.#problem = undefined;
    log.info({ target, news: news.length }, 'alerts were told');
    return news.length === AT_ONCE;
  }
}
