import { Failure } from '../../lib/errors.js';
import { saysTransportRefused, type Transport, transportRefused } from '../../lib/rtsp/failures.js';
import { type EngineEvent, SILENT_HINT } from './engine.js';

/** Reads `-progress` lines: one `progress` event for each report in which more frames had arrived. */
export class ProgressReader {
  #frames = 0;
  #reported = 0;
  #mediaMs: number | undefined;

  line(line: string): Extract<EngineEvent, { type: 'progress' }> | undefined {
    if (line.startsWith('frame=')) this.#frames = Number(line.slice('frame='.length));
    else if (line.startsWith('out_time_us=')) {
      const value = line.slice('out_time_us='.length);
      this.#mediaMs = /^\d+$/.test(value) ? Number(value) / 1000 : undefined;
    }
    if (!line.startsWith('progress=') || this.#mediaMs === undefined || this.#frames <= this.#reported)
      return undefined;
    this.#reported = this.#frames;
    return { type: 'progress', mediaMs: this.#mediaMs, frames: this.#frames };
  }
}

/** Reads one line of `-segment_list_type csv`: `000001.mp4,2.000000,12.000000`. */
export function segmentLine(line: string): { name: string; startMs: number; endMs: number } | undefined {
  const [, name, start, end] = /^(\d+\.mp4),(-?[\d.]+),(-?[\d.]+)$/.exec(line.trim()) ?? [];
  if (name === undefined) return undefined;
  return { name, startMs: Number(start) * 1000, endMs: Number(end) * 1000 };
}

const CAUSES: { pattern: RegExp; code: string; kind: 'permanent' | 'transient'; hint?: string }[] = [
  { pattern: /No space left|Disk quota/i, code: 'disk-full', kind: 'transient' },
  {
    pattern: /401 Unauthorized|403 Forbidden/i,
    code: 'sign-in-refused',
    kind: 'permanent',
    hint: 'Check the username and password of this camera; many cameras want a separate account for RTSP.',
  },
  {
    pattern: /404 Not Found|454 Session|Server returned 4/i,
    code: 'stream-invalid',
    kind: 'transient',
    hint: "The camera has no stream at this path; look the RTSP path up in the camera's manual.",
  },
  {
    pattern:
      /Connection refused|No route to host|Network is unreachable|Name or service|Connection timed out|Host is down|resolve/i,
    code: 'unreachable',
    kind: 'transient',
    hint: 'Check the address, the port, and that the camera has power.',
  },
  {
    pattern:
      /Could not find codec|Could not write header|Invalid data|does not contain any stream|matches no streams|unspecified size/i,
    code: 'stream-invalid',
    kind: 'transient',
  },
];

export interface Ended {
  /** Whether any frame had arrived. */
  streamed: boolean;
  /** It had waited for the camera in vain before. It may take that for the end of the stream, or for a stream nobody can read. */
  quiet?: boolean;
  /** @default tcp */
  transport?: Transport;
}

/** What ffmpeg's last words mean. `stderr` must be redacted already. */
export function failureOf(stderr: string, { streamed, quiet = false, transport = 'tcp' }: Ended): Failure {
  if (!streamed && saysTransportRefused(stderr)) return transportRefused(transport);
  const found = CAUSES.find(({ pattern }) => pattern.test(stderr));
  const last = stderr.trim().split('\n').at(-1);
  if (quiet && found?.code !== 'disk-full' && (streamed || saysNothing(stderr))) {
    return new Failure('the camera says nothing', { kind: 'transient', code: 'silent', hint: SILENT_HINT });
  }
  if (streamed && (!found || found.code === 'unreachable')) {
    return new Failure(`the stream ended${last ? ` (${last})` : ''}`, { kind: 'transient', code: 'stream-ended' });
  }
  const message = last || 'ffmpeg ended without a word';
  return new Failure(message, {
    kind: found?.kind ?? 'transient',
    code: found?.code ?? 'unreachable',
    hint: found?.hint,
  });
}

/** Nothing of what went wrong, other than that there was nothing. */
function saysNothing(stderr: string): boolean {
  return stderr
    .split('\n')
    .every((line) => /^$|Impossible to open|Invalid data found when processing/.test(line.trim()));
}

/** Whether MP4 cannot hold the audio as it is (G.711, G.726): it has to be transcoded. */
export function isAudioRefused(stderr: string): boolean {
  return /Could not find tag for codec \S+ in stream #[1-9]/i.test(stderr);
}
