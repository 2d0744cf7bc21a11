import { child, children, textAt, type XmlElement } from './xml.js';

/** One notification as the camera worded it: names without namespaces, values as text. */
export interface Notification {
  topic: string;
  /** `Initialized` for the present state, `Changed`, `Deleted`; undefined for what is no property. */
  operation: string | undefined;
  /** The camera's own time of it, UTC ms; undefined where it is missing or no date. */
  cameraAt: number | undefined;
  source: ReadonlyMap<string, string>;
  data: ReadonlyMap<string, string>;
}

/** What PullMessages answered. */
export interface Pulled {
  notifications: Notification[];
  /** The camera's clock as it answered, UTC ms; undefined where it is missing or no date. */
  cameraNow: number | undefined;
  /** How long the subscription lives from now on, as far as the reply tells. */
  grantedMs: number | undefined;
}

/** More in one reply is no honest camera: we ask for fewer. The rest is left out. */
const MAX_NOTIFICATIONS = 1_000;

export function readPulled(response: XmlElement): Pulled {
  const notifications = children(response, 'NotificationMessage').slice(0, MAX_NOTIFICATIONS).map(readNotification);
  return {
    notifications,
    cameraNow: parseTime(textAt(response, 'CurrentTime')),
    grantedMs: grantedMs(response),
  };
}

/** Between the two times of a reply; undefined where one is missing, or they make no sense. */
export function grantedMs(response: XmlElement): number | undefined {
  const [now, end] = [parseTime(textAt(response, 'CurrentTime')), parseTime(textAt(response, 'TerminationTime'))];
  return now !== undefined && end !== undefined && end > now ? end - now : undefined;
}

function readNotification(element: XmlElement): Notification {
  const holder = child(element, 'Message');
  // Some firmware leaves out the inner of the two elements of this name.
  const message = child(holder, 'Message') ?? holder;
  return {
    topic: textAt(element, 'Topic') ?? '',
    operation: message?.attributes.PropertyOperation,
    cameraAt: parseTime(message?.attributes.UtcTime),
    source: readItems(child(message, 'Source')),
    data: readItems(child(message, 'Data')),
  };
}

function readItems(element: XmlElement | undefined): Map<string, string> {
  return new Map(
    children(element, 'SimpleItem').map(({ attributes }) => [attributes.Name ?? '', attributes.Value ?? '']),
  );
}

/** UTC milliseconds; undefined for `0000-00-00T00:00:00Z` (Hikvision) and other dates that are none. A zone left out is UTC. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const hasZone = /(?:z|[+-]\d\d:?\d\d)$/i.test(text);
  const time = Date.parse(hasZone ? text : `${text}Z`);
  return Number.isNaN(time) ? undefined : time;
}
