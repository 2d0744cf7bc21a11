import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Conduct } from './conduct.js';
import type { Feed } from './feed.js';
import { SENDER_REPORT_BYTES, writeSenderReport } from './rtcp.js';
import { type PacketBlock, writePackets } from './rtp.js';
import type { TrackName } from './sdp.js';

const REPORT_EVERY_MS = 5_000;

/** A wall clock that was stepped by less than this still agrees with the one the playback began with. */
const CLOCK_STEP_MS = 1_000;

/** One track of a playback: its channel, and its random beginnings as RFC 3550 wants them. */
class Track {
  readonly ssrc = randomInt(2 ** 32);
  readonly base = randomInt(2 ** 32);
  sequence = randomInt(2 ** 16);
  packets = 0;
  octets = 0;

  constructor(readonly channel: number) {}

  write(block: PacketBlock, mediaTime: number, target: Buffer, offset: number): number {
    const { channel, sequence, ssrc } = this;
    const end = writePackets(block, target, offset, { channel, sequence, timestamp: this.timestamp(mediaTime), ssrc });
    this.sequence = (sequence + block.starts.length) & 0xffff;
    this.packets += block.starts.length;
    this.octets += block.octets;
    return end;
  }

  timestamp(mediaTime: number): number {
    return (this.base + mediaTime) >>> 0;
  }
}

export interface PlaybackOptions {
  feed: Feed;
  clock: Clock;
  /** The monotonic moment at which the scene was at its beginning; shared by every stream of a camera. */
  epochMs: number;
  conduct: Conduct;
  /** Takes one picture's bytes, and its position in the feed; false once the client is gone or too slow. */
  write(bytes: Buffer, position: number): boolean;
}

/** Plays a feed to one client: inert until `run`, from the next keyframe on, in step with the scene's clock. */
export class Playback {
  readonly #options: PlaybackOptions;
  readonly #tracks: Partial<Record<TrackName, Track>> = {};
  #position = 0;
  #audioPosition = 0;
  #wallZero: number;
  #reportDueMs = 0;

  constructor(options: PlaybackOptions) {
    this.#options = options;
    this.#wallZero = this.#readWallZero();
  }

  setUp(name: TrackName, channel: number): void {
    this.#tracks[name] = new Track(channel);
  }

  get isSetUp(): boolean {
    return Object.keys(this.#tracks).length > 0;
  }

  /** Chooses where to start; returns the `RTP-Info` entries by track. Call once, before `run`. */
  begin(): Map<TrackName, string> {
    const { feed } = this.#options;
    this.#position = feed.nextKey(this.#elapsedMs());
    this.#audioPosition = feed.audioAt(this.#position);
    this.#reportDueMs = feed.dueMs(this.#position);
    const times = { video: feed.videoTime(this.#position), audio: feed.audioTime(this.#position) };
    return new Map(
      this.#entries().map(([name, track]) => [name, `seq=${track.sequence};rtptime=${track.timestamp(times[name])}`]),
    );
  }

  /** Resolves when the signal aborts or the client can take no more. */
  async run(signal: AbortSignal): Promise<void> {
    const { feed, clock, conduct, write } = this.#options;
    let needKey = false;
    for (; !signal.aborted; this.#position++) {
      const early = feed.dueMs(this.#position) - this.#elapsedMs();
      if (early > 0) await clock.sleep(early, signal);
      if (signal.aborted) return;
      if (conduct.fault === 'silent') {
        needKey = true;
        continue;
      }
      if (needKey && !feed.isKey(this.#position)) continue;
      if (needKey) this.#audioPosition = feed.audioAt(this.#position);
      needKey = false;
      if (!write(this.#picture(), this.#position)) return;
    }
  }

  /** Everything that is due with this picture, as one buffer: one write to the socket each. */
  #picture(): Buffer {
    const { feed, conduct } = this.#options;
    const { video, audio } = this.#tracks;
    const blocks: { track: Track; block: PacketBlock; time: number }[] = [];
    if (video && !(conduct.fault === 'keyframeless' && feed.isKey(this.#position))) {
      blocks.push({ track: video, block: feed.video(this.#position), time: feed.videoTime(this.#position) });
    }
    const audioEnd = feed.audioAt(this.#position + 1);
    for (; this.#audioPosition < audioEnd; this.#audioPosition++) {
      if (audio)
        blocks.push({ track: audio, block: feed.audio(this.#audioPosition), time: this.#audioPosition * 1_024 });
    }
    const reports = feed.dueMs(this.#position) >= this.#reportDueMs ? this.#entries() : [];
    const size = blocks.reduce((sum, { block }) => sum + block.bytes.length, reports.length * SENDER_REPORT_BYTES);
    const bytes = Buffer.allocUnsafe(size);
    let at = this.#report(reports, bytes);
    for (const { track, block, time } of blocks) at = track.write(block, time, bytes, at);
    return bytes;
  }

  #report(tracks: [TrackName, Track][], bytes: Buffer): number {
    const { feed } = this.#options;
    if (tracks.length === 0) return 0;
    this.#reportDueMs = feed.dueMs(this.#position) + REPORT_EVERY_MS;
    // Reports name the exact moment of the picture, not of the write: otherwise the jitter of timers would become jitter
    // of timestamps in every client that goes by them.
    const wallZero = this.#readWallZero();
    if (Math.abs(wallZero - this.#wallZero) >= CLOCK_STEP_MS) this.#wallZero = wallZero;
    const wallMs = this.#wallZero + feed.dueMs(this.#position);
    const times = { video: feed.videoTime(this.#position), audio: feed.audioTime(this.#position) };
    let at = 0;
    for (const [name, track] of tracks) {
      const { ssrc, packets, octets } = track;
      const channel = track.channel + 1;
      at = writeSenderReport(bytes, at, {
        channel,
        ssrc,
        wallMs,
        timestamp: track.timestamp(times[name]),
        packets,
        octets,
      });
    }
    return at;
  }

  #entries(): [TrackName, Track][] {
    return Object.entries(this.#tracks) as [TrackName, Track][];
  }

  #elapsedMs(): number {
    return this.#options.clock.monotonic() - this.#options.epochMs;
  }

  #readWallZero(): number {
    return this.#options.clock.now() - this.#elapsedMs();
  }
}
