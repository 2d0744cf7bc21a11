import { createHash } from 'node:crypto';
import { type GapEntry, type MediaEntry, mediaKey, type OffEntry } from '../../src/segment.js';

/** Times in tests: `at('2026-05-03', '02:10')`. */
export function at(day: string, time = '00:00:00'): number {
  return Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}Z`);
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A segment whose file holds its own key as text. */
export function segment(camera: string, start: number, end: number, more: Partial<MediaEntry> = {}): MediaEntry {
  const kind = more.kind ?? 'continuous';
  const key = mediaKey({ site: 'home', camera, start, kind });
  return {
    type: 'segment',
    key,
    kind,
    camera,
    start,
    end,
    bytes: Buffer.byteLength(key),
    sha256: sha256(key),
    source: 'rtsp',
    ...more,
  };
}

export function snapshot(camera: string, start: number): MediaEntry {
  return segment(camera, start, start, { type: 'snapshot', kind: 'snapshot' });
}

export function off(camera: string, start: number, end: number, reason: OffEntry['reason'] = 'no-motion'): OffEntry {
  return { type: 'off', camera, start, end, reason };
}

export function gap(camera: string, start: number, end: number, cause: GapEntry['cause'] = 'unreachable'): GapEntry {
  return { type: 'gap', camera, start, end, cause };
}
