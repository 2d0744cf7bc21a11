import { Failure, messageOf } from '../errors.js';

/** The camera speaks RTSP, but sends something we do not take: another program may. */
export class UnsupportedStream extends Failure {
  constructor(what: string, hint?: string) {
    super(`the camera sends ${what}`, { kind: 'transient', code: 'stream-invalid', hint });
    this.name = 'UnsupportedStream';
  }
}

export type Transport = 'tcp' | 'udp';

const OTHER: Record<Transport, string> = {
  tcp: 'Write `transport: udp` for this camera: over TCP (`transport: tcp`, which is the default) it sends nothing.',
  udp: 'Write `transport: tcp` for this camera: with `transport: udp` it sends nothing.',
};

/** The camera refuses to send the way it was asked to (461 Unsupported Transport, or its reply names another one). */
export function transportRefused(asked: Transport): Failure {
  // Over TCP: another program may ask in words that it understands.
  if (asked === 'tcp') return new UnsupportedStream('nothing over TCP', OTHER.tcp);
  return invalid('the camera sends nothing over UDP', OTHER.udp);
}

/** What ffmpeg says of {@link transportRefused}. */
export function saysTransportRefused(stderr: string): boolean {
  return /failed: 461\b|unsupported transport/i.test(stderr);
}

export function unreachable(message: string, cause?: unknown): Failure {
  return new Failure(message, {
    kind: 'transient',
    code: 'unreachable',
    hint: 'Check the address, the port, and that the camera has power.',
    cause,
  });
}

export function streamEnded(why: string, cause?: unknown): Failure {
  return new Failure(`the stream ended (${why})`, { kind: 'transient', code: 'stream-ended', cause });
}

export function silent(ms: number): Failure {
  return new Failure(`no picture for ${Math.round(ms / 1000)} s`, {
    kind: 'transient',
    code: 'silent',
    hint: 'The connection is open but the camera sends nothing; it may need a restart.',
  });
}

export function invalid(message: string, hint?: string): Failure {
  return new Failure(message, { kind: 'transient', code: 'stream-invalid', hint });
}

/** What a refusal means. `first` is the status line without the protocol: `404 Not Found`. */
export function refused(method: string, status: number, first: string): Failure {
  if (status === 401 || status === 403) {
    return new Failure(`the camera answers ${first}`, {
      kind: 'permanent',
      code: 'sign-in-refused',
      hint: 'Check the username and password of this camera; many cameras want a separate account for RTSP.',
    });
  }
  const message = `the camera answers ${method} with ${first}`;
  if (status >= 300 && status < 400) {
    return invalid(message, 'It sends us elsewhere; we do not follow. Configure the address it means.');
  }
  if (status === 457) return invalid(message, 'It holds no recording of that time.');
  if (status === 453 || status >= 500) {
    return new Failure(message, {
      kind: 'transient',
      code: 'unreachable',
      hint: 'It may have as many viewers as it can serve; close some.',
    });
  }
  return invalid(message, "The camera has no stream at this path; look the RTSP path up in the camera's manual.");
}

/** A socket's error, as what it means before and after the stream began. */
export function broken(error: unknown, streaming: boolean): Failure {
  if (error instanceof Failure) return error;
  return streaming ? streamEnded(messageOf(error), error) : unreachable(messageOf(error), error);
}
