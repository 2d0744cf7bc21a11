import { describe, expect, it } from 'vitest';
import { UnsupportedStream } from '../../../lib/rtsp/failures.js';
import { parameterSets, parseSdp } from '../../../lib/rtsp/sdp.js';
import { chooseTracks } from '../../../lib/rtsp/tracks.js';
import { baseUrl, controlUrl, requestUrl } from '../../../lib/rtsp/url.js';

const H264 = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n';
const AAC =
  'm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\n' +
  'a=fmtp:97 streamtype=5;mode=AAC-hbr;config=1408;SizeLength=13;IndexLength=3;IndexDeltaLength=3\r\na=control:track2\r\n';

describe('a session description', () => {
  it('is read as cameras write it', () => {
    const { control, media } = parseSdp(
      `v=0\no=- 1 1 IN IP4 0.0.0.0\ns=x\na=control:*\na=range:npt=0-\nm=video 0 RTP/AVP 35 96\nb=AS:500\n` +
        `a=rtpmap:35 H265/90000 \na=fmtp:35 sprop-vps=QAE=; sprop-sps = QgE= ;\na=control: rtsp://10.0.0.5/trackID=1\na=recvonly\n` +
        `m=audio 0 RTP/AVP 0\nm=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\n`,
    );
    expect(control).toBe('*');
    expect(media).toMatchObject([
      { kind: 'video', payloadType: 35, encoding: 'H265', clockHz: 90_000, direction: 'recvonly' },
      { kind: 'audio', payloadType: 0, encoding: 'PCMU', clockHz: 8_000, channels: 1 },
      { kind: 'application', encoding: 'VND.ONVIF.METADATA' },
    ]);
    expect(media[0]!.control).toBe('rtsp://10.0.0.5/trackID=1');
    expect(media[0]!.parameters.get('sprop-sps')).toBe('QgE=');
  });

  it('may name another number in its attributes than in its medium', () => {
    expect(parseSdp('m=video 0 RTP/AVP 98\na=rtpmap:96 H264/90000\n').media[0]).toMatchObject({ encoding: 'H264' });
  });

  it('gives parameter sets, with a start code before them or without', () => {
    const sets = ['Z0IAHg==', 'AAAAAWdCAB4=', 'AAABZ0IAHg==', '', 'AA=='].join(',');
    expect(parameterSets(sets).map((set) => set.toString('hex'))).toEqual(['6742001e', '6742001e', '6742001e']);
    expect(parameterSets(undefined)).toEqual([]);
  });

  it('has no end to what may be wrong with it', () => {
    for (const text of ['', 'm=', 'm=video', 'a=rtpmap:96', '=\n=\n', 'm=video 0 RTP/AVP 96\na=fmtp:96 ;;=;a\n']) {
      expect(() => parseSdp(text)).not.toThrow();
    }
    expect(parseSdp(H264.repeat(1_000)).media).toHaveLength(16);
  });
});

describe('the tracks to record', () => {
  const kinds = (text: string, audio = true) => chooseTracks(parseSdp(text), audio).map(({ kind }) => kind);

  it('are the first pictures and the first sound, if that is wanted', () => {
    expect(kinds(H264 + AAC)).toEqual(['video', 'audio']);
    expect(kinds(H264 + AAC, false)).toEqual(['video']);
    expect(kinds(AAC + H264 + H264)).toEqual(['video', 'audio']);
    expect(kinds(H264)).toEqual(['video']);
  });

  it('are not those that only we could send', () => {
    expect(kinds(`${H264}m=audio 0 RTP/AVP 0\r\na=sendonly\r\n${AAC}`)).toEqual(['video', 'audio']);
    expect(kinds(`${H264}m=audio 0 RTP/AVP 0\r\na=sendonly\r\n`)).toEqual(['video']);
  });

  it.each([
    ['no pictures', AAC],
    ['JPEG', 'm=video 0 RTP/AVP 26\r\n'],
    ['interleaved H.264', H264.replace('a=control', 'a=fmtp:96 packetization-mode=2\r\na=control')],
    ['8000 Hz', H264.replace('90000', '8000')],
    ['PCMU', `${H264}m=audio 0 RTP/AVP 0\r\n`],
    ['MP4A-LATM', H264 + AAC.replace('mpeg4-generic', 'MP4A-LATM')],
    ['an unusual description', H264 + AAC.replace('config=1408;', '')],
    ['an unusual description', H264 + AAC.replace('IndexLength=3', 'IndexLength=3;CTSDeltaLength=8')],
  ])('cannot be recorded as they are: %s', (words, text) => {
    expect(() => kinds(text)).toThrow(UnsupportedStream);
    expect(() => kinds(text)).toThrow(words);
  });

  it('may have sound that cannot be recorded where none is wanted', () => {
    expect(kinds(`${H264}m=audio 0 RTP/AVP 0\r\n`, false)).toEqual(['video']);
  });
});

describe('the address of a track', () => {
  const base = 'rtsp://10.0.0.5:554/live?channel=1&subtype=0';

  it.each([
    [base, undefined, base],
    [base, '*', base],
    [base, '', base],
    [base, 'trackID=0', `${base}/trackID=0`],
    [`${base}/`, 'trackID=0', `${base}/trackID=0`],
    ['rtsp://h/s', '/track1', 'rtsp://h/s/track1'],
    ['rtsp://h/s/', 'rtsp://h/other/1', 'rtsp://h/other/1'],
    ['rtsp://h/s', '?ctype=video', 'rtsp://h/s?ctype=video'],
  ])('%s and %s make %s', (of, control, expected) => {
    expect(controlUrl(of, control)).toBe(expected);
  });

  it('is below what the server says is the base, where that makes sense', () => {
    const headers = (name: string, value: string) => new Map([[name, [value]]]);
    expect(baseUrl(base, new Map())).toBe(base);
    expect(baseUrl(base, headers('content-base', 'rtsp://10.0.0.5/live/'))).toBe('rtsp://10.0.0.5/live/');
    expect(baseUrl(base, headers('content-location', 'rtsp://10.0.0.5/x'))).toBe('rtsp://10.0.0.5/x');
    expect(baseUrl(base, headers('content-base', ''))).toBe(base);
    expect(baseUrl('rtsp://h/a/b', headers('content-base', '/c/'))).toBe('rtsp://h/c/');
  });

  it('never holds sign-in details', () => {
    expect(requestUrl(new URL('rtsp://u:p@h:8554/a/b?c=1#d'))).toBe('rtsp://h:8554/a/b?c=1');
  });
});
