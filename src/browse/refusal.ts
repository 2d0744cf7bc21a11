import type { ErrorRequestHandler, Response } from 'express';
import { Failure, messageOf } from '../../lib/errors.js';
import type { Log } from '../../lib/log.js';
import type { ErrorReply } from './api.js';

/** What a request is answered with when it is not granted. */
export class Refusal extends Failure {
  readonly status: number;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message, { kind: 'permanent', code, hint });
    this.name = 'Refusal';
    this.status = status;
  }
}

/** Turns whatever a route threw into an `ErrorReply`. Must be the last handler. */
export function answerErrors(log: Log | undefined): ErrorRequestHandler {
  // Express knows error handlers by their four parameters.
  return (error: unknown, request, response, _next) => {
    const refusal = toRefusal(error);
    if (refusal.status >= 500) {
      log?.error({ method: request.method, path: request.path, error: messageOf(error) }, 'a request failed');
    }
    // Half an answer cannot be taken back; breaking the connection is the only way to tell that it is not whole.
    if (response.headersSent) response.destroy();
    else reply(response, refusal);
  };
}

function reply(response: Response, { status, code, message, hint }: Refusal): void {
  for (const header of ['ETag', 'Accept-Ranges', 'Content-Length']) response.removeHeader(header);
  const body: ErrorReply = { error: { code, message, ...(hint && { hint }) } };
  response.status(status).set('Cache-Control', 'no-store').json(body);
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  // Failures are written for people and hold no secrets (invariant I6).
  if (error instanceof Failure) {
    return new Refusal(error.kind === 'permanent' ? 500 : 503, error.code, error.message, error.hint);
  }
  const status = (error as { status?: unknown } | undefined)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) return malformed(status);
  return new Refusal(500, 'internal', 'The recorder could not answer.', 'Its log says why.');
}

/** Errors of Express itself. Their texts quote the request, which may hold a password. */
function malformed(status: number): Refusal {
  if (status === 404) return new Refusal(404, 'not-found', 'There is nothing here.');
  if (status === 413) return new Refusal(413, 'too-large', 'The request is too large.');
  return new Refusal(400, 'invalid-request', 'The request cannot be read.');
}
