import { element, inOrder, toXml, withAttribute, without, withText } from './change-xml.js';
import type { OnvifConnection } from './connection.js';
import type { SettingGroup } from './settings.js';
import { child, children, escapeXml, textAt, type XmlElement } from './xml.js';

/** One video encoder's settings, as texts: `h264`, `1920x1080`, pictures a second, kbit/s, pictures from keyframe to keyframe. */
export type EncoderValues = Record<'codec' | 'resolution' | 'fps' | 'bitrate' | 'gop', string>;

export const MEDIA = 'http://www.onvif.org/ver10/media/wsdl';
export const MEDIA2 = 'http://www.onvif.org/ver20/media/wsdl';

/** A bitrate this near to what was wanted, as a share of it, will do. */
const NEAR = 0.05;

/** The schema's order; some cameras refuse any other. */
const ORDER = [
  'Name',
  'UseCount',
  'Encoding',
  'Resolution',
  'Quality',
  'RateControl',
  'MPEG4',
  'H264',
  'Multicast',
  'SessionTimeout',
];
const ORDER2 = ['Name', 'UseCount', 'Encoding', 'Resolution', 'RateControl', 'Multicast', 'Quality'];

/**
 * The encoder with this configuration token. What is written back is what was read with the wishes in it, so that quality,
 * multicast and the codec's profile stay (the `onvif` package loses the profile).
 */
export function encoder(connection: OnvifConnection, media: 1 | 2, token: string): SettingGroup<EncoderValues> {
  return {
    read: async (signal) => encoderValues(await readConfiguration(connection, media, token, signal)),
    async write(values, _present, signal) {
      const before = await readConfiguration(connection, media, token, signal);
      const changed = media === 2 ? changed2(before, values) : changed1(before, values);
      await connection.call({ service: media === 2 ? 'media2' : 'media', body: setRequest(media, changed), signal });
    },
    isSame(name, has, wanted) {
      if (name === 'fps') return Math.round(Number(has)) === Number(wanted);
      // Cameras count in steps of their own.
      if (name === 'bitrate') return Math.abs(Number(has) / Number(wanted) - 1) <= NEAR;
      return has === wanted;
    },
  };
}

async function readConfiguration(
  connection: OnvifConnection,
  media: 1 | 2,
  token: string,
  signal: AbortSignal,
): Promise<XmlElement> {
  if (media === 1) {
    const body = `<GetVideoEncoderConfiguration xmlns="${MEDIA}"><ConfigurationToken>${escapeXml(token)}</ConfigurationToken></GetVideoEncoderConfiguration>`;
    return found(child(await connection.call({ service: 'media', body, signal }), 'Configuration'), token);
  }
  const body = `<GetVideoEncoderConfigurations xmlns="${MEDIA2}"><ConfigurationToken>${escapeXml(token)}</ConfigurationToken></GetVideoEncoderConfigurations>`;
  const all = children(await connection.call({ service: 'media2', body, signal }), 'Configurations');
  // Some answer with all of them, whatever was asked for.
  return found(all.find((one) => one.attributes.token === token) ?? (all.length === 1 ? all[0] : undefined), token);
}

function found(configuration: XmlElement | undefined, token: string): XmlElement {
  if (!configuration) throw new TypeError(`the camera has no video encoder ${JSON.stringify(token)}`);
  return configuration;
}

/** From a configuration of either version. */
export function encoderValues(configuration: XmlElement): EncoderValues {
  const text = (...path: string[]) => textAt(configuration, ...path) ?? '';
  const [width, height] = [text('Resolution', 'Width'), text('Resolution', 'Height')];
  return {
    codec: codecName(text('Encoding')),
    resolution: width && height ? `${width}x${height}` : '',
    fps: text('RateControl', 'FrameRateLimit'),
    bitrate: text('RateControl', 'BitrateLimit'),
    gop: configuration.attributes.GovLength ?? (text('H264', 'GovLength') || text('MPEG4', 'GovLength')),
  };
}

/** `H264`, `H.265` and `HEVC` as `h264`, `h265`. */
export function codecName(encoding: string): string {
  const plain = encoding.toLowerCase().replace(/[^a-z0-9]/g, '');
  return plain === 'hevc' ? 'h265' : plain;
}

function setRequest(media: 1 | 2, configuration: XmlElement): string {
  const namespace = media === 2 ? MEDIA2 : MEDIA;
  const renamed = { ...configuration, name: 'Configuration', namespace };
  const persistence = media === 1 ? '<ForcePersistence>true</ForcePersistence>' : '';
  return `<SetVideoEncoderConfiguration xmlns="${namespace}">${toXml(renamed)}${persistence}</SetVideoEncoderConfiguration>`;
}

function withCommon(before: XmlElement, { resolution, fps, bitrate }: Partial<EncoderValues>): XmlElement {
  let after = before;
  const [width, height] = resolution?.split('x') ?? [];
  if (width && height) {
    after = withText(withText(after, ['Resolution', 'Width'], width), ['Resolution', 'Height'], height);
  }
  if (fps) after = withText(after, ['RateControl', 'FrameRateLimit'], fps);
  if (bitrate) after = withText(after, ['RateControl', 'BitrateLimit'], bitrate);
  return after;
}

function changed1(before: XmlElement, values: Partial<EncoderValues>): XmlElement {
  let after = withCommon(before, values);
  if (values.codec) after = withCodec(after, values.codec);
  if (values.gop) after = withText(after, ['H264', 'GovLength'], values.gop);
  return inOrder(after, ORDER);
}

/** The group of settings of the codec before would contradict the new one. */
function withCodec(before: XmlElement, codec: string): XmlElement {
  const after = withText(before, ['Encoding'], codec.toUpperCase());
  if (codec !== 'h264') return without(after, 'H264');
  if (child(after, 'H264')) return after;
  const group = element('H264', [element('GovLength', '30'), element('H264Profile', 'Main')]);
  return without({ ...after, children: [...after.children, group] }, 'MPEG4');
}

function changed2(before: XmlElement, values: Partial<EncoderValues>): XmlElement {
  let after = withCommon(before, values);
  if (values.codec) {
    after = withText(after, ['Encoding'], values.codec.toUpperCase());
    // Profiles are those of one codec: the camera chooses another.
    const { Profile: _, ...attributes } = after.attributes;
    after = { ...after, attributes };
  }
  if (values.gop) after = withAttribute(after, 'GovLength', values.gop);
  return inOrder(after, ORDER2);
}
