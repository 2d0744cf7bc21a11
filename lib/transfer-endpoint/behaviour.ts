/** The settings in which Transfer Family servers differ. */
export interface EndpointBehaviour {
  /**
   * SETSTAT and FSETSTAT: refused as permission denied (newer servers), as unsupported (older ones), or accepted without
   * effect (`SetStatOption: ENABLE_NO_OP`). @default 'denied'
   */
  setStat: 'denied' | 'unsupported' | 'ignored';
  /** MKDIR writes a 0-byte `folder/` object, does nothing, or is denied by policy. @default 'marked' */
  mkdir: 'marked' | 'ignored' | 'denied';
  /** Whether `dropbox` users may list folders. @default true */
  dropboxListing: boolean;
  /** A connection without a request for this long is closed. @default 1,800,000 */
  idleMs: number;
  /** A connection that has not signed in for this long is closed. @default 60,000 */
  signInMs: number;
}

export const DEFAULT_BEHAVIOUR: EndpointBehaviour = {
  setStat: 'denied',
  mkdir: 'marked',
  dropboxListing: true,
  idleMs: 1_800_000,
  signInMs: 60_000,
};

/** Multiplexed SFTP sessions in one connection; AWS documents it as a fixed quota. */
export const MAX_CHANNELS = 10;

/** What AWS calls the server in its SSH greeting. Clients choose chunk sizes by whether this says OpenSSH. */
export const IDENT = 'AWS_SFTP_1.1';

/**
 * Ciphers and MACs of `TransferSecurityPolicy-2024-01` as far as ssh2 has them: without ChaCha20, with encrypt-then-MAC only.
 */
export const ALGORITHMS = {
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes256-ctr',
    'aes192-ctr',
  ] as const satisfies readonly string[],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'] as const satisfies readonly string[],
};
