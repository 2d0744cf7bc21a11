import type { SFTPWrapper } from 'ssh2';

/** What is used here of ssh2's inside; `test/unit/sftp-limits.test.ts` notices when that changes. */
interface Inside {
  outgoing?: { id: number; state: string; window: number };
  _protocol?: { channelData?(id: number, data: Buffer): void };
  _requests?: Record<number, { extended: string; cb: (error: Error | undefined, limits?: Limits) => void }>;
  _writeReqid?: number;
  _maxWriteLen?: number;
}

/** Bytes; 0 for what the server does not say. */
interface Limits {
  maxPktLen: number;
  maxWriteLen: number;
}

const LIMITS = 'limits@openssh.com';
const EXTENDED = 200;

/** The request that is around the bytes: at most a handle of 256 bytes (SFTP 3, section 6.3), and its own fields. */
const AROUND = 25 + 256;

/** At most 31,952: ssh2 splits larger ones for servers that are not OpenSSH and sends the rest later, out of order. */
export const LEAST_WRITE = 30_720;

/** What OpenSSH takes, less than its longest packet of 256 kB. */
export const MOST_WRITE = 261_120;

const offering = new WeakSet<object>();

/** Takes the offer from what the server offers, so that ssh2 does not wait for the answer before anything may begin. */
export function keepLimits(channel: object, offered: Record<string, string>): void {
  if (offered[LIMITS] === '1') offering.add(channel);
  delete offered[LIMITS];
}

/**
 * How many bytes the server takes in one WRITE: what any server does, until it has said that it takes more. OpenSSH does since 8.5,
 * and its own client then sends so much at once: an eighth of the acknowledgements to be made and read.
 */
export class WriteLimit {
  #bytes = LEAST_WRITE;

  /** Asks a server that offers to say so; the answer comes with that to whatever is asked next. */
  constructor(channel: SFTPWrapper) {
    if (offering.has(channel)) this.#ask(channel as unknown as Inside);
  }

  get bytes(): number {
    return this.#bytes;
  }

  #ask(channel: Inside): void {
    const { outgoing, _protocol, _requests, _writeReqid } = channel;
    if (outgoing?.state !== 'open' || !_protocol?.channelData || !_requests || _writeReqid === undefined) return;
    const question = questionOf(_writeReqid + 1);
    if (outgoing.window <= question.length) return;
    channel._writeReqid = _writeReqid + 1;
    _requests[channel._writeReqid] = { extended: LIMITS, cb: (error, limits) => this.#take(channel, error, limits) };
    outgoing.window -= question.length;
    _protocol.channelData(outgoing.id, question);
  }

  #take(channel: Inside, error?: Error, { maxPktLen, maxWriteLen }: Limits = { maxPktLen: 0, maxWriteLen: 0 }): void {
    const bytes = Math.min(maxWriteLen, maxPktLen - AROUND, MOST_WRITE);
    if (error || !(bytes > LEAST_WRITE) || channel._maxWriteLen === undefined) return;
    // ssh2 keeps the caller's memory for what it takes to be too much, and sends it when that holds something else.
    channel._maxWriteLen = bytes;
    this.#bytes = bytes;
  }
}

/** length, type, number, name. */
function questionOf(number: number): Buffer {
  const bytes = Buffer.alloc(13 + LIMITS.length);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  bytes[4] = EXTENDED;
  bytes.writeUInt32BE(number, 5);
  bytes.writeUInt32BE(LIMITS.length, 9);
  bytes.write(LIMITS, 13, 'latin1');
  return bytes;
}
