import { Failure, messageOf } from '../errors.js';

/** After one of these it makes no sense to ask for something else. */
export const GONE: readonly string[] = ['unreachable', 'timed-out', 'aborted', 'certificate-changed'];

export function abortedFailure(): Failure {
  return new Failure('The request was aborted', { kind: 'aborted', code: 'aborted' });
}

export function timedOutFailure(name: string, deadlineMs: number): Failure {
  return new Failure(`${name} did not answer in full within ${Math.round(deadlineMs / 100) / 10} s`, {
    kind: 'transient',
    code: 'timed-out',
    hint: 'Check that the camera is powered and not overloaded, and that the network to it is quick enough.',
  });
}

export function unreachableFailure(name: string, cause: unknown): Failure {
  return new Failure(`${name} cannot be reached: ${messageOf(cause)}`, {
    kind: 'transient',
    code: 'unreachable',
    hint: 'Check address and port, that the camera is powered, and that ONVIF is switched on in its settings.',
    cause,
  });
}

export function tooLargeFailure(name: string, maxBytes: number): Failure {
  return new Failure(`${name} sent more than ${maxBytes} bytes, and was cut off`, {
    kind: 'transient',
    code: 'reply-too-large',
    hint: 'No honest reply is that large: check that this is a camera, and look whether its maker has newer firmware.',
  });
}

export function notOnvifFailure(name: string, what: string): Failure {
  return new Failure(`${name} does not speak ONVIF here: it ${what}`, {
    kind: 'permanent',
    code: 'not-onvif',
    hint: 'Check port and path (often 80, 8000, 8080 or 2020), and that ONVIF is switched on in the camera’s settings.',
  });
}

export function signInFailure(name: string, username: string | undefined, what = 'the sign-in'): Failure {
  const who = username === undefined ? 'without a user' : `of user ${JSON.stringify(username)}`;
  return new Failure(`${name} refuses ${what} ${who}`, {
    kind: 'permanent',
    code: 'sign-in-refused',
    hint: 'Check user and password; many cameras keep ONVIF users apart from those of their pages, and need one made there.',
  });
}

/** We do the refusing here. */
export function plainPasswordFailure(name: string, what: string): Failure {
  return new Failure(
    `${name} gives ${what} only for a password in the clear (Basic over plain HTTP), which it does not get`,
    {
      kind: 'permanent',
      code: 'sign-in-refused',
      hint: 'Switch the camera’s web sign-in to Digest, or reach it over HTTPS with its certificate pinned.',
    },
  );
}

export function statusFailure(name: string, what: string, status: number): Failure {
  return new Failure(`${name} answers ${what} with HTTP status ${status}`, {
    kind: status >= 500 ? 'transient' : 'permanent',
    code: 'http-status',
    hint: 'Look in the camera’s own pages whether it has this and it is switched on; if the status is 500 or more, restart it.',
  });
}

/** What a service answers instead of a result. */
export class SoapFault extends Failure {
  /** The innermost code without its prefix, e.g. `ActionNotSupported`, `InvalidArgVal`, `NoProfile`. */
  readonly subcode: string;

  constructor(name: string, fault: { subcode: string; reason: string; isOurs: boolean }) {
    super(`${name} answers with a fault: ${fault.reason || fault.subcode}`, {
      kind: fault.isOurs ? 'permanent' : 'transient',
      code: 'soap-fault',
      hint: fault.subcode,
    });
    this.subcode = fault.subcode;
  }
}
