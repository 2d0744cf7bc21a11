/**
 * What the address of the timeline says: `?camera=&t=&beside=&span=&speed=`. Copied to somebody else it shows the same cameras
 * at the same moment, zoomed and as fast. No DOM here: unit-tested.
 */

import { MIN_VIEW_MS } from './model.js';

export interface Address {
  camera?: string;
  /** UTC ms. */
  time?: number;
  /** Further cameras on screen. */
  beside: string[];
  /** How much time the bars show, in ms; the whole day when absent. */
  span?: number;
  speed: number;
}

/** Whatever cannot be read is left out: an old or mangled link still opens the page. */
export function readAddress(params: URLSearchParams, speeds: readonly number[]): Address {
  const time = Date.parse(params.get('t') ?? '');
  const span = readSpan(params.get('span') ?? '');
  const speed = Number(params.get('speed') ?? 1);
  return {
    camera: params.get('camera') ?? undefined,
    time: Number.isNaN(time) ? undefined : time,
    beside: (params.get('beside') ?? '').split(',').filter(Boolean),
    ...(span !== undefined && { span }),
    speed: speeds.includes(speed) ? speed : 1,
  };
}

/** What to write: an empty text takes the word out of the address. */
export function writeAddress({ camera, time, beside, span, speed }: Address): Record<string, string> {
  return {
    camera: camera ?? '',
    t: time === undefined ? '' : new Date(time).toISOString().replace(/\.\d+/, ''),
    beside: beside.join(','),
    span: span === undefined ? '' : writeSpan(span),
    speed: speed === 1 ? '' : String(speed),
  };
}

const UNITS_MS = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** `2h`, `15m`, `90s`. */
function writeSpan(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function readSpan(text: string): number | undefined {
  const match = /^(\d{1,6})([hms])$/.exec(text);
  if (!match) return undefined;
  return Math.max(MIN_VIEW_MS, Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS]);
}
