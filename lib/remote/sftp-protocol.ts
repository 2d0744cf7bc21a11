/** Statuses of SFTP version 3 (draft-ietf-secsh-filexfer-02 §7); asking ssh2 for them would load it before there is a connection. */
export const STATUS = {
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  NO_CONNECTION: 6,
  CONNECTION_LOST: 7,
  OP_UNSUPPORTED: 8,
} as const;

/** How a file is opened (§6.3). */
export const OPEN_MODE = { WRITE: 2, CREAT: 8, TRUNC: 16 } as const;
