/**
 * How a camera may misbehave:
 *
 * - `unreachable`: nothing listens; connections are refused, and open ones were dropped.
 * - `sign-in-refused`: every password is wrong. Streams that already play go on.
 * - `silent`: connections stay open and are accepted, but nothing is sent, not even a reply.
 * - `keyframeless`: pictures come, but never one that could be decoded by itself.
 */
export type Fault = 'unreachable' | 'sign-in-refused' | 'silent' | 'keyframeless';

/** Shared by all parts of one camera; whoever answers looks at it each time. */
export interface Conduct {
  fault: Fault | undefined;
}
