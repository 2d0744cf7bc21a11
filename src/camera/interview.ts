import type { OnvifConnection, OnvifIdentity, ServiceName } from '../../lib/onvif/connection.js';
import { chooseStreams, type OnvifStream, streams } from '../../lib/onvif/media.js';
import { children, textAt } from '../../lib/onvif/xml.js';
import { optional } from './optional.js';

/** One picture source: a camera has one, a recorder one for each camera on it. */
export interface Channel {
  /** From 1. */
  number: number;
  main: OnvifStream;
  sub: OnvifStream | undefined;
}

/** What a camera tells whoever may sign in. */
export interface Interview {
  identity: OnvifIdentity;
  /** ONVIF profiles by their letters: `S`, `T`, `G`, `M`. */
  profiles: string[];
  channels: Channel[];
  all: OnvifStream[];
}

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';

export async function interview(connection: OnvifConnection, signal: AbortSignal): Promise<Interview> {
  const identity = await connection.identity();
  const all = await streams(connection, { signal });
  const body = `<GetScopes xmlns="${DEVICE}"/>`;
  const reply = await optional(connection.call({ service: 'device', body, signal }));
  const scopes = children(reply, 'Scopes').map((one) => textAt(one, 'ScopeItem') ?? '');
  return { identity, profiles: profileLetters(scopes, (name) => connection.has(name)), channels: channelsOf(all), all };
}

/** In the order the camera names its sources. */
export function channelsOf(all: readonly OnvifStream[]): Channel[] {
  const sources = [...new Set(all.map(({ source }) => source))];
  return sources.flatMap((source, index) => {
    const { main, sub } = chooseStreams(all, source);
    return main ? [{ number: index + 1, main, sub }] : [];
  });
}

const CLAIMED = /^onvif:\/\/www\.onvif\.org\/Profile\/(\w+)/i;

/** As the scopes claim; a camera without claims is judged by its services. */
export function profileLetters(scopes: readonly string[], has: (service: ServiceName) => boolean): string[] {
  const claimed = scopes.flatMap((scope) => CLAIMED.exec(scope)?.[1] ?? []);
  const letters = claimed.map((name) => (/^streaming$/i.test(name) ? 'S' : name.toUpperCase()));
  if (letters.length === 0) {
    if (has('media')) letters.push('S');
    if (has('media2')) letters.push('T');
    if (has('recording') && has('search') && has('replay')) letters.push('G');
  }
  return [...new Set(letters)].filter((letter) => /^[A-Z]$/.test(letter)).sort((a, b) => rank(a) - rank(b));
}

/** Streaming first, then what builds on it. */
function rank(letter: string): number {
  const order = 'STGM';
  return order.includes(letter) ? order.indexOf(letter) : order.length + letter.charCodeAt(0);
}

/** Whose picture is asked for: the main stream's by default, so that only a recorder's further channels must be said. */
export function snapshotProfile(channel: Channel | undefined): string | undefined {
  return channel && channel.number > 1 ? channel.main.token : undefined;
}
