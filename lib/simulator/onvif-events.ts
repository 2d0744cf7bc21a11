import { eventPropertiesXml, notificationXml, timesXml } from './onvif-events-xml.js';
import type { Call, Device, Operation, ServiceFactory } from './onvif-service.js';
import { findAll, textAt } from './soap.js';
import { badValue, leaf, SoapFault, tag } from './soap-reply.js';
import type { MotionEvent, Subscription } from './subscriptions.js';

/** Of WS-Notification: those operations that are not ONVIF's own. */
const NOTIFICATION = 'http://docs.oasis-open.org/wsn/b-2';

/** Granted to who asks for nothing. */
const USUAL_MS = 60_000;

/** A poll may ask for no more than this, nor for more messages at once. */
const LONGEST_POLL_MS = 120_000;
const MOST_MESSAGES = 1_024;

/** Motion events by pull points (ONVIF core, 9): what a camera saw, told to whoever subscribed. */
export const eventsService: ServiceFactory = (device) => {
  const { subscriptions, persona } = device;
  return {
    name: 'events',
    operations: counted(device, operations(device)),
    namespaces: [NOTIFICATION],
    claims: (path) => numberOf(device, path) !== undefined && persona.events.referenceParameters === undefined,
    close: () => subscriptions.clear(),
  };
};

function operations(device: Device): Record<string, Operation> {
  const { subscriptions, persona, faults, clock } = device;
  const habits = persona.events;
  return {
    GetServiceCapabilities: () =>
      tag(
        'tev:GetServiceCapabilitiesResponse',
        `<tev:Capabilities WSSubscriptionPolicySupport="true" WSPullPointSupport="${!habits.deniesPullPoint}" ` +
          `MaxPullPoints="${habits.slots}" PersistentNotificationStorage="false"/>`,
      ),
    GetEventProperties: () => eventPropertiesXml(habits),
    CreatePullPointSubscription: (call) => {
      if (faults.has('no-subscription')) throw new SoapFault('Receiver', ['ActionNotSupported'], 'No pull points');
      const lifetimeMs = lifetimeOf(device, textAt(call.request.body, 'InitialTerminationTime'));
      const subscription = subscriptions.create(lifetimeMs);
      if (!subscription) throw new SoapFault('Receiver', ['SubscribeCreationFailed'], 'Too many subscriptions');
      const parameters = habits.referenceParameters?.(subscription.number);
      return tag(
        'tev:CreatePullPointSubscriptionResponse',
        tag(
          'tev:SubscriptionReference',
          leaf('wsa:Address', addressOf(device, call, subscription)),
          parameters === undefined ? '' : tag('wsa:ReferenceParameters', parameters),
        ),
        timesXml(clock.now(), Math.min(lifetimeMs, habits.longestMs), faults.has('no-times')),
      );
    },
    PullMessages: async (call) => {
      const subscription = subscriptionOf(device, call);
      const { body } = call.request;
      const waitMs = Math.min(durationOf('Timeout', textAt(body, 'Timeout')), LONGEST_POLL_MS);
      const limit = Number(textAt(body, 'MessageLimit'));
      if (!Number.isInteger(limit) || limit < 1) throw badValue('MessageLimit', textAt(body, 'MessageLimit'));
      if (!faults.has('hot-pull')) await subscriptions.wait(subscription, waitMs, call.signal);
      // Who hung up is told nothing, so that nothing is lost.
      const events = call.signal.aborted ? [] : subscription.queue.splice(0, Math.min(limit, MOST_MESSAGES));
      return tag(
        'tev:PullMessagesResponse',
        timesXml(clock.now(), leftOf(device, subscription), faults.has('no-times')),
        ...events.map((event) => eventXml(device, call, subscription, event)),
      );
    },
    SetSynchronizationPoint: (call) => {
      subscriptions.synchronise(subscriptionOf(device, call));
      return '<tev:SetSynchronizationPointResponse/>';
    },
    Renew: (call) => {
      const needsId = habits.needsMessageId || faults.has('needs-message-id');
      const hasId = findAll(call.request.header, 'MessageID').some(({ text }) => text !== '');
      if (needsId && !hasId) throw new SoapFault('Sender', ['InvalidArgVal'], 'wsa:MessageID is missing');
      const subscription = subscriptionOf(device, call);
      const lifetimeMs = lifetimeOf(device, textAt(call.request.body, 'TerminationTime'));
      const granted = subscriptions.renew(subscription, lifetimeMs);
      return tag('wsnt:RenewResponse', timesXml(clock.now(), granted, faults.has('no-times')));
    },
    Unsubscribe: (call) => {
      subscriptions.remove(subscriptionOf(device, call));
      return '<wsnt:UnsubscribeResponse/>';
    },
  };
}

