import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Card, CardSpan } from './card.js';
import type { Conduct } from './conduct.js';
import type { Feed } from './feed.js';
import { ntpOf, writeBye } from './rtcp.js';
import { type PacketBlock, writePackets } from './rtp.js';
import type { TrackName } from './sdp.js';

/** ONVIF Streaming §6.3: the extension that tells when a picture was recorded, and what it begins or ends. */
const PROFILE = 0xabac;
const EXTENSION_BYTES = 16;
const [CLEAN, ENDS, BROKEN] = [0x80, 0x40, 0x20];

export interface ReplayOptions {
  feed: Feed;
  card: Card;
  clock: Clock;
  conduct: Conduct;
  /** Takes bytes; false once the client is gone. */
  write(bytes: Buffer): boolean;
  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void>;
}

/** What a client asks for in PLAY: a range by the camera's clock, in real time or as fast as it can be taken. */
export interface ReplayRequest {
  range: CardSpan;
  paced: boolean;
}

/** `clock=20260503T021000.000Z-20260503T021020Z`; undefined for any other range. */
export function readClockRange(text: string | undefined): CardSpan | undefined {
  const [, from, to] = /^clock=([\dTZ.]+)-([\dTZ.]*)$/.exec(text ?? '') ?? [];
  const start = readClock(from);
  const end = to ? readClock(to) : Number.MAX_SAFE_INTEGER;
  return start === undefined || end === undefined || end <= start ? undefined : { start, end };
}

function readClock(text: string | undefined): number | undefined {
  const [, date, time] = /^(\d{4}\d{2}\d{2})T(\d{6}(?:\.\d+)?)Z$/.exec(text ?? '') ?? [];
  if (!date || !time) return undefined;
  const iso = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(.*)/, '$1:$2:$3')}Z`;
  const value = Date.parse(iso);
  return Number.isNaN(value) ? undefined : value;
}

/** Plays what the card holds of a range to one client, each picture with the time it was recorded at. Pictures alone: it records no sound. */
export class Replay {
  readonly #options: ReplayOptions;
  readonly #ssrc = randomInt(2 ** 32);
  readonly #base = randomInt(2 ** 32);
  #sequence = randomInt(2 ** 16);
  #channel = 0;
  #positions: number[] = [];
  #paced = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  setUp(_name: TrackName, channel: number): void {
    this.#channel = channel;
  }

  /** From the keyframe at or before the beginning of the range on. Undefined if the card holds nothing of it. */
  begin({ range, paced }: ReplayRequest): Map<TrackName, string> | undefined {
    const { feed, card } = this.#options;
    this.#paced = paced;
    this.#positions = [];
    const { fps, gopFrames } = feed.clip.spec;
    const first = Math.floor((card.elapsedOf(range.start) * fps) / 1000 / gopFrames) * gopFrames;
    const spans = card.spans();
    const last = Math.min(range.end, spans.at(-1)?.end ?? 0);
    for (let position = Math.max(0, first); card.wallOf(feed.dueMs(position)) < last; position++) {
      const wallMs = card.wallOf(feed.dueMs(position));
      if (spans.some(({ start, end }) => wallMs >= start && wallMs < end)) this.#positions.push(position);
    }
    if (this.#positions.length === 0) return undefined;
    const timestamp = this.#timestamp(this.#positions[0]!);
    return new Map([['video', `seq=${this.#sequence};rtptime=${timestamp}`]]);
  }

  /** Resolves when all was sent, the signal aborts, or the client can take no more. */
  async run(signal: AbortSignal): Promise<void> {
    const { feed, clock, conduct, write, drained } = this.#options;
    const startedAt = clock.monotonic();
    for (const [index, position] of this.#positions.entries()) {
      const early = feed.dueMs(position) - feed.dueMs(this.#positions[0]!) - (clock.monotonic() - startedAt);
      if (this.#paced && early > 0) await clock.sleep(early, signal);
      if (signal.aborted || conduct.fault === 'silent') return;
      if (!write(this.#picture(index, position))) return;
      await drained();
    }
    if (!signal.aborted) write(writeBye(this.#channel + 1, this.#ssrc));
  }

  #picture(index: number, position: number): Buffer {
    const { feed, card } = this.#options;
    const before = this.#positions[index - 1];
    const flags =
      (feed.isKey(position) ? CLEAN : 0) |
      (this.#positions[index + 1] === position + 1 ? 0 : ENDS) |
      (before === undefined || before === position - 1 ? 0 : BROKEN);
    const block = extended(feed.video(position), card.wallOf(feed.dueMs(position)), flags, index);
    const bytes = Buffer.allocUnsafe(block.bytes.length);
    const header = { channel: this.#channel, sequence: this.#sequence, timestamp: this.#timestamp(position) };
    writePackets(block, bytes, 0, { ...header, ssrc: this.#ssrc });
    this.#sequence = (this.#sequence + block.starts.length) & 0xffff;
    return bytes;
  }

  #timestamp(position: number): number {
    return (this.#base + this.#options.feed.videoTime(position)) >>> 0;
  }
}

/** The block with the extension behind its first packet's header, as the specification wants it at least there. */
function extended(block: PacketBlock, wallMs: number, flags: number, sequence: number): PacketBlock {
  const [start = 0, ...rest] = block.starts;
  const behind = start + 16;
  const extension = Buffer.alloc(EXTENSION_BYTES);
  extension.writeUInt16BE(PROFILE, 0);
  extension.writeUInt16BE(3, 2);
  const { seconds, fraction } = ntpOf(wallMs);
  extension.writeUInt32BE(seconds, 4);
  extension.writeUInt32BE(fraction, 8);
  extension[12] = flags;
  extension[13] = sequence & 0xff;
  const bytes = Buffer.concat([block.bytes.subarray(0, behind), extension, block.bytes.subarray(behind)]);
  bytes.writeUInt16BE(bytes.readUInt16BE(start + 2) + EXTENSION_BYTES, start + 2);
  bytes[start + 4] = bytes[start + 4]! | 0x10;
  return { bytes, starts: [start, ...rest.map((at) => at + EXTENSION_BYTES)], octets: block.octets + EXTENSION_BYTES };
}
