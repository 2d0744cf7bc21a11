import { Failure } from '../errors.js';
import type { OnvifConnection } from './connection.js';
import { SoapFault } from './failures.js';
import { nameOf } from './target.js';
import { children, escapeXml, textAt, type XmlElement } from './xml.js';

/** An interval by the camera's clock, UTC milliseconds. */
export interface RecordedSpan {
  start: number;
  end: number;
}

/** What a camera has recorded by itself of an interval, and where it is played from (Profile G). */
export interface CameraRecording {
  token: string;
  /** By start, cut to the interval; empty if there are no pictures of it. */
  spans: RecordedSpan[];
  /** RTSP, on the host the camera was reached by, without user and password. */
  uri: string;
}

export interface FindOptions extends RecordedSpan {
  /** Which of its pictures, from 1, where one device has several. */
  channel?: number;
  signal: AbortSignal;
}

const SEARCH = 'http://www.onvif.org/ver10/search/wsdl';
const REPLAY = 'http://www.onvif.org/ver10/replay/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

/** A search that has not ended by then is given up; each call has a deadline of its own. */
const MOST_PAGES = 50;

/** For all of it: cards are slow. */
const FIND_MS = 60_000;

/**
 * Looks for what the camera itself recorded of an interval. Rejects with `service-missing` (no Profile G), `no-recordings` (no card,
 * or nothing on it), or as `OnvifConnection.call` does.
 */
export async function findRecording(connection: OnvifConnection, options: FindOptions): Promise<CameraRecording> {
  for (const service of ['search', 'replay'] as const) {
    if (!connection.has(service)) throw missing(connection, service);
  }
  return await connection.within(FIND_MS, options.signal, async (signal) => {
    const found = await recordings(connection, signal);
    const one = found[(options.channel ?? 1) - 1];
    if (!one) throw none(connection, found.length, options.channel ?? 1);
    const spans = (await history(connection, one, options, signal)) ?? [one];
    const body = `<GetReplayUri xmlns="${REPLAY}"><StreamSetup><Stream xmlns="${SCHEMA}">RTP-Unicast</Stream><Transport xmlns="${SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup><RecordingToken>${escapeXml(one.token)}</RecordingToken></GetReplayUri>`;
    const uri = textAt(await connection.call({ service: 'replay', body, signal }), 'Uri');
    if (uri === undefined) throw none(connection, found.length, options.channel ?? 1);
    return { token: one.token, spans: cut(spans, options), uri: connection.rewrite(uri) };
  });
}

interface Found extends RecordedSpan {
  token: string;
}

/** Those with pictures, in the camera's own order. */
async function recordings(connection: OnvifConnection, signal: AbortSignal): Promise<Found[]> {
  const begin = `<FindRecordings xmlns="${SEARCH}"><Scope/><KeepAliveTime>PT30S</KeepAliveTime></FindRecordings>`;
  const results = await search(connection, begin, 'GetRecordingSearchResults', 'RecordingInformation', signal);
  return results.flatMap((result) => {
    const token = textAt(result, 'RecordingToken');
    const tracks = children(result, 'Track').filter((track) => textAt(track, 'TrackType')?.toLowerCase() === 'video');
    if (token === undefined || tracks.length === 0) return [];
    const start = time(textAt(result, 'EarliestRecording') ?? textAt(tracks[0]!, 'DataFrom'));
    const end = time(textAt(result, 'LatestRecording') ?? textAt(tracks[0]!, 'DataTo'));
    // What goes on has no end that could be relied on.
    const goesOn = textAt(result, 'RecordingStatus')?.toLowerCase() === 'recording';
    return [{ token, start: start ?? 0, end: goesOn || end === undefined ? Number.MAX_SAFE_INTEGER : end }];
  });
}

