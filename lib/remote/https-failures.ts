import { Failure, type FailureKind } from '../errors.js';

type Meaning = [kind: FailureKind, code: string, hint: string];

const MEANINGS: Record<number, Meaning> = {
  401: ['permanent', 'sign-in-refused', 'Check the token, or user name and password.'],
  403: ['permanent', 'permission-denied', 'Give this user the right to write there.'],
  404: ['permanent', 'wrong-address', 'Check `url` of this remote.'],
  405: ['permanent', 'not-supported', 'The server takes no uploads by this `method` at this address.'],
  407: ['permanent', 'sign-in-refused', 'A proxy on the way wants a sign-in.'],
  409: ['transient', 'remote-failure', 'The folder of the file does not exist there, and could not be made.'],
  411: ['permanent', 'not-supported', 'Something on the way drops the length of what is sent.'],
  412: ['permanent', 'key-taken', 'The server does not let this user replace a file.'],
  413: ['transient', 'remote-failure', 'Raise the size limit of the server (nginx: client_max_body_size).'],
  423: ['transient', 'remote-failure', 'The file is locked there.'],
  429: ['transient', 'remote-busy', 'The server asks for patience; lower `parallel` if this goes on.'],
  501: ['permanent', 'not-supported', 'The server takes no uploads by this `method` at this address.'],
  503: ['transient', 'remote-busy', 'The server asks for patience; lower `parallel` if this goes on.'],
  507: ['transient', 'remote-full', 'Free space on the server; the local copy is kept until then.'],
};

/** What a reply other than 2xx means. `location`: where it would have us go. */
export function statusFailure(name: string, doing: string, status: number, location?: string): Failure {
  if (status >= 300 && status < 400) {
    // Not followed: what we sign in with is for the server that was named.
    return new Failure(`${name} sends elsewhere to ${doing} (${status})`, {
      kind: 'permanent',
      code: 'wrong-address',
      hint: `Set \`url\` to where it points${location ? `: ${placeOf(location)}` : ''}.`,
    });
  }
  const [kind, code, hint] = MEANINGS[status] ?? ['transient', 'remote-failure', 'The log of the server says more.'];
  return new Failure(`${name} refused to ${doing}: HTTP ${status}`, {
    kind,
    code,
    hint,
    cause: new HttpStatus(status),
  });
}

class HttpStatus extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status}`);
  }
}

/** The status a failure is about, if it is about one. */
export function statusOf({ cause }: Failure): number | undefined {
  return cause instanceof HttpStatus ? cause.status : undefined;
}

/** An address without what may be secret in it. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'another address';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
