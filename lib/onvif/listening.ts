import { Backoff } from '../backoff.js';
import type { Clock } from '../clock.js';
import { Failure, messageOf } from '../errors.js';
import { type Moment, type MotionChange, type MotionStates, moment } from './motion-states.js';
import type { Notification, Pulled } from './notifications.js';
import { type EventCaller, PullPoint } from './pull-point.js';
import { motionSignals } from './topics.js';

export interface ListenOptions {
  /**
   * Opens a connection to where the camera is at present. Asked anew after every failure, so that a camera that restarted,
   * changed its address or lost its clock is found again.
   */
  connect(signal: AbortSignal): Promise<EventCaller>;
  clock: Clock;
  /** Told once when events begin to arrive, and at each failure after that. */
  report?(health: MotionHealth): void;
  /** For jitter; default `Math.random`. */
  random?: () => number;
}

export type MotionHealth = { state: 'listening' } | { state: 'lost'; failure: Failure; retryMs: number };

/**
 * A long poll. The specification allows a minute, but a camera that lost its power is noticed only when its reply is
 * overdue, and should be back within half a minute.
 */
const PULL_MS = 10_000;
const MESSAGE_LIMIT = 100;

/** From the start of one pull to that of the next. A camera that answers at once would have us ask 200 times a second. */
const SPACING_MS = 1_000;

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 10_000;
/**
 * What only a person can mend: a wrong password, of which many cameras take a few before they lock the account. Tried again all
 * the same, since some refuse, or know nothing of events, while they start.
 */
const REFUSALS = new Set(['sign-in-refused', 'service-missing', 'certificate-changed', 'certificate-unknown']);
const REFUSED_MIN_MS = 15_000;
const REFUSED_MAX_MS = 5 * 60_000;

/** A subscription that has lived this long was none of a series of failures. */
const LIVED_MS = 30_000;

/** When the signal aborts while the camera is subscribing us, how long it may take: else its place is taken for nothing. */
const LINGER_MS = 2_000;

/** A subscription with less left than this is given up for a new one, if it cannot be renewed. */
const LAST_MS = 3_000;

/** A notification may have waited this long in the camera; one dated earlier has a clock that is no good. */
const MAX_AGE_MS = 60_000;

/** One subscription after another, until the signal aborts. */
export async function* listen(
  options: ListenOptions,
  states: MotionStates,
  signal: AbortSignal,
): AsyncGenerator<MotionChange[], void, undefined> {
  const { clock, report, random } = options;
  const backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS, random);
  const refused = new Backoff(REFUSED_MIN_MS, REFUSED_MAX_MS, random);
  const leftovers: PullPoint[] = [];
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    try {
      yield* listenOnce(options, states, leftovers, signal);
    } catch (error) {
      if (signal.aborted) return;
      const now = clock.monotonic();
      states.lose(now);
      if (now - startedAt > LIVED_MS) for (const one of [backoff, refused]) one.reset();
      const failure = failureOf(error);
      const retryMs = (REFUSALS.has(failure.code) ? refused : backoff).next();
      report?.({ state: 'lost', failure, retryMs });
      // Nothing happened, but what goes on ends sooner now.
      yield [];
      await clock.sleep(retryMs, signal);
    }
  }
}

/**
 * One connection, one subscription: everything up to the first thing that goes wrong. `leftovers` are subscriptions that could not
 * be given back while the camera did not answer: many cameras have a single place.
 */
