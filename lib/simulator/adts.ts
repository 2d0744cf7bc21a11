/** Sampling frequencies by index (ISO 14496-3 table 1.18). */
const RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/** AAC samples per frame, for the profiles in ADTS. */
export const AAC_FRAME_SAMPLES = 1_024;

export interface AacStream {
  sampleRate: number;
  channels: number;
  /** AudioSpecificConfig, as SDP and MP4 carry it. */
  config: Buffer;
  /** Raw access units, without ADTS headers; views, not copies. */
  frames: Buffer[];
}

/** Takes an ADTS stream apart. Throws a RangeError on anything that is not one, or that ends within a frame. */
export function parseAdts(stream: Buffer): AacStream {
  if (stream.length < 7) throw new RangeError('no ADTS header');
  const objectType = (stream[2]! >> 6) + 1;
  const rateIndex = (stream[2]! >> 2) & 0xf;
  const channels = ((stream[2]! & 1) << 2) | (stream[3]! >> 6);
  const sampleRate = RATES[rateIndex];
  if (!sampleRate) throw new RangeError(`unknown ADTS rate index ${rateIndex}`);
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    if (at + 7 > stream.length || stream.readUInt16BE(at) >> 4 !== 0xfff)
      throw new RangeError(`no ADTS frame at byte ${at}`);
    const length = ((stream[at + 3]! & 3) << 11) | (stream[at + 4]! << 3) | (stream[at + 5]! >> 5);
    const header = stream[at + 1]! & 1 ? 7 : 9;
    if (length <= header || at + length > stream.length) throw new RangeError(`cut ADTS frame at byte ${at}`);
    frames.push(stream.subarray(at + header, at + length));
    at += length;
  }
  const config = Buffer.alloc(2);
  config.writeUInt16BE((objectType << 11) | (rateIndex << 7) | (channels << 3));
  return { sampleRate, channels, config, frames };
}
