/** How a camera may misbehave as a whole, one way at a time. */
export const CONDUCTS = {
  unreachable: 'nothing listens; connections are refused, and open ones were dropped',
  'sign-in-refused': 'every password is wrong; streams that already play go on',
  silent: 'connections stay open and are accepted, but nothing is sent, not even a reply',
  keyframeless: 'pictures come, but never one that could be decoded by itself',
} as const;

export type Fault = keyof typeof CONDUCTS;

export function isConduct(name: string): name is Fault {
  return Object.hasOwn(CONDUCTS, name);
}

/** Shared by all parts of one camera; whoever answers looks at it each time. */
export interface Conduct {
  fault: Fault | undefined;
}
