import type { VideoCodec } from './device-settings.js';
import { BITRATE_KBPS, longestGop, QUALITY, settleEncoder, sizesOf } from './encoder-settings.js';
import type { OnvifProfile } from './onvif-identity.js';
import { profileOf, snapshotUrl, sourceConfiguration } from './onvif-media-common.js';
import type { Device, Operation, ServiceFactory } from './onvif-service.js';
import { find, type SoapElement, textAt } from './soap.js';
import { badValue, leaf, noSuch, tag } from './soap-reply.js';

/** The newer media service (ONVIF media, ver20): the one that knows H.265. */
export const media2Service: ServiceFactory = (device) => ({ name: 'media2', operations: media2Operations(device) });

function media2Operations(device: Device): Record<string, Operation> {
  const { profiles, persona } = device;
  return {
    GetServiceCapabilities: () =>
      `<tr2:GetServiceCapabilitiesResponse><tr2:Capabilities SnapshotUri="${persona.snapshot !== undefined}"><tr2:ProfileCapabilities ` +
      'MaximumNumberOfProfiles="2" ConfigurationsSupported="VideoSource VideoEncoder AudioEncoder"/>' +
      '<tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true"/></tr2:Capabilities></tr2:GetServiceCapabilitiesResponse>',
    GetProfiles: ({ request: { body } }) => {
      const wanted = textAt(body, 'Token') === undefined ? profiles : [profileOf(device, body, 'Token')];
      const types = body.children.filter(({ name }) => name === 'Type').map(({ text }) => text);
      return tag('tr2:GetProfilesResponse', ...wanted.map((one) => profileXml(one, types)));
    },
    GetVideoSourceConfigurations: () =>
      tag('tr2:GetVideoSourceConfigurationsResponse', sourceConfiguration('tr2:Configurations', profiles[0]!)),
    GetVideoEncoderConfigurations: ({ request: { body } }) =>
      tag(
        'tr2:GetVideoEncoderConfigurationsResponse',
        ...chosen(device, body).map((one) => encoderXml('tr2:Configurations', one)),
      ),
    GetVideoEncoderConfigurationOptions: ({ request: { body } }) =>
      tag(
        'tr2:GetVideoEncoderConfigurationOptionsResponse',
        ...codecsOf(chosen(device, body)[0]!).map((codec) => optionsXml(device, chosen(device, body)[0]!, codec)),
      ),
    SetVideoEncoderConfiguration: ({ request: { body } }) => {
      const configuration = find(body, 'Configuration');
      const token = configuration?.attributes.get('token');
      const profile = profiles.find(({ names }) => names.encoderToken === token);
      if (!profile || !configuration) throw noSuch('NoConfig', `configuration: ${token}`);
      device.encode(profile, settleEncoder(profile, readEncoder(configuration), persona.encoder));
      return '<tr2:SetVideoEncoderConfigurationResponse/>';
    },
    GetStreamUri: (call) => {
      const profile = profileOf(device, call.request.body, 'ProfileToken');
      return tag('tr2:GetStreamUriResponse', leaf('tr2:Uri', device.streamUrl(call, profile)));
    },
    GetSnapshotUri: (call) => {
      profileOf(device, call.request.body, 'ProfileToken');
      return tag('tr2:GetSnapshotUriResponse', leaf('tr2:Uri', snapshotUrl(device, call)));
    },
  };
}

/** Configurations by their own token or a profile's; all of them without either. */
function chosen({ profiles }: Device, body: SoapElement): readonly OnvifProfile[] {
  const [token, profileToken] = [textAt(body, 'ConfigurationToken'), textAt(body, 'ProfileToken')];
  if (!token && !profileToken) return profiles;
  const found = profiles.filter(
    ({ names }) => (!token || names.encoderToken === token) && (!profileToken || names.token === profileToken),
  );
  if (found.length === 0) throw noSuch('NoConfig', `configuration: ${token ?? profileToken}`);
  return found;
}

function codecsOf({ names }: OnvifProfile): VideoCodec[] {
  return names.codec === 'H265' ? ['H265', 'H264'] : ['H264'];
}

function readEncoder(configuration: SoapElement) {
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const codec = textAt(configuration, 'Encoding');
  if (codec !== 'H264' && codec !== 'H265') throw badValue('Encoding', codec);
  return {
    codec: codec as VideoCodec,
    width: number(textAt(configuration, 'Resolution', 'Width')),
    height: number(textAt(configuration, 'Resolution', 'Height')),
    quality: number(textAt(configuration, 'Quality')),
    fps: number(textAt(configuration, 'RateControl', 'FrameRateLimit')),
    bitrateKbps: number(textAt(configuration, 'RateControl', 'BitrateLimit')),
    gopFrames: number(configuration.attributes.get('GovLength')),
    profile: configuration.attributes.get('Profile'),
  };
}

/** Configurations come with a profile only where their kind was asked for (ONVIF media 2, 5.4.3). */
function profileXml(one: OnvifProfile, types: readonly string[]): string {
  const has = (type: string) => types.includes(type) || types.includes('All');
  const source = sourceConfiguration('tr2:VideoSource', one);
  const configurations =
    (has('VideoSource') ? source : '') + (has('VideoEncoder') ? encoderXml('tr2:VideoEncoder', one) : '');
  return tag(
    `tr2:Profiles token="${one.names.token}" fixed="true"`,
    leaf('tr2:Name', one.names.name),
    configurations && tag('tr2:Configurations', configurations),
  );
}

function encoderXml(name: string, { names, encoder }: OnvifProfile): string {
  return tag(
    `${name} token="${names.encoderToken}" GovLength="${encoder.gopFrames}" Profile="${encoder.profile}"`,
    leaf('tt:Name', names.encoderToken) + leaf('tt:UseCount', 1) + leaf('tt:Encoding', encoder.codec),
    tag('tt:Resolution', leaf('tt:Width', encoder.width), leaf('tt:Height', encoder.height)),
    tag(
      'tt:RateControl ConstantBitRate="false"',
      leaf('tt:FrameRateLimit', encoder.fps),
      leaf('tt:BitrateLimit', encoder.bitrateKbps),
    ),
    leaf('tt:Quality', encoder.quality),
  );
}

function optionsXml({ persona: { encoder } }: Device, { sensor }: OnvifProfile, codec: VideoCodec): string {
  const rates = [...encoder.frameRates].sort((a, b) => b - a);
  const range = (name: string, { min, max }: { min: number; max: number }) =>
    tag(`tt:${name}`, leaf('tt:Min', min), leaf('tt:Max', max));
  return tag(
    `tr2:Options GovLengthRange="1 ${longestGop(encoder, rates[0]!)}" FrameRatesSupported="${rates.join(' ')}" ProfilesSupported="Main High"`,
    leaf('tt:Encoding', codec),
    range('QualityRange', QUALITY),
    ...sizesOf(sensor).map(({ width, height }) =>
      tag('tt:ResolutionsAvailable', leaf('tt:Width', width), leaf('tt:Height', height)),
    ),
    range('BitrateRange', BITRATE_KBPS),
  );
}
