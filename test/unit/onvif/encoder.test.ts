import { expect, it } from 'vitest';
import type { OnvifConnection } from '../../../lib/onvif/connection.js';
import { type EncoderValues, encoder } from '../../../lib/onvif/encoder.js';
import { child, parseXml, textAt, type XmlElement } from '../../../lib/onvif/xml.js';

const signal = new AbortController().signal;
const TT = 'http://www.onvif.org/ver10/schema';

/** A camera with one configuration, which notes what is written. */
function camera(media: 1 | 2, configuration: string) {
  const written: XmlElement[] = [];
  const connection = {
    async call({ body }: { body: string }) {
      const request = parseXml(body);
      if (request.name.startsWith('Set')) written.push(child(request, 'Configuration')!);
      return parseXml(`<Reply xmlns="${TT}">${configuration}</Reply>`);
    },
  } as unknown as OnvifConnection;
  const group = encoder(connection, media, 'e1');
  return {
    group,
    async write(values: Partial<EncoderValues>) {
      await group.write(values, await group.read(signal), signal);
      return written.at(-1)!;
    },
  };
}

const MEDIA1 = `<Configuration token="e1"><Name>A &lt;B&gt; &amp; C</Name><UseCount>2</UseCount><Encoding>JPEG</Encoding>
  <Resolution><Width>640</Width><Height>360</Height></Resolution><Quality>4.5</Quality>
  <RateControl><FrameRateLimit>15</FrameRateLimit><EncodingInterval>1</EncodingInterval><BitrateLimit>900</BitrateLimit></RateControl>
  <Multicast><Port>0</Port></Multicast><SessionTimeout>PT60S</SessionTimeout></Configuration>`;
const MEDIA2 = `<Configurations token="e0" GovLength="1"><Encoding>H264</Encoding></Configurations>
  <Configurations token="e1" GovLength="50" Profile="Main" GuaranteedFrameRate="false"><Name>x</Name><UseCount>1</UseCount>
  <Encoding>H265</Encoding><Resolution><Width>3840</Width><Height>2160</Height></Resolution>
  <RateControl ConstantBitRate="true"><FrameRateLimit>12.5</FrameRateLimit><BitrateLimit>6000</BitrateLimit></RateControl>
  <Quality>3</Quality></Configurations>`;

const names = ({ children }: XmlElement) => children.map(({ name }) => name);

it('reads an encoder of either media service, and not its neighbour', async () => {
  expect(await camera(1, MEDIA1).group.read(signal)).toEqual({
    ...{ codec: 'jpeg', resolution: '640x360', fps: '15', bitrate: '900', gop: '' },
  });
  expect(await camera(2, MEDIA2).group.read(signal)).toEqual({
    ...{ codec: 'h265', resolution: '3840x2160', fps: '12.5', bitrate: '6000', gop: '50' },
  });
});

it('writes back all that it read, in the order of the schema, with the wishes in it', async () => {
  const written = await camera(1, MEDIA1).write({ fps: '10', resolution: '1280x720' });
  expect(names(written)).toEqual([
    ...['Name', 'UseCount', 'Encoding', 'Resolution', 'Quality', 'RateControl', 'Multicast', 'SessionTimeout'],
  ]);
  expect(written.attributes.token).toBe('e1');
  expect([textAt(written, 'Name'), textAt(written, 'Quality'), textAt(written, 'Multicast', 'Port')]).toEqual([
    'A <B> & C',
    '4.5',
    '0',
  ]);
  const rate = child(written, 'RateControl')!;
  expect(rate.children.map(({ name, text }) => [name, text])).toEqual([
    ['FrameRateLimit', '10'],
    ['EncodingInterval', '1'],
    ['BitrateLimit', '900'],
  ]);
  expect([textAt(written, 'Resolution', 'Width'), textAt(written, 'Resolution', 'Height')]).toEqual(['1280', '720']);
});

it('makes H.264 of Motion JPEG with the group that it needs, in its place, and the other way round without', async () => {
  const h264 = await camera(1, MEDIA1).write({ codec: 'h264', gop: '30' });
  expect(textAt(h264, 'Encoding')).toBe('H264');
  expect(names(h264).slice(4, 7)).toEqual(['Quality', 'RateControl', 'H264']);
  expect([textAt(h264, 'H264', 'GovLength'), textAt(h264, 'H264', 'H264Profile')]).toEqual(['30', 'Main']);
  const before = MEDIA1.replace('JPEG', 'H264').replace(
    '<Multicast>',
    '<H264><GovLength>9</GovLength></H264><Multicast>',
  );
  expect(names(await camera(1, before).write({ codec: 'jpeg' }))).not.toContain('H264');
});

it('leaves the profile of a codec to the camera when the codec changes, and keeps it when it does not', async () => {
  const changed = await camera(2, MEDIA2).write({ codec: 'h264', gop: '25' });
  expect(changed.attributes).toEqual({ token: 'e1', GovLength: '25', GuaranteedFrameRate: 'false' });
  const kept = await camera(2, MEDIA2).write({ bitrate: '4000' });
  expect(kept.attributes).toEqual({ token: 'e1', GovLength: '50', Profile: 'Main', GuaranteedFrameRate: 'false' });
  expect(names(kept)).toEqual(['Name', 'UseCount', 'Encoding', 'Resolution', 'RateControl', 'Quality']);
  expect(child(kept, 'RateControl')!.attributes).toEqual({ ConstantBitRate: 'true' });
});

it('says which encoder is not there', async () => {
  const nobody = camera(2, '<Configurations token="e7"/><Configurations token="e8"/>').group;
  await expect(nobody.read(signal)).rejects.toThrow(/no video encoder "e1"/);
});
