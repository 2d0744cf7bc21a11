import { Failure } from '../../lib/errors.js';
import type { EventCaller, EventRequest } from '../../lib/onvif/pull-point.js';
import { parseXml, textAt, type XmlElement } from '../../lib/onvif/xml.js';
import type { FakeClock } from './fake-clock.js';

interface Subscription {
  expiresAt: number;
  queue: string[];
  wake: () => void;
}

/** What a camera asked for something may do instead of answering. */
export type Trouble = (operation: string) => Failure | string | 'hang' | undefined;

/** The events service of a camera on the fake clock, without a wire: it can be told to do anything at any request. */
export class ScriptedEvents implements EventCaller {
  readonly #clock: FakeClock;
  readonly target = { host: 'camera', port: 80 };
  readonly subscriptions = new Map<string, Subscription>();
  /** Each request: when, and what. */
  readonly log: { at: number; operation: string; request: EventRequest }[] = [];
  grantMs = 300_000;
  tellsTimes = true;
  /** Answers pulls at once, with whatever there is. */
  hurries = false;
  /** How far events are dated from when they happen. */
  eventsOffMs = 0;
  trouble: Trouble = () => undefined;
  #active = false;
  #created = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  count(operation: string): number {
    return this.log.filter((one) => one.operation === operation).length;
  }

  rewrite(uri: string): string {
    return uri;
  }

  /** Motion begins or ends; whoever is subscribed is told. */
  move(active: boolean, more: { tell?: boolean } = {}): void {
    this.#active = active;
    if (more.tell === false) return;
    for (const one of this.subscriptions.values()) {
      one.queue.push(this.#notification('Changed'));
      one.wake();
    }
  }

  async call(request: EventRequest): Promise<XmlElement> {
    const body = parseXml(request.body);
    const operation = body.name;
    this.log.push({ at: this.#clock.monotonic(), operation, request });
    const trouble = this.trouble(operation);
    if (trouble instanceof Failure) throw trouble;
    if (trouble === 'hang') await this.#sleep(request.deadlineMs, request.signal);
    if (trouble === 'hang') throw timedOut();
    if (trouble !== undefined) return parseXml(trouble);
    if (operation === 'CreatePullPointSubscription') return this.#create();
    const subscription = this.subscriptions.get(request.url!);
    if (!subscription || subscription.expiresAt <= this.#clock.monotonic()) throw soapFault();
    return await this.#answer(operation, subscription, request, body);
  }

  #create(): XmlElement {
    const url = `http://camera/event-${this.#created++}`;
    this.subscriptions.set(url, {
      expiresAt: this.#clock.monotonic() + this.grantMs,
      queue: [],
      wake: () => undefined,
    });
    return parseXml(
      `<r><SubscriptionReference><Address>${url}</Address></SubscriptionReference>${this.#times(this.grantMs)}</r>`,
    );
  }

  async #answer(
    operation: string,
    subscription: Subscription,
    { url, signal }: EventRequest,
    body: XmlElement,
  ): Promise<XmlElement> {
    if (operation === 'Unsubscribe') this.subscriptions.delete(url!);
    if (operation === 'SetSynchronizationPoint') subscription.queue.push(this.#notification('Initialized'));
    if (operation === 'Renew') subscription.expiresAt = this.#clock.monotonic() + this.grantMs;
    if (operation === 'PullMessages') await this.#poll(subscription, body, signal);
    const left = subscription.expiresAt - this.#clock.monotonic();
    return parseXml(
      `<r>${this.#times(left)}${operation === 'PullMessages' ? subscription.queue.splice(0).join('') : ''}</r>`,
    );
  }

  async #poll(subscription: Subscription, body: XmlElement, signal: AbortSignal | undefined): Promise<void> {
    if (subscription.queue.length > 0 || this.hurries) return;
    const seconds = Number(/^PT(\d+)S$/.exec(textAt(body, 'Timeout') ?? '')![1]);
    const woken = new AbortController();
    subscription.wake = () => woken.abort();
    await this.#sleep(seconds * 1_000, signal ? AbortSignal.any([signal, woken.signal]) : woken.signal);
    if (signal?.aborted) throw new Failure('aborted', { kind: 'aborted', code: 'aborted' });
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#clock.sleep(ms, signal);
  }

  #times(leftMs: number): string {
    if (!this.tellsTimes) return '';
    // Far from ours: what counts is the difference.
    const iso = (ms: number) => new Date(ms).toISOString();
    const now = Date.UTC(1970, 0, 1) + this.#clock.monotonic();
    return `<CurrentTime>${iso(now)}</CurrentTime><TerminationTime>${iso(now + leftMs)}</TerminationTime>`;
  }

  #notification(operation: string): string {
    const at = new Date(this.#clock.monotonic() + this.eventsOffMs).toISOString();
    return (
      '<NotificationMessage><Topic>tns1:RuleEngine/CellMotionDetector/Motion</Topic>' +
      `<Message><Message UtcTime="${at}" PropertyOperation="${operation}"><Source><SimpleItem Name="VideoSourceConfigurationToken" Value="v"/></Source>` +
      `<Data><SimpleItem Name="IsMotion" Value="${this.#active}"/></Data></Message></Message></NotificationMessage>`
    );
  }
}

export function soapFault(): Failure {
  return new Failure('fault', { kind: 'transient', code: 'soap-fault' });
}

export function hungUp(): Failure {
  const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  return new Failure('gone', { kind: 'transient', code: 'unreachable', cause });
}

export function timedOut(): Failure {
  return new Failure('too late', { kind: 'transient', code: 'timed-out' });
}
