import { child, children, textAt, type XmlElement } from './xml.js';

/** What a profile says of its stream: numbers where the camera gives usable ones, everything else as text. */
export interface MediaProfile {
  token: string;
  name: string;
  /** Which version of the media service it comes from. */
  media: 1 | 2;
  /** The video source: one on a camera, one for each channel on a recorder. */
  source: string | undefined;
  /** The encoder configuration's token, by which settings are written. */
  encoder: string | undefined;
  /** `H264`, `H265`, `MPEG4`, `JPEG`, or what else a maker writes, in capitals. */
  codec: string;
  width: number | undefined;
  height: number | undefined;
  fps: number | undefined;
  bitrateKbps: number | undefined;
  /** Frames from one keyframe to the next. */
  gop: number | undefined;
  /** The codec's profile: `Main`, `High`. */
  profile: string | undefined;
  /** The audio codec: `AAC`, `G711`. */
  audio: string | undefined;
}

/** A camera has a handful, a large recorder two hundred; more is nonsense that would each cost two requests. */
const MAX_PROFILES = 512;

/** From `GetProfiles` of either version; profiles without a token or without a video encoder are left out. */
export function profilesOf(reply: XmlElement, media: 1 | 2): MediaProfile[] {
  const read = media === 1 ? media1Profile : media2Profile;
  return children(reply, 'Profiles')
    .slice(0, MAX_PROFILES)
    .flatMap((element) => read(element) ?? []);
}

function media1Profile(element: XmlElement): MediaProfile | undefined {
  const encoder = child(element, 'VideoEncoderConfiguration');
  const codec = codecOf(encoder);
  if (!codec || !encoder || !element.attributes.token) return undefined;
  const details = child(encoder, codec) ?? child(encoder, 'H264') ?? child(encoder, 'MPEG4');
  return {
    ...common(element, 'VideoSourceConfiguration', 'AudioEncoderConfiguration'),
    ...encoding(encoder, codec),
    media: 1,
    gop: numberOf(textAt(details, 'GovLength')),
    profile: textAt(details, 'H264Profile') ?? textAt(details, 'Mpeg4Profile'),
  };
}

/** Here what is a sub-element in the first version is an attribute. */
function media2Profile(element: XmlElement): MediaProfile | undefined {
  const configurations = child(element, 'Configurations');
  const encoder = child(configurations, 'VideoEncoder');
  const codec = codecOf(encoder);
  if (!codec || !encoder || !configurations || !element.attributes.token) return undefined;
  return {
    ...common(
      { ...element, children: [...element.children, ...configurations.children] },
      'VideoSource',
      'AudioEncoder',
    ),
    ...encoding(encoder, codec),
    media: 2,
    gop: numberOf(encoder.attributes.GovLength),
    profile: encoder.attributes.Profile || undefined,
  };
}

function common(element: XmlElement, source: string, audio: string) {
  const token = element.attributes.token!;
  return {
    token,
    name: textAt(element, 'Name') ?? token,
    source: textAt(element, source, 'SourceToken'),
    audio: textAt(element, audio, 'Encoding')?.toUpperCase(),
  };
}

function encoding(encoder: XmlElement, codec: string) {
  return {
    encoder: encoder.attributes.token,
    codec,
    width: numberOf(textAt(encoder, 'Resolution', 'Width')),
    height: numberOf(textAt(encoder, 'Resolution', 'Height')),
    fps: numberOf(textAt(encoder, 'RateControl', 'FrameRateLimit')),
    bitrateKbps: numberOf(textAt(encoder, 'RateControl', 'BitrateLimit')),
  };
}

/** `H.265`, `HEVC` and `video/H265` are all seen. */
function codecOf(encoder: XmlElement | undefined): string | undefined {
  const text = textAt(encoder, 'Encoding')
    ?.toUpperCase()
    .replace(/^VIDEO\//, '')
    .replace('.', '');
  if (text === 'HEVC') return 'H265';
  if (text === 'AVC') return 'H264';
  if (text === 'MPV4-ES') return 'MPEG4';
  return text;
}

/** 0 means that the maker did not fill it in. */
function numberOf(text: string | undefined): number | undefined {
  const number = Number(text);
  return text !== undefined && Number.isFinite(number) && number > 0 && number < 1e7 ? number : undefined;
}
