export interface RtspRequest {
  method: string;
  uri: string;
  /** Names in lower case. */
  headers: Map<string, string>;
}

export interface RtspReply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Longer requests are no RTSP client's. */
const MAX_REQUEST = 16_384;

const REASONS: Record<number, string> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  457: 'Invalid Range',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
};

/**
 * Takes a client's bytes apart into requests; what it sends on the interleaved channels (receiver reports) is dropped.
 * Throws a RangeError on what cannot be RTSP; the connection is then of no more use.
 */
export class RtspReader {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): RtspRequest[] {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    const requests: RtspRequest[] = [];
    for (;;) {
      const length = this.#completeLength();
      if (length === undefined) return requests;
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      if (message[0] !== DOLLAR) requests.push(parse(headOf(message)));
    }
  }

  #completeLength(): number | undefined {
    const bytes = this.#pending;
    if (bytes[0] === DOLLAR) {
      const length = bytes.length >= 4 ? 4 + bytes.readUInt16BE(2) : 4;
      return bytes.length >= length ? length : undefined;
    }
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0 && bytes.length <= MAX_REQUEST) return undefined;
    if (end < 0 || end > MAX_REQUEST) throw new RangeError('an RTSP request without end');
    const body = Number(/^content-length:\s*(\d+)/im.exec(headOf(bytes))?.[1] ?? 0);
    if (body > MAX_REQUEST) throw new RangeError('an RTSP request with a huge body');
    const length = end + 4 + body;
    return bytes.length >= length ? length : undefined;
  }
}

const DOLLAR = 0x24;

function headOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
}

function parse(head: string): RtspRequest {
  const [first, ...lines] = head.split('\r\n');
  const match = /^([A-Z_]+) (\S+) RTSP\/1\.\d$/.exec(first!);
  if (!match) throw new RangeError('not an RTSP request');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method: match[1]!, uri: match[2]!, headers };
}

export function formatReply({ status, headers = {}, body = '' }: RtspReply, sequence: string | undefined): string {
  const lines = [`RTSP/1.0 ${status} ${REASONS[status] ?? 'Error'}`];
  if (sequence !== undefined) lines.push(`CSeq: ${sequence}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