function counted({ subscriptions }: Device, table: Record<string, Operation>): Record<string, Operation> {
  const entries = Object.entries(table).map(([name, operation]): [string, Operation] => [
    name,
    (call) => {
      subscriptions.count(name);
      return operation(call);
    },
  ]);
  return Object.fromEntries(entries);
}

function addressOf(device: Device, call: Call, { number }: Subscription): string {
  const path = device.persona.events.subscriptionPath(number);
  const wrong = device.faults.get('subscription-host');
  return wrong ? `http://${wrong}${path}` : device.url(call, path);
}

/** By its path, or where all share one by the reference parameters that came back. */
function subscriptionOf(device: Device, call: Call): Subscription {
  const { persona, subscriptions } = device;
  const number = persona.events.referenceParameters ? namedBy(device, call) : numberOf(device, call.path);
  const found = number === undefined ? undefined : subscriptions.find(number);
  if (!found) throw new SoapFault('Receiver', ['ResourceUnknown'], 'No such subscription');
  return found;
}

function numberOf({ persona, subscriptions }: Device, path: string): number | undefined {
  for (let number = subscriptions.created - 1; number >= 0; number--) {
    if (persona.events.subscriptionPath(number) === path) return number;
  }
  return undefined;
}

function namedBy({ persona, subscriptions }: Device, { request }: Call): number | undefined {
  const headers = request.header?.children ?? [];
  for (let number = subscriptions.created - 1; number >= 0; number--) {
    const wanted = /<(?:[\w.-]+:)?([\w.-]+)[^>]*>([^<]*)</.exec(persona.events.referenceParameters!(number));
    if (headers.some(({ name, text }) => name === wanted?.[1] && text === wanted?.[2])) return number;
  }
  return undefined;
}

function eventXml(device: Device, call: Call, subscription: Subscription, event: MotionEvent): string {
  const { persona, clock, faults } = device;
  const zero = persona.events.zeroTimes || faults.has('zero-times');
  const at = clock.now() - (clock.monotonic() - event.at);
  const address = addressOf(device, call, subscription);
  return notificationXml(event, { habits: persona.events, at: zero ? undefined : at, address });
}

function leftOf({ clock }: Device, { expiresAt }: Subscription): number {
  return Math.max(0, expiresAt - clock.monotonic());
}

/** From a duration, or a time by the camera's clock. */
function lifetimeOf({ persona, clock }: Device, text: string | undefined): number {
  if (text === undefined || text === '') return USUAL_MS;
  if (text.startsWith('P')) return durationOf('TerminationTime', text);
  if (persona.events.wantsZulu && !text.endsWith('Z')) throw badValue('TerminationTime', text);
  const lifetimeMs = Date.parse(text) - clock.now();
  if (!(lifetimeMs > 0)) throw badValue('TerminationTime', text);
  return lifetimeMs;
}

/** `PT1M30S` and its like, up to days. */
function durationOf(what: string, text: string | undefined): number {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text ?? '');
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match?.slice(1) ?? []).map((part) => Number(part ?? 0));
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
  if (!match || ms <= 0) throw badValue(what, text);
  return ms;
}
