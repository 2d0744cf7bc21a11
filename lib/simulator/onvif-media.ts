import { BITRATE_KBPS, longestGop, QUALITY, type Size, settleEncoder, sizesOf } from './encoder-settings.js';
import type { OnvifProfile } from './onvif-identity.js';
import { mediaUri, profileOf, SOURCE, snapshotUrl, sourceConfiguration } from './onvif-media-common.js';
import type { Device, Operation, ServiceFactory } from './onvif-service.js';
import { find, type SoapElement, textAt } from './soap.js';
import { leaf, noSuch, tag } from './soap-reply.js';

/** The media service (ONVIF media, ver10). It has no word for H.265: such an encoder says H264 here, as cameras do. */
export const mediaService: ServiceFactory = (device) => ({ name: 'media', operations: mediaOperations(device) });

function mediaOperations(device: Device): Record<string, Operation> {
  const { profiles, persona } = device;
  return {
    GetServiceCapabilities: () =>
      '<trt:GetServiceCapabilitiesResponse><trt:Capabilities SnapshotUri="true"><trt:ProfileCapabilities MaximumNumberOfProfiles="2"/>' +
      '<trt:StreamingCapabilities RTP_TCP="true" RTP_RTSP_TCP="true"/></trt:Capabilities></trt:GetServiceCapabilitiesResponse>',
    GetProfiles: () => tag('trt:GetProfilesResponse', ...profiles.map((one) => profileXml('trt:Profiles', one))),
    GetProfile: (call) =>
      tag('trt:GetProfileResponse', profileXml('trt:Profile', profileOf(device, call.request.body, 'ProfileToken'))),
    GetVideoSources: () => {
      const { encoder, sensor } = profiles[0]!;
      const source = leaf('tt:Framerate', encoder.fps) + resolution(sensor);
      return tag('trt:GetVideoSourcesResponse', tag(`trt:VideoSources token="${SOURCE}"`, source));
    },
    GetVideoSourceConfigurations: () =>
      tag('trt:GetVideoSourceConfigurationsResponse', sourceConfiguration('trt:Configurations', profiles[0]!)),
    GetStreamUri: (call) => {
      const profile = profileOf(device, call.request.body, 'ProfileToken');
      return tag('trt:GetStreamUriResponse', mediaUri(device.streamUrl(call, profile)));
    },
    GetSnapshotUri: (call) => {
      profileOf(device, call.request.body, 'ProfileToken');
      return tag('trt:GetSnapshotUriResponse', mediaUri(snapshotUrl(device, call)));
    },
    GetVideoEncoderConfigurations: () =>
      tag('trt:GetVideoEncoderConfigurationsResponse', ...profiles.map((one) => encoderXml('trt:Configurations', one))),
    GetVideoEncoderConfiguration: ({ request }) =>
      tag(
        'trt:GetVideoEncoderConfigurationResponse',
        encoderXml('trt:Configuration', byEncoder(device, textAt(request.body, 'ConfigurationToken'))),
      ),
    GetVideoEncoderConfigurationOptions: ({ request: { body } }) => {
      const token = textAt(body, 'ConfigurationToken');
      const named = token
        ? byEncoder(device, token)
        : profiles.find(({ names }) => names.token === textAt(body, 'ProfileToken'));
      return tag('trt:GetVideoEncoderConfigurationOptionsResponse', optionsXml(device, named ?? profiles[0]!));
    },
    SetVideoEncoderConfiguration: ({ request }) => {
      const configuration = find(request.body, 'Configuration');
      const profile = byEncoder(device, configuration?.attributes.get('token'));
      device.encode(profile, settleEncoder(profile, readEncoder(configuration!), persona.encoder));
      return '<trt:SetVideoEncoderConfigurationResponse/>';
    },
  };
}

function byEncoder({ profiles }: Device, token: string | undefined): OnvifProfile {
  const found = profiles.find(({ names }) => names.encoderToken === token);
  if (!found) throw noSuch('NoConfig', `configuration: ${token}`);
  return found;
}

/** The codec stays: what this service calls H264 may be either. */
function readEncoder(configuration: SoapElement) {
  const number = (...path: string[]) => {
    const text = textAt(configuration, ...path);
    return text === undefined ? undefined : Number(text);
  };
  return {
    width: number('Resolution', 'Width'),
    height: number('Resolution', 'Height'),
    quality: number('Quality'),
    fps: number('RateControl', 'FrameRateLimit'),
    bitrateKbps: number('RateControl', 'BitrateLimit'),
    gopFrames: number('H264', 'GovLength'),
    profile: textAt(configuration, 'H264', 'H264Profile'),
  };
}

function profileXml(name: string, one: OnvifProfile): string {
  return tag(
    `${name} token="${one.names.token}" fixed="true"`,
    leaf('tt:Name', one.names.name),
    sourceConfiguration('tt:VideoSourceConfiguration', one),
    encoderXml('tt:VideoEncoderConfiguration', one),
    AUDIO,
  );
}

const AUDIO =
  '<tt:AudioEncoderConfiguration token="audio-encoder"><tt:Name>audio</tt:Name><tt:UseCount>2</tt:UseCount><tt:Encoding>AAC</tt:Encoding>' +
  '<tt:Bitrate>32</tt:Bitrate><tt:SampleRate>16</tt:SampleRate><tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:AudioEncoderConfiguration>';

function encoderXml(name: string, { names, encoder }: OnvifProfile): string {
  return tag(
    `${name} token="${names.encoderToken}"`,
    leaf('tt:Name', names.encoderToken) + leaf('tt:UseCount', 1) + leaf('tt:Encoding', 'H264'),
    resolution(encoder),
    leaf('tt:Quality', encoder.quality),
    tag(
      'tt:RateControl',
      leaf('tt:FrameRateLimit', encoder.fps),
      leaf('tt:EncodingInterval', 1),
      leaf('tt:BitrateLimit', encoder.bitrateKbps),
    ),
    tag('tt:H264', leaf('tt:GovLength', encoder.gopFrames), leaf('tt:H264Profile', encoder.profile)),
    leaf('tt:SessionTimeout', 'PT60S'),
  );
}

/** The bitrate is in the extension only, where the schema has put it later and libonvif looks for it. */
function optionsXml({ persona: { encoder } }: Device, { sensor }: OnvifProfile): string {
  const rates = encoder.frameRates;
  const fastest = Math.max(...rates);
  const h264 = [
    ...sizesOf(sensor).map(({ width, height }) =>
      tag('tt:ResolutionsAvailable', leaf('tt:Width', width), leaf('tt:Height', height)),
    ),
    range('GovLengthRange', 1, longestGop(encoder, fastest)),
    range('FrameRateRange', Math.min(...rates), fastest),
    range('EncodingIntervalRange', 1, 1),
    leaf('tt:H264ProfilesSupported', 'Main'),
    leaf('tt:H264ProfilesSupported', 'High'),
  ].join('');
  return tag(
    'trt:Options',
    range('QualityRange', QUALITY.min, QUALITY.max),
    tag('tt:H264', h264),
    tag('tt:Extension', tag('tt:H264', h264, range('BitrateRange', BITRATE_KBPS.min, BITRATE_KBPS.max))),
  );
}

function range(name: string, min: number, max: number): string {
  return tag(`tt:${name}`, leaf('tt:Min', min), leaf('tt:Max', max));
}

function resolution({ width, height }: Size): string {
  return tag('tt:Resolution', leaf('tt:Width', width), leaf('tt:Height', height));
}