/** When there were pictures; undefined where the camera keeps no history. */
async function history(
  connection: OnvifConnection,
  { token }: Found,
  { start, end }: FindOptions,
  signal: AbortSignal,
): Promise<RecordedSpan[] | undefined> {
  const scope = `<Scope><IncludedRecordings xmlns="${SCHEMA}">${escapeXml(token)}</IncludedRecordings></Scope>`;
  const begin =
    `<FindEvents xmlns="${SEARCH}"><StartPoint>${iso(start)}</StartPoint><EndPoint>${iso(end)}</EndPoint>${scope}` +
    '<SearchFilter/><IncludeStartState>true</IncludeStartState><KeepAliveTime>PT30S</KeepAliveTime></FindEvents>';
  let results: XmlElement[];
  try {
    results = await search(connection, begin, 'GetEventSearchResults', 'Result', signal);
  } catch (error) {
    if (error instanceof SoapFault) return undefined;
    throw error;
  }
  const states = results.flatMap((result) => stateOf(result, token)).sort((a, b) => a.at - b.at);
  // Firmware that searches, and finds nothing to say, has not said that there is nothing.
  if (states.length === 0) return undefined;
  return states.flatMap(({ at, present }, index) => {
    const until = states[index + 1]?.at ?? end;
    return present && until > at ? [{ start: at, end: until }] : [];
  });
}

/** What `RecordingHistory/Track/State` says of the pictures of a recording. */
function stateOf(result: XmlElement, token: string): { at: number; present: boolean }[] {
  const topic = textAt(result, 'Event', 'Topic') ?? '';
  const at = time(textAt(result, 'Time'));
  if (!/RecordingHistory\/Track\/State/.test(topic) || at === undefined) return [];
  if ((textAt(result, 'RecordingToken') ?? token) !== token) return [];
  const items = descendants(result, 'SimpleItem').map(({ attributes }) => attributes);
  const present = items.find(({ Name }) => Name === 'IsDataPresent')?.Value?.toLowerCase();
  if (present === undefined || /audio|metadata/i.test(textAt(result, 'TrackToken') ?? '')) return [];
  return [{ at, present: present === 'true' || present === '1' }];
}

/** All results of one search, which is ended in any case: cameras bear few at once. */
async function search(
  connection: OnvifConnection,
  begin: string,
  operation: string,
  name: string,
  signal: AbortSignal,
): Promise<XmlElement[]> {
  const call = (body: string, deadlineMs?: number) =>
    connection.call({ service: 'search', body, signal, ...(deadlineMs && { deadlineMs }) });
  const token = `<SearchToken>${escapeXml(textAt(await call(begin), 'SearchToken') ?? '')}</SearchToken>`;
  const found: XmlElement[] = [];
  try {
    for (let page = 0; page < MOST_PAGES; page++) {
      const body = `<${operation} xmlns="${SEARCH}">${token}<MinResults>1</MinResults><MaxResults>100</MaxResults><WaitTime>PT5S</WaitTime></${operation}>`;
      const [list] = children(await call(body, 15_000), 'ResultList');
      if (!list) break;
      found.push(...children(list, name));
      if (/completed/i.test(textAt(list, 'SearchState') ?? 'completed')) break;
    }
  } finally {
    // Over by itself in half a minute where this fails.
    await call(`<EndSearch xmlns="${SEARCH}">${token}</EndSearch>`).catch(() => undefined);
  }
  return found;
}

function descendants(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((one) => [...(one.name === name ? [one] : []), ...descendants(one, name)]);
}

function cut(spans: readonly RecordedSpan[], { start, end }: RecordedSpan): RecordedSpan[] {
  return spans
    .map((span) => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) }))
    .filter((span) => span.end > span.start)
    .sort((a, b) => a.start - b.start);
}

function iso(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}

function time(text: string | undefined): number | undefined {
  const value = Date.parse(text ?? '');
  return Number.isNaN(value) ? undefined : value;
}

function missing(connection: OnvifConnection, service: string): Failure {
  return new Failure(`${nameOf(connection.target)} has no Profile G (no ${service} service)`, {
    kind: 'permanent',
    code: 'service-missing',
    hint: 'What it records by itself cannot be had over ONVIF: leave `backfill` out for this camera, or look for newer firmware.',
  });
}

function none(connection: OnvifConnection, count: number, channel: number): Failure {
  const what = count === 0 ? 'has recorded nothing by itself' : `has no recording of channel ${channel}`;
  return new Failure(`${nameOf(connection.target)} ${what}`, {
    kind: 'permanent',
    code: 'no-recordings',
    hint: 'Look in its settings whether an SD card is in it, formatted, and recording all the time.',
  });
}
