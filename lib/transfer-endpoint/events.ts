/** What a well-behaved uploader never does; a test asserts that none of these was seen. */
export type Violation =
  | 'read-write'
  | 'append'
  | 'out-of-order'
  | 'rename'
  | 'remove'
  | 'mkdir'
  | 'set-attributes'
  | 'too-many-channels';

/** Modelled on the activity types of Transfer Family's structured log. Keys are those of the store, root included. */
export type EndpointEvent =
  | { type: 'signed-in'; user: string; method: string }
  | { type: 'sign-in-refused'; user: string; method: string }
  | { type: 'identity-provider-failed'; user: string; reason: string }
  | { type: 'uploaded'; user: string; key: string; bytes: number }
  /** The session ended with the file open: what had arrived is now visible at the key (`PARTIAL_CLOSE`). */
  | { type: 'partial-upload'; user: string; key: string; bytes: number }
  /** Nothing became visible. */
  | { type: 'upload-failed'; user: string; key: string; reason: string }
  | { type: 'violation'; user: string; violation: Violation; detail: string }
  | { type: 'disconnected'; user: string | undefined; reason: DisconnectReason };

export type DisconnectReason = 'client' | 'idle' | 'sign-in-timeout' | 'too-many-attempts' | 'stopped' | 'fault';
