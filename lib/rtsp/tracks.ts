import { mp4a } from '../mp4/sample-entries.js';
import { AacDepacketiser } from './aac.js';
import type { Depacketiser, RawUnit, TrackFormat } from './access-unit.js';
import { UnsupportedStream } from './failures.js';
import { H264Depacketiser } from './h264.js';
import { H265Depacketiser } from './h265.js';
import { H264Sets, H265Sets, VIDEO_HZ } from './parameter-sets.js';
import { type MediaDescription, parameterSets, type SessionDescription } from './sdp.js';

/** One track of a stream, ready for its packets. */
export interface Track {
  kind: 'video' | 'audio';
  media: MediaDescription;
  hz: number;
  /** Of sound, which is known before the first packet. */
  format: TrackFormat | undefined;
  /** By how many pictures decoding runs ahead of showing, where the stream says so. */
  reorder: () => number | undefined;
  /** `prompt`: see `NalUnits`. */
  depacketiser: (emit: (unit: RawUnit) => void, prompt: boolean) => Depacketiser;
}

/**
 * The first pictures and, if wanted, the first sound a description offers. Throws {@link UnsupportedStream} if there are none that can be
 * recorded as they are.
 */
export function chooseTracks({ media }: SessionDescription, audio: boolean): Track[] {
  const received = media.filter(({ direction }) => direction !== 'sendonly' && direction !== 'inactive');
  const pictures = received.find(({ kind }) => kind === 'video');
  if (!pictures) throw new UnsupportedStream('no pictures');
  const sound = audio ? received.find(({ kind }) => kind === 'audio') : undefined;
  return [videoTrack(pictures), ...(sound ? [audioTrack(sound)] : [])];
}

function videoTrack(media: MediaDescription): Track {
  const { encoding, parameters, clockHz } = media;
  const track = { kind: 'video' as const, media, hz: clockHz || VIDEO_HZ, format: undefined };
  if (track.hz !== VIDEO_HZ) throw new UnsupportedStream(`pictures on a clock of ${track.hz} Hz`);
  if (encoding === 'H264') {
    if (parameters.get('packetization-mode') === '2') throw new UnsupportedStream('interleaved H.264');
    const sets = new H264Sets();
    for (const set of parameterSets(parameters.get('sprop-parameter-sets'))) sets.note(set);
    return {
      ...{ ...track, reorder: () => sets.reorder },
      depacketiser: (emit, prompt) => new H264Depacketiser(sets, emit, prompt),
    };
  }
  if (encoding === 'H265' || encoding === 'HEVC') {
    if (Number(parameters.get('sprop-max-don-diff') ?? 0) > 0) throw new UnsupportedStream('interleaved H.265');
    const sets = new H265Sets();
    for (const name of ['sprop-vps', 'sprop-sps', 'sprop-pps']) {
      for (const set of parameterSets(parameters.get(name))) sets.note(set);
    }
    return {
      ...{ ...track, reorder: () => sets.reorder },
      depacketiser: (emit, prompt) => new H265Depacketiser(sets, emit, prompt),
    };
  }
  throw new UnsupportedStream(`pictures as ${encoding || `payload type ${media.payloadType}`}`);
}

function audioTrack(media: MediaDescription): Track {
  const { encoding, parameters, clockHz, channels } = media;
  if (encoding !== 'MPEG4-GENERIC' || parameters.get('mode')?.toLowerCase() !== 'aac-hbr') {
    throw new UnsupportedStream(`sound as ${encoding || `payload type ${media.payloadType}`}`);
  }
  const config = Buffer.from(parameters.get('config') ?? '', 'hex');
  const bits = (name: string) => Number(parameters.get(name) ?? 0);
  const others = ['ctsdeltalength', 'dtsdeltalength', 'randomaccessindication', 'streamstateindication'];
  const sizeBits = bits('sizelength');
  const valid = config.length >= 2 && config.length <= 256 && clockHz > 0 && sizeBits >= 8 && sizeBits <= 16;
  if (!valid || others.some((name) => bits(name) !== 0)) throw new UnsupportedStream('AAC with an unusual description');
  const format: TrackFormat = {
    kind: 'audio',
    timescale: clockHz,
    entry: mp4a(config, clockHz, channels),
    ...{ width: 0, height: 0, unitTicks: frameTicks(config) },
  };
  const headers = { sizeBits, indexBits: bits('indexlength'), deltaBits: bits('indexdeltalength') };
  return {
    ...{ kind: 'audio', media, hz: clockHz, format, reorder: () => 0 },
    depacketiser: (emit) => new AacDepacketiser(format, headers, emit),
  };
}

/** `frameLengthFlag` of the GASpecificConfig behind the object type, the frequency and the channels (ISO/IEC 14496-3 §4.4.1). */
function frameTicks(config: Buffer): number {
  const explicitHz = (((config[0]! & 7) << 1) | (config[1]! >> 7)) === 15;
  const short = explicitHz ? (config[4] ?? 0) & 0x04 : config[1]! & 0x04;
  return short ? 960 : 1_024;
}