async function* listenOnce(
  { connect, clock, report }: ListenOptions,
  states: MotionStates,
  leftovers: PullPoint[],
  signal: AbortSignal,
): AsyncGenerator<MotionChange[], void, undefined> {
  const caller = await connect(signal);
  await giveBack(leftovers, caller, clock);
  const pullPoint = await subscribe(caller, clock, signal);
  try {
    await synchronise(pullPoint, signal);
    let proven = false;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const until = Math.min(pullPoint.renewAt, states.nextQuestion() ?? Number.POSITIVE_INFINITY);
      // The first is short, because nothing is proven before its answer.
      const pulled = await pull(pullPoint, proven ? waitMs(startedAt, until) : SPACING_MS, clock, signal);
      if (!proven) report?.({ state: 'listening' });
      proven = true;
      yield observe(states, pulled, moment(clock));
      await clock.sleep(startedAt + SPACING_MS - clock.monotonic(), signal);
      await keepAlive(pullPoint, clock, signal);
      await ask(pullPoint, states, clock, signal);
    }
  } finally {
    if (!(await pullPoint.unsubscribe())) leftovers.push(pullPoint);
  }
}

async function giveBack(leftovers: PullPoint[], caller: EventCaller, clock: Clock): Promise<void> {
  const taken = leftovers.splice(0).filter(({ expiresAt }) => expiresAt > clock.monotonic());
  for (const one of taken) if (!(await one.unsubscribe(caller))) leftovers.push(one);
}

/** Not past the moment at which there is something else to do. */
function waitMs(now: number, until: number): number {
  return Math.min(PULL_MS, Math.max(SPACING_MS, until - now));
}

async function subscribe(caller: EventCaller, clock: Clock, signal: AbortSignal): Promise<PullPoint> {
  signal.throwIfAborted();
  const linger = new AbortController();
  const onAbort = () => void clock.sleep(LINGER_MS, linger.signal).then(() => linger.abort());
  signal.addEventListener('abort', onAbort);
  try {
    return await PullPoint.create(caller, clock, linger.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    linger.abort();
  }
}

async function ask(pullPoint: PullPoint, states: MotionStates, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted || clock.monotonic() < (states.nextQuestion() ?? Number.POSITIVE_INFINITY)) return;
  states.asked();
  await synchronise(pullPoint, signal);
}

/** Whoever cannot tell the present state will tell the next change; a subscription that is no good shows in the next pull. */
async function synchronise(pullPoint: PullPoint, signal: AbortSignal): Promise<void> {
  try {
    await pullPoint.synchronise(signal);
  } catch (error) {
    // Cameras refuse this in every way there is; what is no answer of a camera is a fault of ours.
    if (!(error instanceof Failure) && !signal.aborted) throw error;
  }
}

async function pull(pullPoint: PullPoint, waitMs: number, clock: Clock, signal: AbortSignal): Promise<Pulled> {
  const startedAt = clock.monotonic();
  try {
    return await pullPoint.pull(waitMs, MESSAGE_LIMIT, signal);
  } catch (error) {
    // Some close the connection when there is nothing to tell (home-assistant/core, onvif/event.py).
    const waited = clock.monotonic() - startedAt >= SPACING_MS;
    if (waited && wasHungUp(error)) return { notifications: [], cameraNow: undefined, grantedMs: undefined };
    throw error;
  }
}

function wasHungUp(error: unknown): boolean {
  const cause = error instanceof Failure && error.code === 'unreachable' ? error.cause : undefined;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
}

async function keepAlive(pullPoint: PullPoint, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted || clock.monotonic() < pullPoint.renewAt) return;
  try {
    await pullPoint.renew(signal);
  } catch (error) {
    if (signal.aborted || pullPoint.expiresAt - clock.monotonic() < LAST_MS) throw error;
  }
}

function observe(states: MotionStates, pulled: Pulled, now: Moment): MotionChange[] {
  return pulled.notifications.flatMap((notification) => {
    const at = now.wall - ageOf(notification, pulled);
    return motionSignals(notification).flatMap((signal) => states.observe(signal, now, at));
  });
}

/** How long ago it happened, by the camera's clock alone: whether that clock is right does not matter. */
function ageOf({ cameraAt }: Notification, { cameraNow }: Pulled): number {
  if (cameraAt === undefined || cameraNow === undefined) return 0;
  const age = cameraNow - cameraAt;
  return age >= 0 && age <= MAX_AGE_MS ? age : 0;
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(messageOf(error), { kind: 'transient', code: 'events-lost', cause: error });
}
