/** What a server sends between its packets: a reply, or a request of its own. */
export interface RtspMessage {
  /** Of a reply; undefined for a request. */
  status: number | undefined;
  /** `200 OK`, or the request's first line. */
  first: string;
  /** By name in lower case; a header that comes more than once has a line for each. */
  headers: Map<string, string[]>;
  body: string;
}

/** Longer heads and bodies are no camera's; a session description has a few hundred bytes. */
export const MAX_HEAD = 16_384;
export const MAX_BODY = 262_144;
const MAX_LINES = 128;

/** How a reply or a request begins. */
const METHOD = /^[A-Z_]{3,20}$/;

/** Whether these bytes may be the beginning of a message, as far as they go. */
export function mayBeMessage(bytes: Buffer, from: number, to: number): boolean {
  const text = bytes.toString('latin1', from, Math.min(to, from + 21));
  const space = text.search(/[ \r\n]/);
  if (text.startsWith('RTSP/1.'.slice(0, text.length))) return true;
  return space < 0 ? /^[A-Z_]*$/.test(text) && text.length < 21 : METHOD.test(text.slice(0, space));
}

/** Where the head ends and the body begins; undefined while it is not whole. Some cameras end lines with LF alone. */
export function headEnd(bytes: Buffer, from: number, to: number): number | undefined {
  const limit = Math.min(to, from + MAX_HEAD);
  for (let at = bytes.indexOf(10, from); at >= 0 && at < limit; at = bytes.indexOf(10, at + 1)) {
    const next = bytes[at + 1] === 13 ? at + 2 : at + 1;
    if (next < limit && bytes[next] === 10) return next + 1;
  }
  return undefined;
}

/** Takes a head apart. Undefined if it is neither a reply nor a request. */
export function parseHead(head: string): Omit<RtspMessage, 'body'> | undefined {
  const [first = '', ...lines] = head.split(/\r?\n/, MAX_LINES);
  const status = /^RTSP\/1\.\d +(\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined && !/^[A-Z_]{3,20} \S+ RTSP\/1\.\d$/.test(first)) return undefined;
  const headers = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const line of lines) {
    const colon = line.indexOf(':');
    // A line that begins with a space goes on with the one before (RFC 2326 §4.2).
    if (/^[ \t]/.test(line) && last) last.push(`${last.pop()} ${line.trim()}`);
    else if (colon > 0) {
      const name = line.slice(0, colon).trim().toLowerCase();
      last = headers.get(name) ?? [];
      last.push(line.slice(colon + 1).trim());
      headers.set(name, last);
    }
  }
  return {
    status: status === undefined ? undefined : Number(status),
    first: first.replace(/^RTSP\/1\.\d +/, ''),
    headers,
  };
}

/** Throws a RangeError for a length that cannot be. */
export function bodyLength(headers: RtspMessage['headers']): number {
  const text = headers.get('content-length')?.[0] ?? '0';
  const length = Number(text);
  if (!/^\d+$/.test(text) || length > MAX_BODY) throw new RangeError(`a body of "${text.slice(0, 20)}" bytes`);
  return length;
}

/** One request as it goes out. */
export function formatRequest(method: string, url: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${url} RTSP/1.0`, ...lines].join('\r\n')}\r\n\r\n`;
}
