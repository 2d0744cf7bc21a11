/**
 * What a track holds, in the words of MP4. Another object means another format: what follows cannot go into the same file.
 */
export interface TrackFormat {
  kind: 'video' | 'audio';
  /** Ticks a second of the track's times. */
  timescale: number;
  /** The sample entry (`avc1`, `hvc1`, `mp4a`) for an MP4's `stsd`. */
  entry: Buffer;
  /** Pictures as shown; 0 for sound. */
  width: number;
  height: number;
  /** Ticks of one unit, where all are alike: sound. 0 for pictures. */
  unitTicks: number;
}

/** One picture or one frame of sound, as an MP4 holds it. */
export interface AccessUnit {
  format: TrackFormat;
  /**
   * Ticks of the format's timescale since the run's first keyframe; `dts` ascends strictly within a track. `pts` may lie before
   * `dts` for a few pictures while the reordering of a stream that does not announce it is being learnt.
   */
  pts: number;
  dts: number;
  /** Decoding can start here. Always true for sound. */
  key: boolean;
  /** NAL units, each behind its length in four bytes; or a raw AAC frame. Valid during the call only: who keeps it copies it. */
  data: Buffer;
  /** Monotonic time at which its last packet was read. */
  arrivedMs: number;
  /** Something before it was lost: the picture may be smeared until the next keyframe. */
  afterLoss: boolean;
  /** Of what is played from a camera's own recording: when it was recorded, UTC milliseconds by the camera's clock. */
  recordedMs?: number;
}

/** A unit before it has its place on the run's time line: with the RTP timestamp it came with. */
export interface RawUnit {
  format: TrackFormat;
  timestamp: number;
  key: boolean;
  data: Buffer;
  afterLoss: boolean;
  recordedMs?: number;
}

/** Takes the payloads of one track's packets, in order, and gives units. */
export interface Depacketiser {
  /** `gap`: packets before this one are missing. Throws a RangeError on what cannot go on. */
  packet(bytes: Buffer, from: number, to: number, timestamp: number, marker: boolean, gap: boolean): void;
  /** The stream has ended: gives the last unit, if it is known to be whole. */
  flush(): void;
  /** Units left out because a part of them was missing or made no sense. */
  readonly torn: number;
}
