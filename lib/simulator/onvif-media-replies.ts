import type { OnvifProfile } from './onvif-identity.js';
import { escapeXml, type SoapRequest } from './soap.js';

/** What the replies of the media service are made of. */
export interface MediaFacts {
  request: SoapRequest;
  profiles: readonly OnvifProfile[];
  snapshotUrl: string;
}

/** Undefined where the request names a profile or configuration that does not exist. */
type Reply = (facts: MediaFacts) => string | undefined;

/** Bodies of the media service's replies, by operation (ONVIF media, ver10). */
export const MEDIA_REPLIES: Record<string, Reply> = {
  GetProfiles: ({ profiles }) =>
    `<trt:GetProfilesResponse>${profiles.map((one) => profile('trt:Profiles', one)).join('')}</trt:GetProfilesResponse>`,
  GetProfile: (facts) =>
    forProfile(facts, (one) => `<trt:GetProfileResponse>${profile('trt:Profile', one)}</trt:GetProfileResponse>`),
  GetVideoSources: ({ profiles: [first] }) =>
    `<trt:GetVideoSourcesResponse><trt:VideoSources token="source"><tt:Framerate>${first!.spec.fps}</tt:Framerate>` +
    `${resolution(first!)}</trt:VideoSources></trt:GetVideoSourcesResponse>`,
  GetStreamUri: (facts) =>
    forProfile(facts, (one) => `<trt:GetStreamUriResponse>${mediaUri(one.streamUrl)}</trt:GetStreamUriResponse>`),
  GetSnapshotUri: (facts) =>
    forProfile(facts, () => `<trt:GetSnapshotUriResponse>${mediaUri(facts.snapshotUrl)}</trt:GetSnapshotUriResponse>`),
  GetVideoEncoderConfigurations: ({ profiles }) =>
    `<trt:GetVideoEncoderConfigurationsResponse>${profiles.map((one) => encoder('trt:Configurations', one)).join('')}` +
    '</trt:GetVideoEncoderConfigurationsResponse>',
  GetVideoEncoderConfiguration: (facts) =>
    forEncoder(
      facts,
      (one) =>
        `<trt:GetVideoEncoderConfigurationResponse>${encoder('trt:Configuration', one)}</trt:GetVideoEncoderConfigurationResponse>`,
    ),
  GetVideoEncoderConfigurationOptions: (facts) =>
    forEncoder(facts, encoderOptions) ?? encoderOptions(facts.profiles[0]!),
};

function forProfile({ request, profiles }: MediaFacts, reply: (one: OnvifProfile) => string): string | undefined {
  const found = profiles.find(({ token }) => token === request.text('ProfileToken'));
  return found && reply(found);
}

/** Encoder configurations are named after their profiles: `encoder-main`. */
function forEncoder({ request, profiles }: MediaFacts, reply: (one: OnvifProfile) => string): string | undefined {
  const wanted = request.text('ConfigurationToken') ?? `encoder-${request.text('ProfileToken')}`;
  const found = profiles.find(({ token }) => `encoder-${token}` === wanted);
  return found && reply(found);
}

function profile(tag: string, one: OnvifProfile): string {
  const { width, height } = one.spec;
  return (
    `<${tag} token="${one.token}" fixed="true"><tt:Name>${one.token}</tt:Name>` +
    '<tt:VideoSourceConfiguration token="source-configuration"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount>' +
    `<tt:SourceToken>source</tt:SourceToken><tt:Bounds x="0" y="0" width="${width}" height="${height}"/></tt:VideoSourceConfiguration>` +
    `${encoder('tt:VideoEncoderConfiguration', one)}${AUDIO}</${tag}>`
  );
}

const AUDIO =
  '<tt:AudioEncoderConfiguration token="audio-encoder"><tt:Name>audio</tt:Name><tt:UseCount>2</tt:UseCount><tt:Encoding>AAC</tt:Encoding>' +
  '<tt:Bitrate>32</tt:Bitrate><tt:SampleRate>16</tt:SampleRate><tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:AudioEncoderConfiguration>';

function encoder(tag: string, one: OnvifProfile): string {
  const { fps, rateBps, gopFrames } = one.spec;
  return (
    `<${tag} token="encoder-${one.token}"><tt:Name>encoder-${one.token}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>` +
    `${resolution(one)}<tt:Quality>4</tt:Quality><tt:RateControl><tt:FrameRateLimit>${fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>` +
    `<tt:BitrateLimit>${Math.round(rateBps / 1000)}</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>${gopFrames}</tt:GovLength>` +
    `<tt:H264Profile>High</tt:H264Profile></tt:H264><tt:SessionTimeout>PT60S</tt:SessionTimeout></${tag}>`
  );
}

/** The one setting there is, as ranges: a simulated camera plays what was encoded. */
function encoderOptions(one: OnvifProfile): string {
  const { fps, gopFrames, rateBps, width, height } = one.spec;
  const range = (tag: string, value: number) =>
    `<tt:${tag}><tt:Min>${value}</tt:Min><tt:Max>${value}</tt:Max></tt:${tag}>`;
  const h264 =
    `<tt:ResolutionsAvailable><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:ResolutionsAvailable>` +
    `${range('GovLengthRange', gopFrames)}${range('FrameRateRange', fps)}${range('EncodingIntervalRange', 1)}` +
    '<tt:H264ProfilesSupported>High</tt:H264ProfilesSupported>';
  return (
    `<trt:GetVideoEncoderConfigurationOptionsResponse><trt:Options>${range('QualityRange', 4)}<tt:H264>${h264}</tt:H264>` +
    `<tt:Extension><tt:H264>${h264}${range('BitrateRange', Math.round(rateBps / 1000))}</tt:H264></tt:Extension>` +
    '</trt:Options></trt:GetVideoEncoderConfigurationOptionsResponse>'
  );
}

function resolution({ spec }: OnvifProfile): string {
  return `<tt:Resolution><tt:Width>${spec.width}</tt:Width><tt:Height>${spec.height}</tt:Height></tt:Resolution>`;
}

function mediaUri(uri: string): string {
  return (
    `<trt:MediaUri><tt:Uri>${escapeXml(uri)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>` +
    '<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>'
  );
}
