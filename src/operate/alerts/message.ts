import type { News } from '../../ledger/alerts.js';

/** One message: all that somebody has yet to hear, so that forty cameras behind one switch are one message. */
export interface AlertMessage {
  title: string;
  /** For people: a line for each piece of news. */
  text: string;
  /** Whether anything in it is wrong now; else all of it is over. */
  isUrgent: boolean;
  /** The JSON that programs get. */
  body: Record<string, unknown>;
}

/** `at`: UTC milliseconds. What began and ended before anybody heard of it is told as both. */
export function alertMessage(site: string, news: readonly News[], at: number): AlertMessage {
  const begun = news.filter(({ what }) => what === 'begun').map(({ alert }) => alert);
  const ended = news.filter(({ what }) => what === 'ended').map(({ alert }) => alert);
  const lines = [
    ...begun.map((alert) => `${time(alert.begunAt)} ${alert.text}`),
    ...ended.map((alert) => `OVER since ${time(alert.endedAt!)}: ${alert.text}`),
  ];
  const sums = [
    ...(begun.length > 0 ? [begun.length === 1 ? 'a problem' : `${begun.length} problems`] : []),
    ...(ended.length > 0 ? [ended.length === 1 ? 'one over' : `${ended.length} over`] : []),
  ];
  const asJson = ({ condition, text, begunAt, endedAt }: News['alert']) => ({
    ...{ id: condition, text, begunAt: time(begunAt) },
    ...(endedAt !== undefined && { endedAt: time(endedAt) }),
  });
  return compose(site, `nvr-uplink ${site}: ${sums.join(', ')}`, lines.join('\n'), begun.length > 0, at, {
    event: 'alert',
    begun: begun.map(asJson),
    ended: ended.map(asJson),
  });
}

export function testMessage(site: string, at: number): AlertMessage {
  const text = 'This is a test: alerts of this recorder arrive here.';
  return compose(site, `nvr-uplink ${site}: test`, text, false, at, { event: 'test', begun: [], ended: [] });
}

function compose(
  site: string,
  title: string,
  text: string,
  isUrgent: boolean,
  at: number,
  more: Record<string, unknown>,
): AlertMessage {
  const whole = `${title}\n${text}`;
  // Chat services look for their text under one of these names.
  return {
    title,
    text,
    isUrgent,
    body: { site, at: time(at), title, ...more, text: whole, content: whole.slice(0, 2_000) },
  };
}

function time(at: number): string {
  return new Date(at).toISOString();
}
