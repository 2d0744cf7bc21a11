/** What a `Range` header asks for: from one byte to another, to the end, or the last so many. */
export type WantedRange = { start: number; end?: number } | { last: number };

const SPAN = /^bytes=(?<start>\d+)-(?<end>\d*)$/;
const TAIL = /^bytes=-(?<last>\d+)$/;

/**
 * The one range a `Range` header asks for. Undefined, which means the whole, for other units, several ranges at once and what
 * cannot be read: RFC 9110 §14.2 lets a server ignore those, and nothing that plays video sends them.
 */
export function wantedRange(header: string | undefined): WantedRange | undefined {
  const text = header?.replaceAll(/[ \t]/g, '') ?? '';
  const span = SPAN.exec(text)?.groups;
  if (span) return { start: position(span.start!), ...(span.end && { end: position(span.end) }) };
  const tail = TAIL.exec(text)?.groups;
  return tail && { last: position(tail.last!) };
}

/** Beyond this, numbers are no longer exact, and no file is so large. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
