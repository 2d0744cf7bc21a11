import { FTPError } from 'basic-ftp';
import { Failure, type FailureKind, messageOf } from '../errors.js';
import { lostFailure, quote, saysFull, unreachableFailure } from './failures.js';
import { tlsFailure } from './tls-trust.js';

/** The reply code of a refusal, if the server gave one. All other errors mean that the connection is of no more use. */
export function replyCode(error: unknown): number | undefined {
  return error instanceof FTPError ? error.code : undefined;
}

/** `530 Sorry` and the like, made safe for one line. */
function saidBy(error: unknown): string {
  return quote(messageOf(error)).replace(/^\d{3}[ -]/, '');
}

/** What a refused command means. `doing`: "store site/cam/a.mp4". */
export function commandFailure(name: string, doing: string, cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const code = replyCode(cause);
  if (code === undefined) return tlsFailure(name, cause) ?? lostFailure(name, cause);
  const said = saidBy(cause);
  const refused = (kind: FailureKind, of: string, hint: string) =>
    new Failure(`${name} refused to ${doing}: ${code} ${said}`, { kind, code: of, hint, cause });
  if (code === 421) {
    return new Failure(`${name} ended the session: ${said}`, {
      kind: 'transient',
      code: 'connection-lost',
      hint: 'It may allow fewer connections than `parallel` asks for, or be shutting down.',
      cause,
    });
  }
  if (code === 452 || code === 552 || saysFull(said)) {
    return refused(
      'transient',
      'remote-full',
      'Free space on the server or raise the quota; the local copy is kept until then.',
    );
  }
  if (/overwrit|already exists|file exists/i.test(said)) {
    return refused('permanent', 'key-taken', 'The server does not let this user replace a file.');
  }
  if (
    code === 530 ||
    code === 532 ||
    (code >= 550 && /permission|denied|not permitted|not allowed|read-only/i.test(said))
  ) {
    return refused(
      'permanent',
      'permission-denied',
      'Give this user the right to write (and to list) under its folder.',
    );
  }
  if (code >= 500 && code <= 504) {
    return refused(
      'permanent',
      'not-supported',
      'This server does not know what an upload needs; is it an FTP server?',
    );
  }
  if (code === 522 || code === 534 || code === 536) {
    return refused(
      'transient',
      'data-connection-failed',
      'The server and this machine do not agree on TLS for the data.',
    );
  }
  if (code === 425 || code === 426) {
    return refused(
      'transient',
      'data-connection-failed',
      'Let the ports for passive data connections through every firewall on the way.',
    );
  }
  return refused('transient', 'remote-failure', 'The log of the server says more; a full disk is the usual reason.');
}

/** Why there is no session. `stage`: what was being done. */
export function dialFailure(name: string, stage: 'connect' | 'tls' | 'sign-in' | 'set-up', cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  const code = replyCode(cause);
  if (code === undefined) {
    if (stage === 'sign-in' || stage === 'set-up') return lostFailure(name, cause);
    return tlsFailure(name, cause) ?? unreachableFailure(name, cause);
  }
  const said = saidBy(cause);
  if (code === 421 || /too many|maximum/i.test(said)) {
    return new Failure(`${name} takes no more connections: ${said}`, {
      kind: 'transient',
      code: 'too-many-connections',
      hint: 'Lower `parallel`, or raise the limit there.',
      cause,
    });
  }
  if (stage === 'tls') return unencrypted(`${name} does not speak TLS (AUTH TLS: ${code} ${said})`, cause);
  if (stage === 'sign-in' && code >= 500) {
    return new Failure(`${name} refused the sign-in: ${code} ${said}`, {
      kind: 'permanent',
      code: 'sign-in-refused',
      hint: 'Check user name and password.',
      cause,
    });
  }
  return commandFailure(name, stage === 'set-up' ? 'prepare for an upload' : 'begin', cause);
}

/** Explicit TLS for both connections is a condition, not a wish: nothing is sent without it. */
export function unencrypted(what: string, cause?: unknown): Failure {
  return new Failure(`${what}; no footage was sent`, {
    kind: 'permanent',
    code: 'not-encrypted',
    hint: 'Switch explicit FTPS on at the server, for data connections (PROT P) too.',
    cause,
  });
}

/** A reply that no FTP server gives at this point: whatever follows it cannot be trusted. */
export function nonsenseFailure(name: string, expected: string, said: string): Failure {
  return new Failure(`${name} answered ${JSON.stringify(quote(said))} where ${expected} was due`, {
    kind: 'transient',
    code: 'remote-failure',
    hint: 'Is that an FTP server, and nothing in between that rewrites what it says?',
  });
}
