/** One `m=` section of a session description (RFC 4566) with what cameras put there. */
export interface MediaDescription {
  kind: string;
  /** RTP payload type. */
  payloadType: number;
  /** From `rtpmap` in upper case, or what RFC 3551 fixes for the number: `H264`, `MPEG4-GENERIC`, `PCMU`. */
  encoding: string;
  clockHz: number;
  channels: number;
  /** From `fmtp`; names in lower case. */
  parameters: ReadonlyMap<string, string>;
  control: string | undefined;
  /** `sendonly` and the like: a back channel is `sendonly` from the client's side, and nothing is received on it. */
  direction: string | undefined;
}

export interface SessionDescription {
  control: string | undefined;
  media: MediaDescription[];
}

/** Payload types that need no `rtpmap` (RFC 3551 §6), as far as cameras use them. */
const STATIC: Record<number, [encoding: string, clockHz: number]> = {
  0: ['PCMU', 8_000],
  8: ['PCMA', 8_000],
  9: ['G722', 8_000],
  14: ['MPA', 90_000],
  26: ['JPEG', 90_000],
  32: ['MPV', 90_000],
};

const MAX_MEDIA = 16;

interface Section {
  media: RegExpExecArray | undefined;
  attributes: Map<string, string[]>;
}

/** Reads what is there and passes over what it does not know: no camera's description is quite as the RFC has it. */
export function parseSdp(text: string): SessionDescription {
  const sections: Section[] = [{ media: undefined, attributes: new Map() }];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const media = /^m=(\S+)\s+\S+\s+\S+\s+(\d+)/.exec(line);
    if (media && sections.length <= MAX_MEDIA) sections.push({ media, attributes: new Map() });
    const [, name, value = ''] = /^a=([^:\s]+)\s*:?\s*(.*)$/.exec(line.trimEnd()) ?? [];
    if (!name) continue;
    const { attributes } = sections.at(-1)!;
    attributes.set(name.toLowerCase(), [...(attributes.get(name.toLowerCase()) ?? []), value]);
  }
  const [session, ...rest] = sections;
  return { control: session!.attributes.get('control')?.[0], media: rest.map(describe) };
}

function describe({ media, attributes }: Section): MediaDescription {
  const payloadType = Number(media![2]);
  const [, encoding, clock, channels] =
    of(attributes, 'rtpmap', payloadType).match(/^([^/\s]+)\/(\d+)(?:\/(\d+))?/) ?? [];
  const [fixedEncoding = '', fixedClock = 0] = STATIC[payloadType] ?? [];
  return {
    kind: media![1]!.toLowerCase(),
    payloadType,
    encoding: (encoding ?? fixedEncoding).toUpperCase(),
    clockHz: Number(clock ?? fixedClock),
    channels: Number(channels ?? 1),
    parameters: parseParameters(of(attributes, 'fmtp', payloadType)),
    control: attributes.get('control')?.[0],
    direction: ['sendonly', 'recvonly', 'sendrecv', 'inactive'].find((direction) => attributes.has(direction)),
  };
}

/** The value for this payload type; a description with one payload type and another number there means the same. */
function of(attributes: Section['attributes'], name: string, payloadType: number): string {
  const lines = attributes.get(name) ?? [];
  const own = lines.find((line) => Number(/^\d+/.exec(line)?.[0]) === payloadType) ?? lines[0] ?? '';
  return own.replace(/^\d+\s*/, '');
}

function parseParameters(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name) found.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return found;
}

/** Parameter sets in base 64 with commas between; what is not base 64 is left out. */
export function parameterSets(text: string | undefined): Buffer[] {
  return (text ?? '')
    .split(',')
    .map((part) => Buffer.from(part.trim(), 'base64'))
    .filter((set) => set.length > 2)
    .map(withoutStartCode);
}

/** Some cameras leave the start code of a byte stream before each set. */
function withoutStartCode(set: Buffer): Buffer {
  if (set.readUInt16BE(0) !== 0 || set.length < 5) return set;
  if (set[2] === 1) return set.subarray(3);
  return set[2] === 0 && set[3] === 1 ? set.subarray(4) : set;
}
