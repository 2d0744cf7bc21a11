import type { OnvifConnection } from './connection.js';
import { codecName, type EncoderValues, MEDIA, MEDIA2 } from './encoder.js';
import { child, children, escapeXml, textAt, type XmlElement } from './xml.js';

/** What an encoder says it takes, in words, for each of its settings; those it does not tell are left out. */
export type EncoderOffers = Partial<EncoderValues>;

/** For one codec, or for whichever the camera tells of first. */
export async function encoderOffers(
  connection: OnvifConnection,
  media: 1 | 2,
  token: string,
  codec: string,
  signal: AbortSignal,
): Promise<EncoderOffers> {
  const [service, namespace] = media === 2 ? (['media2', MEDIA2] as const) : (['media', MEDIA] as const);
  const name = 'GetVideoEncoderConfigurationOptions';
  const body = `<${name} xmlns="${namespace}"><ConfigurationToken>${escapeXml(token)}</ConfigurationToken></${name}>`;
  const reply = await connection.call({ service, body, signal });
  return media === 2 ? offers2(children(reply, 'Options'), codec) : offers1(child(reply, 'Options'), codec);
}

function offers1(options: XmlElement | undefined, codec: string): EncoderOffers {
  const names = ['JPEG', 'MPEG4', 'H264'];
  const there = names.filter((name) => child(options, name));
  const name = there.find((one) => one.toLowerCase() === codec) ?? there.at(-1) ?? 'H264';
  const [group, extension] = [child(options, name), child(options, 'Extension', name)];
  return told({
    codec: there.map((one) => one.toLowerCase()).join(', '),
    resolution: resolutions(group),
    fps: range(child(group, 'FrameRateRange')),
    gop: range(child(group, 'GovLengthRange')),
    bitrate: range(child(extension, 'BitrateRange')),
  });
}

function offers2(options: readonly XmlElement[], codec: string): EncoderOffers {
  const codecs = options.map((one) => codecName(textAt(one, 'Encoding') ?? ''));
  const group = options[Math.max(0, codecs.indexOf(codec))];
  const list = (name: string) => group?.attributes[name]?.trim().split(/\s+/) ?? [];
  const [least, most] = list('GovLengthRange');
  return told({
    codec: codecs.join(', '),
    resolution: resolutions(group),
    fps: list('FrameRatesSupported').join(', '),
    gop: least && most ? `${least} to ${most}` : '',
    bitrate: range(child(group, 'BitrateRange')),
  });
}

function resolutions(group: XmlElement | undefined): string {
  const sizes = children(group, 'ResolutionsAvailable').map((one) =>
    [textAt(one, 'Width'), textAt(one, 'Height')].join('x'),
  );
  return sizes.join(', ');
}

function range(element: XmlElement | undefined): string {
  const [least, most] = [textAt(element, 'Min'), textAt(element, 'Max')];
  if (!least || !most) return '';
  return least === most ? least : `${least} to ${most}`;
}

function told(offers: EncoderValues): EncoderOffers {
  return Object.fromEntries(Object.entries(offers).filter(([, text]) => text !== '')) as EncoderOffers;
}
