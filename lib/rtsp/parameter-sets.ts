import { avc1, hvc1 } from '../mp4/sample-entries.js';
import { Bits } from '../video/bits.js';
import { H264, readH264Sps } from '../video/h264.js';
import { H265, h265Type, readH265Sps } from '../video/h265.js';
import type { PictureFormat } from '../video/picture-format.js';
import type { TrackFormat } from './access-unit.js';

/** RTP's clock for video, whatever the codec (RFC 6184 §8.2.1, RFC 7798 §7.1). */
export const VIDEO_HZ = 90_000;

/** The length of a set has 16 bits in an MP4, and none is nearly as long. */
const MAX_SET = 4_096;

/** The parameter sets a stream has shown so far, from its description and in band; the newest of a number counts. */
abstract class ParameterSets {
  /** By how many pictures decoding runs ahead of showing, where the stream says so. */
  reorder: number | undefined;
  readonly #sets = new Map<string, Buffer>();
  #format: TrackFormat | undefined;

  /** The format for an MP4; undefined while a set is missing. The same object until a set changes. */
  get format(): TrackFormat | undefined {
    this.#format ??= this.build();
    return this.#format;
  }

  /** Notes a set; one that makes no sense is passed over, and what it should have described is not recorded. */
  note(nal: Buffer): void {
    for (const known of this.#sets.values()) if (known.equals(nal)) return;
    const key = nal.length <= MAX_SET ? this.keyOf(nal) : undefined;
    if (key === undefined) return;
    // Last of its kind: the size of the picture is that of the newest.
    this.#sets.delete(key);
    this.#sets.set(key, Buffer.from(nal));
    this.#format = undefined;
  }

  protected of(type: number): Buffer[] {
    return [...this.#sets].filter(([key]) => key.startsWith(`${type}:`)).map(([, nal]) => nal);
  }

  protected formatOf(entry: Buffer, { width, height, reorder }: PictureFormat): TrackFormat {
    this.reorder = reorder;
    return { kind: 'video', timescale: VIDEO_HZ, entry, width, height, unitTicks: 0 };
  }

  /** `type:number`; undefined if this is no readable parameter set. */
  protected abstract keyOf(nal: Buffer): string | undefined;
  protected abstract build(): TrackFormat | undefined;
}

export class H264Sets extends ParameterSets {
  protected keyOf(nal: Buffer): string | undefined {
    const type = nal[0]! & 0x1f;
    if (type === H264.sps) return readable(() => readH264Sps(nal) && numbered(type, new Bits(nal, 4).ue(), 31));
    if (type === H264.pps) return readable(() => numbered(type, new Bits(nal, 1).ue(), 255));
    return undefined;
  }

  protected build(): TrackFormat | undefined {
    const [sps, pps] = [this.of(H264.sps), this.of(H264.pps)];
    if (sps.length === 0 || pps.length === 0 || pps.length > 255) return undefined;
    const format = readH264Sps(sps.at(-1)!);
    return this.formatOf(avc1(format, sps, pps), format);
  }
}

export class H265Sets extends ParameterSets {
  protected keyOf(nal: Buffer): string | undefined {
    const type = h265Type(nal);
    if (type === H265.vps) return readable(() => numbered(type, new Bits(nal, 2).u(4), 15));
    // The number comes behind the profile, whose length depends on the layers: one set at a time is all cameras use.
    if (type === H265.sps) return readable(() => readH265Sps(nal) && `${type}:0`);
    if (type === H265.pps) return readable(() => numbered(type, new Bits(nal, 2).ue(), 63));
    return undefined;
  }

  protected build(): TrackFormat | undefined {
    const sets = [this.of(H265.vps), this.of(H265.sps), this.of(H265.pps)];
    if (sets.some((array) => array.length === 0)) return undefined;
    const format = readH265Sps(sets[1]!.at(-1)!);
    return this.formatOf(hvc1(format, sets), format);
  }
}

function numbered(type: number, number: number, highest: number): string | undefined {
  return number <= highest ? `${type}:${number}` : undefined;
}

function readable(key: () => string | undefined): string | undefined {
  try {
    return key();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
