import type { Clock } from '../clock.js';
import type { Faults } from './faults.js';
import type { MotionWatch } from './motion-watch.js';
import type { MotionSignal, Persona } from './persona.js';

/** A signal at one moment. */
export interface MotionEvent {
  signal: MotionSignal;
  active: boolean;
  operation: 'Initialized' | 'Changed';
  /** By the monotonic clock. */
  at: number;
}

/** One client's subscription to a camera's events. */
export interface Subscription {
  /** Counted from the camera's last start. */
  number: number;
  expiresAt: number;
  /** What was not pulled yet; the oldest are dropped when a client pulls too seldom, as cameras do. */
  queue: MotionEvent[];
  /** Aborts when there is something in the queue, or the subscription is gone. */
  news: AbortController;
}

export interface SubscriptionsOptions {
  clock: Clock;
  persona: Persona;
  faults: Faults;
  motion: MotionWatch;
}

/** How many events a camera keeps for a client that does not pull. */
const QUEUE = 50;

/** Who is subscribed to a camera's events, and what each has still to be told. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #live = new Map<number, Subscription>();
  #states: boolean[] = [];
  #watching: AbortController | undefined;
  #created = 0;
  /** Requests since the camera was made, by operation: what tests of patience look at. */
  readonly requests = new Map<string, number>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** How many places are taken. */
  get taken(): number {
    this.#dropExpired();
    return this.#live.size;
  }

  /** Whether there was one with this number since the camera's start, alive or not. */
  has(number: number): boolean {
    return number >= 0 && number < this.#created;
  }

  /** How many there were since the camera's start. */
  get created(): number {
    return this.#created;
  }

  count(operation: string): void {
    this.requests.set(operation, (this.requests.get(operation) ?? 0) + 1);
  }

  /** Undefined when all places are taken. */
  create(lifetimeMs: number): Subscription | undefined {
    const { persona, faults } = this.#options;
    const slots = faults.get('subscription-slots') ?? persona.events.slots;
    if (this.taken >= slots) return undefined;
    const number = this.#created++;
    const subscription = { number, expiresAt: 0, queue: [], news: new AbortController() };
    this.renew(subscription, lifetimeMs);
    this.#live.set(number, subscription);
    this.#watch();
    return subscription;
  }

  /** Undefined for one that has ended, or never was. */
  find(number: number): Subscription | undefined {
    this.#dropExpired();
    return this.#live.get(number);
  }

  /** Returns what is granted. */
  renew(subscription: Subscription, lifetimeMs: number): number {
    const { clock, persona, faults } = this.#options;
    const granted = Math.min(lifetimeMs, persona.events.longestMs);
    subscription.expiresAt = clock.monotonic() + (faults.get('subscription-expiry') ?? granted);
    return granted;
  }

  remove({ number, news }: Subscription): void {
    this.#live.delete(number);
    news.abort();
    if (this.#live.size === 0) this.#stopWatching();
  }

  /** The present state of everything, for one client. */
  synchronise(subscription: Subscription): void {
    const active = this.#signalStates();
    this.#options.persona.events.signals.forEach((signal, index) => {
      if (active[index] || !this.#neverFalse()) this.#tell(subscription, signal, active[index]!, 'Initialized');
    });
  }

  /** Resolves when there is something to tell, at the latest after `waitMs`, when the subscription ends, or the signal aborts. */
  async wait(subscription: Subscription, waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (subscription.queue.length > 0) return;
    if (subscription.news.signal.aborted) subscription.news = new AbortController();
    const left = Math.max(0, subscription.expiresAt - clock.monotonic());
    await clock.sleep(Math.min(waitMs, left), AbortSignal.any([signal, subscription.news.signal]));
  }

  /** The camera goes down: nobody is subscribed afterwards, and numbers begin anew. */
  clear(): void {
    for (const one of [...this.#live.values()]) this.remove(one);
    this.#created = 0;
  }

  #dropExpired(): void {
    const now = this.#options.clock.monotonic();
    for (const one of [...this.#live.values()]) if (one.expiresAt <= now) this.remove(one);
  }

  #watch(): void {
    if (this.#watching) return;
    const stop = new AbortController();
    this.#watching = stop;
    this.#states = this.#signalStates();
    void this.#follow(stop.signal);
  }

  #stopWatching(): void {
    this.#watching?.abort();
    this.#watching = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { motion } = this.#options;
    while (!signal.aborted) {
      await motion.changed(signal);
      if (!signal.aborted) this.#tellChanges();
    }
  }

  #tellChanges(): void {
    const states = this.#signalStates();
    this.#options.persona.events.signals.forEach((signal, index) => {
      const active = states[index]!;
      if (active === this.#states[index] || (!active && this.#neverFalse())) return;
      for (const one of this.#live.values()) this.#tell(one, signal, active, 'Changed');
    });
    this.#states = states;
  }

  #tell(subscription: Subscription, signal: MotionSignal, active: boolean, operation: MotionEvent['operation']): void {
    subscription.queue.push({ signal, active, operation, at: this.#options.clock.monotonic() });
    if (subscription.queue.length > QUEUE) subscription.queue.shift();
    subscription.news.abort();
  }

  #signalStates(): boolean[] {
    const { motion, persona } = this.#options;
    const moving = motion.active();
    return persona.events.signals.map(({ subjects }) =>
      subjects ? subjects.some((subject) => moving.includes(subject)) : moving.length > 0,
    );
  }

  #neverFalse(): boolean {
    const { persona, faults } = this.#options;
    return persona.events.neverFalse === true || faults.has('no-false');
  }
}
