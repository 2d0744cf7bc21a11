import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { SoapFault } from './failures.js';
import { grantedMs, type Pulled, readPulled } from './notifications.js';
import { referenceParameters } from './reference.js';
import { type OnvifTarget, originOf } from './target.js';
import { textAt, type XmlElement } from './xml.js';

/** What a subscription needs of an `OnvifConnection`. */
export interface EventCaller {
  readonly target: OnvifTarget;
  call(request: EventRequest): Promise<XmlElement>;
  rewrite(uri: string): string;
}

export interface EventRequest {
  service: 'events';
  /** The subscription's address as the camera wrote it; the service's own without it. */
  url?: string;
  body: string;
  action: string;
  /** Reference parameters. */
  headers?: string;
  deadlineMs: number;
  signal?: AbortSignal;
}

/**
 * Asked for, and so renewed every minute. Shorter would upset some (Tapo: home-assistant/core, onvif/event.py); longer, and a place
 * lost to a crash would stay taken, where many cameras have one.
 */
const ASKED_FOR = 'PT2M';

/** Taken for granted where the camera does not say. It is what many grant whatever they are asked. */
const UNKNOWN_MS = 60_000;

/** A camera that claims more is renewed all the same: nobody notices a subscription lost in between. */
const LONGEST_MS = 60 * 60_000;

const CALL_MS = 8_000;

/** How long after the end of a long poll its reply may come. */
const LATE_MS = 4_000;

/** Unsubscribing holds up whoever stops, so a camera that does not answer is not waited for. */
const UNSUBSCRIBE_MS = 2_000;

const EVENTS = 'http://www.onvif.org/ver10/events/wsdl';
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';

const ACTIONS = {
  create: `${EVENTS}/EventPortType/CreatePullPointSubscriptionRequest`,
  pull: `${EVENTS}/PullPointSubscription/PullMessagesRequest`,
  synchronise: `${EVENTS}/PullPointSubscription/SetSynchronizationPointRequest`,
  renew: 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest',
  unsubscribe: 'http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest',
};

/** One subscription to a camera's events. It knows when it ends, whatever the camera's clock says. */
export class PullPoint {
  #caller: EventCaller;
  readonly #clock: Clock;
  readonly #headers: string;
  #url: string;
  /** Something has answered at the address. */
  #isProven = false;
  /** Monotonic. */
  #expiresAt = 0;
  #renewAt = 0;

  private constructor(caller: EventCaller, clock: Clock, reply: XmlElement) {
    const address = textAt(reply, 'SubscriptionReference', 'Address');
    if (!address) throw noAddress();
    this.#caller = caller;
    this.#clock = clock;
    this.#url = address;
    this.#headers = referenceParameters(reply);
    this.#grant(grantedMs(reply) ?? UNKNOWN_MS);
  }

  /** Subscribes. Once the camera may have heard it, `signal` should leave it the time to answer, else its place is lost. */
  static async create(caller: EventCaller, clock: Clock, signal: AbortSignal): Promise<PullPoint> {
    const body =
      `<CreatePullPointSubscription xmlns="${EVENTS}"><InitialTerminationTime>${ASKED_FOR}</InitialTerminationTime>` +
      '</CreatePullPointSubscription>';
    const request = { service: 'events', body, action: ACTIONS.create, deadlineMs: CALL_MS, signal } as const;
    const reply = await caller.call(request).catch((error: unknown) => {
      throw error instanceof SoapFault ? refusedFailure(error) : error;
    });
    return new PullPoint(caller, clock, reply);
  }

  /** Monotonic: from when on the subscription no longer is. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  /** Monotonic: when it should be renewed. Half of what was granted, then of what is left, for as long as that fails. */
  get renewAt(): number {
    return this.#renewAt;
  }

