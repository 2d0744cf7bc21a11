import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { Proof, Remote } from '../../lib/remote/remote.js';
import type { Throttle } from '../../lib/remote/throttle.js';
import type { FileRow } from '../ledger/files.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Line } from './line.js';

/** What the uploader needs of the spool; the only coupling to whatever fills it. */
export interface Outbox {
  folder: string;
  moveToSent(name: string): Promise<void>;
  /** False where the file has a new key already. */
  rekey(file: FileRow): Promise<boolean>;
}

export interface UploaderOptions {
  remoteName: string;
  remote: Remote;
  outbox: Outbox;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  /** Large files sent at once; one more where it is urgent and these are not. */
  parallel: number;
  /** What a receipt must prove before the local copy may ever go (invariant I1). @default 'size' */
  proof?: Proof;
  /** The line all remotes share, and its pace. */
  line: Pick<Line, 'closed'>;
  throttle: Pick<Throttle, 'pace'>;
  /** Motion that arrives later than this after its end is told of. */
  deadlineMs: number;
}

export interface UploaderState {
  /** `paused`: by the configuration, not by a failure. */
  state: 'idle' | 'sending' | 'waiting' | 'refused' | 'paused';
  reason?: string;
  /** Wall time of the next attempt, while the remote is left alone. */
  retryAt?: number;
}
