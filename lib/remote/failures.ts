import { Failure } from '../errors.js';

export function abortedFailure(): Failure {
  return new Failure('The transfer was aborted', { kind: 'aborted', code: 'aborted' });
}

export function closedFailure(): Failure {
  return new Failure('The remote was closed during the transfer', { kind: 'aborted', code: 'closed' });
}

export function stalledFailure(name: string, stallMs: number): Failure {
  return new Failure(`${name} acknowledged nothing for ${Math.round(stallMs / 100) / 10} s`, {
    kind: 'transient',
    code: 'stalled',
    hint: 'The connection stands but nothing moves: check the link and whether the server is overloaded.',
  });
}

/** What a look-up after the close decides: no receipt unless exactly what was sent is there. */
export function checkStored(key: string, sent: number, found: number | undefined): void {
  if (found === sent) return;
  if (found === undefined) {
    throw new Failure(`${key} is not visible after its upload was acknowledged`, {
      kind: 'transient',
      code: 'not-stored',
      hint: 'The server said yes but stored nothing we can see: check its disk and the permissions of this user.',
    });
  }
  throw new Failure(`${key} holds ${found} bytes where ${sent} were sent`, {
    kind: 'transient',
    code: 'size-mismatch',
    hint: 'The server did not keep what it acknowledged: check its disk, quota and logs.',
  });
}