  /** Waits up to `waitMs` for news. */
  async pull(waitMs: number, limit: number, signal: AbortSignal): Promise<Pulled> {
    const body =
      `<PullMessages xmlns="${EVENTS}"><Timeout>PT${Math.ceil(waitMs / 1000)}S</Timeout>` +
      `<MessageLimit>${limit}</MessageLimit></PullMessages>`;
    const pulled = readPulled(await this.#call(ACTIONS.pull, body, waitMs + LATE_MS, signal));
    // Pulling prolongs it with some makers, and with others the time told here is that of the reply: it never shortens.
    const expiresAt = this.#clock.monotonic() + Math.min(pulled.grantedMs ?? 0, LONGEST_MS);
    this.#expiresAt = Math.max(this.#expiresAt, expiresAt);
    return pulled;
  }

  /** Asks for the present state of everything, as `Initialized` notifications. */
  async synchronise(signal: AbortSignal): Promise<void> {
    await this.#call(ACTIONS.synchronise, `<SetSynchronizationPoint xmlns="${EVENTS}"/>`, CALL_MS, signal);
  }

  async renew(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#renewAt = now + (this.#expiresAt - now) / 2;
    const body = `<Renew xmlns="${NOTIFICATION}"><TerminationTime>${ASKED_FOR}</TerminationTime></Renew>`;
    const reply = await this.#call(ACTIONS.renew, body, CALL_MS, signal);
    this.#grant(grantedMs(reply) ?? UNKNOWN_MS);
  }

  /**
   * Gives its place at the camera back; through another connection if one is given. False if nobody answered, so that its place
   * is still taken. Never throws: a camera that restarted knows nothing of it, and says so.
   */
  async unsubscribe(caller = this.#caller): Promise<boolean> {
    this.#caller = caller;
    const body = `<Unsubscribe xmlns="${NOTIFICATION}"/>`;
    try {
      await this.#call(ACTIONS.unsubscribe, body, UNSUBSCRIBE_MS);
      return true;
    } catch (error) {
      return !isSilence(error);
    }
  }

  #grant(ms: number): void {
    const now = this.#clock.monotonic();
    const granted = Math.min(ms, LONGEST_MS);
    this.#expiresAt = now + granted;
    this.#renewAt = now + granted / 2;
  }

  async #call(action: string, body: string, deadlineMs: number, signal?: AbortSignal): Promise<XmlElement> {
    const request = { service: 'events', body, action, headers: this.#headers, deadlineMs, signal } as const;
    try {
      const reply = await this.#caller.call({ ...request, url: this.#url });
      this.#isProven = true;
      return reply;
    } catch (error) {
      const other = this.#otherAddress(error);
      if (other === undefined || signal?.aborted) throw error;
      this.#url = other;
      return await this.#caller.call({ ...request, url: other });
    }
  }

  /**
   * A port of its own that nobody answers at, as behind NAT, or as old Tapo firmware names one that was closed by an update
   * (home-assistant/core#91661): then the same path where the camera answers everything else.
   */
  #otherAddress(error: unknown): string | undefined {
    if (this.#isProven || !isSilence(error)) return undefined;
    this.#isProven = true;
    const reached = new URL(this.#caller.rewrite(this.#url));
    const other = originOf(this.#caller.target) + reached.pathname + reached.search;
    return reached.href === new URL(other).href ? undefined : other;
  }
}

/** Whether nobody answered, in whatever words. */
function isSilence(error: unknown): boolean {
  return !(error instanceof Failure) || ['unreachable', 'timed-out', 'aborted'].includes(error.code);
}

function refusedFailure(fault: SoapFault): Failure {
  return new Failure(`The camera lets nobody subscribe to its events: ${fault.message}`, {
    kind: 'transient',
    code: 'subscription-refused',
    hint: 'Others who listen may take its places (a recorder, Home Assistant): stop one, or restart the camera. Some want events switched on.',
    cause: fault,
  });
}

function noAddress(): Failure {
  return new Failure('The camera accepted the subscription to its events but does not say where to ask for them', {
    kind: 'transient',
    code: 'not-onvif',
    hint: 'Restart the camera, and look whether its maker has newer firmware.',
  });
}
