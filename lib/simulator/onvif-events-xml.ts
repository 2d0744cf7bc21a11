import type { EventHabits } from './persona.js';
import { escapeXml, leaf, tag } from './soap-reply.js';
import type { MotionEvent } from './subscriptions.js';

const DIALECT = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';

const ZERO = '0000-00-00T00:00:00Z';

/** As cameras write times: to the second, in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Both times of a reply about a subscription; nothing for a camera that leaves them out. */
export function timesXml(now: number, lifetimeMs: number, leavesOut: boolean): string {
  if (leavesOut) return '';
  return leaf('wsnt:CurrentTime', timeText(now)) + leaf('wsnt:TerminationTime', timeText(now + lifetimeMs));
}

export interface NotificationFacts {
  habits: EventHabits;
  /** By the camera's clock; undefined: 0000-00-00. */
  at: number | undefined;
  address: string;
}

export function notificationXml({ signal, active, operation }: MotionEvent, facts: NotificationFacts): string {
  const { habits, at, address } = facts;
  const { topic, source, item } = signal;
  const value = habits.numeric ? Number(active) : active;
  const time = at === undefined ? ZERO : timeText(at);
  const sources = Object.entries(source).map(([name, text]) => simpleItem(name, text));
  return tag(
    'wsnt:NotificationMessage',
    tag('wsnt:SubscriptionReference', leaf('wsa:Address', address)),
    tag(`wsnt:Topic Dialect="${DIALECT}"${declarations(habits)}`, escapeXml(topic + (habits.topicTail ?? ''))),
    tag(
      'wsnt:Message',
      tag(
        `tt:Message UtcTime="${time}" PropertyOperation="${operation}"`,
        tag('tt:Source', ...sources),
        tag('tt:Data', simpleItem(item, String(value))),
      ),
    ),
  );
}

/** What it can report: its topics as a tree, and how each message looks. */
export function eventPropertiesXml(habits: EventHabits): string {
  const root: Topic = { children: new Map(), messages: [] };
  for (const { topic, source, item } of habits.signals) {
    let at = root;
    for (const part of topic.split('/')) {
      const next: Topic = at.children.get(part) ?? { children: new Map(), messages: [] };
      at.children.set(part, next);
      at = next;
    }
    at.messages.push(description(Object.keys(source), item));
  }
  return tag(
    'tev:GetEventPropertiesResponse',
    leaf('tev:TopicNamespaceLocation', 'http://www.onvif.org/onvif/ver10/topics/topicns.xml'),
    leaf('wsnt:FixedTopicSet', true),
    tag(`wstop:TopicSet xmlns:wstop="http://docs.oasis-open.org/wsn/t-1"${declarations(habits)}`, topicXml(root)),
    leaf('wsnt:TopicExpressionDialect', DIALECT),
    leaf('tev:MessageContentFilterDialect', 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter'),
    leaf('tev:MessageContentSchemaLocation', 'http://www.onvif.org/onvif/ver10/schema/onvif.xsd'),
  );
}

interface Topic {
  children: Map<string, Topic>;
  messages: string[];
}

function topicXml({ children, messages }: Topic): string {
  const inner = [...children].map(([part, topic]) =>
    tag(topic.messages.length > 0 ? `${part} wstop:topic="true"` : part, topicXml(topic)),
  );
  return messages.join('') + inner.join('');
}

function description(sources: readonly string[], item: string): string {
  const items = (names: readonly string[], type: string) =>
    names.map((name) => `<tt:SimpleItemDescription Name="${escapeXml(name)}" Type="${type}"/>`).join('');
  return tag(
    'tt:MessageDescription IsProperty="true"',
    tag('tt:Source', items(sources, 'tt:ReferenceToken')),
    tag('tt:Data', items([item], 'xs:boolean')),
  );
}

function simpleItem(name: string, value: string): string {
  return `<tt:SimpleItem Name="${escapeXml(name)}" Value="${escapeXml(value)}"/>`;
}

function declarations({ namespaces = {} }: EventHabits): string {
  return Object.entries(namespaces)
    .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
    .join('');
}
