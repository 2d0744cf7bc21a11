import { Failure, messageOf } from '../errors.js';

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

export function lostFailure(name: string, cause?: unknown): Failure {
  const why = cause === undefined ? '' : `: ${quote(messageOf(cause) || String((cause as { code?: string }).code))}`;
  return new Failure(`The connection to ${name} was lost${why}`, {
    kind: 'transient',
    code: 'connection-lost',
    hint: 'Check the network; the file is sent again from its beginning.',
    cause,
  });
}

/** There is no connection, and nothing about it that only somebody there could put right. */
export function unreachableFailure(name: string, cause: unknown): Failure {
  const { code } = cause as { code?: string | number };
  const said = quote(messageOf(cause) || String(code));
  const hint =
    code === 'ENOTFOUND' ? 'Check the host name, and the name server.' : 'Check host, port, firewall and network.';
  return new Failure(`${name} cannot be reached: ${said}`, { kind: 'transient', code: 'unreachable', hint, cause });
}

export function lateFailure(name: string, connectMs: number, protocol: string): Failure {
  return new Failure(`${name} did not answer within ${connectMs / 1000} s`, {
    kind: 'transient',
    code: 'unreachable',
    hint: `Something accepts connections there but does not speak ${protocol}: check host and port.`,
  });
}

/** Whether a peer's words are about a full disk or quota: many have no code for it. */
export function saysFull(text: string): boolean {
  return /no space|disk full|quota|ENOSPC|EDQUOT|storage is full|out of space/i.test(text);
}

/** A peer's words, made safe for one line of a log. */
export function quote(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 200);
}
