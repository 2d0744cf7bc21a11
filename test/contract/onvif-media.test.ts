import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { chooseStreams, type OnvifStream, streams } from '../../lib/onvif/media.js';
import {
  type Asked,
  profile,
  profiles,
  type Script,
  type ScriptedCamera,
  type ScriptedOptions,
  scriptedCamera,
  services,
  uri,
} from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;

let camera: ScriptedCamera | undefined;
afterEach(async () => await camera?.close());

async function streamsOf(answers: ScriptedOptions['answers']): Promise<OnvifStream[]> {
  camera = await scriptedCamera({ answers });
  const target = { host: '127.0.0.1', port: camera.port };
  return await streams(await OnvifConnection.open(target, { clock: systemClock, signal }));
}

const MEDIA2 = 'http://www.onvif.org/ver20/media/wsdl';
const both = services('http://127.0.0.1', { [MEDIA2]: 'http://127.0.0.1/onvif/media2' });

const h265 =
  '<trt:Profiles token="p &amp; 1"><trt:Name>Profile_1</trt:Name><trt:Configurations><trt:VideoSource token="v"><tt:SourceToken>s1</tt:SourceToken></trt:VideoSource>' +
  '<trt:VideoEncoder token="ve" GovLength="40" Profile="Main"><tt:Encoding>H265</tt:Encoding><tt:Resolution><tt:Width>3840</tt:Width><tt:Height>2160</tt:Height></tt:Resolution>' +
  '<tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>20.0</tt:FrameRateLimit><tt:BitrateLimit>8192</tt:BitrateLimit></tt:RateControl></trt:VideoEncoder>' +
  '<trt:AudioEncoder token="ae"><tt:Encoding>MP4A-LATM</tt:Encoding></trt:AudioEncoder></trt:Configurations></trt:Profiles>';

/** One script for both services, told apart by the path. */
const byService = (first: string, second: string | { status: number; body: string }) => ({
  GetServices: both,
  GetProfiles: ({ path }: Asked) => (path === '/onvif/media2' ? second : first),
});

describe('the streams of a camera', () => {
  it('are what the first media service tells', async () => {
    const [main, sub] = await streamsOf({});
    expect(main).toEqual({
      token: 'main',
      name: 'main',
      media: 1,
      source: 'source',
      encoder: 'e-main',
      codec: 'H264',
      width: 1920,
      height: 1080,
      fps: 25,
      bitrateKbps: 4096,
      gop: 50,
      profile: 'High',
      audio: undefined,
      uri: 'rtsp://127.0.0.1:554/stream',
      credentials: undefined,
      snapshotUri: `http://127.0.0.1:${camera!.port}/snapshot.jpg`,
    });
    expect(sub).toMatchObject({ token: 'sub', width: 640, height: 360 });
  });

  it('are what the second tells where there is one: it knows H.265', async () => {
    const answers = {
      ...byService(profiles(profile('old', 1, 1)), profiles(h265)),
      GetStreamUri: '<trt:GetStreamUriResponse><trt:Uri>rtsp://x/live</trt:Uri></trt:GetStreamUriResponse>',
    };
    expect(await streamsOf(answers)).toMatchObject([
      {
        token: 'p & 1',
        media: 2,
        codec: 'H265',
        width: 3840,
        fps: 20,
        gop: 40,
        profile: 'Main',
        audio: 'MP4A-LATM',
        source: 's1',
        uri: 'rtsp://127.0.0.1/live',
      },
    ]);
    const asked = camera!.asked.find(({ operation }) => operation === 'GetStreamUri')!;
    expect(asked.path).toBe('/onvif/media2');
    expect(asked.body).toContain('<ProfileToken>p &amp; 1</ProfileToken>');
  });

  it.each([
    ['fails', { status: 400, body: '<s:Envelope xmlns:s="x"><s:Body><s:Fault/></s:Body></s:Envelope>' }],
    ['breaks down', { status: 500, body: '<html>Internal error</html>' }],
    ['has none', profiles()],
    ['has one without an encoder', profiles('<trt:Profiles token="x"><trt:Configurations/></trt:Profiles>')],
    ['speaks something else', '<x/>'],
  ])('are those of the first where the second %s', async (_, second) => {
    const found = await streamsOf(byService(profiles(profile('old', 640, 480)), second));
    expect(found).toMatchObject([{ token: 'old', media: 1 }]);
  });

  it('are none where the camera is gone meanwhile, which is told', async () => {
    const GetProfiles: Script = (_, response) => {
      response.destroy();
      return undefined;
    };
    await expect(streamsOf({ GetServices: both, GetProfiles })).rejects.toMatchObject({ code: 'unreachable' });
    expect(camera!.operations().filter((one) => one === 'GetProfiles')).toHaveLength(1);
  });

  it('lack the profile that has no stream, and the snapshot that is none', async () => {
    const fault = { status: 400, body: '<s:Envelope xmlns:s="x"><s:Body><s:Fault/></s:Body></s:Envelope>' };
    const found = await streamsOf({
      GetProfiles: profiles(profile('bad', 1920, 1080), profile('xm', 1280, 720), profile('web', 10, 10)),
      GetStreamUri: ({ body }) =>
        body.includes('>bad<')
          ? fault
          : body.includes('>web<')
            ? uri('GetStreamUriResponse', 'http://x/mjpeg')
            : uri(
                'GetStreamUriResponse',
                'rtsp://admin:tlJwpbo6@x/user=admin_password=tlJwpbo6_channel=1&amp;stream=0.sdp',
              ),
      GetSnapshotUri: uri('GetSnapshotUriResponse', 'rtsp://admin:pw@x/snap'),
    });
    expect(found).toMatchObject([
      {
        token: 'xm',
        credentials: { username: 'admin', password: 'tlJwpbo6' },
        uri: 'rtsp://127.0.0.1/user=admin_password=tlJwpbo6_channel=1&stream=0.sdp',
        snapshotUri: undefined,
      },
    ]);
    await camera!.close();
    await expect(streamsOf({ GetStreamUri: fault })).rejects.toMatchObject({ code: 'soap-fault' });
  });
});

describe('main and sub', () => {
  const stream = (
    token: string,
    codec: string,
    width: number,
    height: number,
    more: Partial<OnvifStream> = {},
  ): OnvifStream => ({
    ...{ token, name: token, media: 1, source: 's', encoder: token, codec, width, height, fps: 25, bitrateKbps: 1000 },
    ...{
      gop: 50,
      profile: undefined,
      audio: undefined,
      uri: `rtsp://x/${token}`,
      credentials: undefined,
      snapshotUri: undefined,
    },
    ...more,
  });
  const chosen = (...all: OnvifStream[]) => {
    const { main, sub } = chooseStreams(all);
    return [main?.token, sub?.token];
  };

  it.each<[string, OnvifStream[], (string | undefined)[]]>([
    ['by size, not by order', [stream('a', 'H264', 640, 360), stream('b', 'H264', 3840, 2160)], ['b', 'a']],
    ['by size, whatever the codec', [stream('a', 'H264', 1920, 1080), stream('b', 'H265', 3840, 2160)], ['b', 'a']],
    ['never pictures one by one', [stream('a', 'JPEG', 4000, 3000), stream('b', 'H264', 1280, 720)], ['b', undefined]],
    ['unless there is nothing else', [stream('a', 'JPEG', 640, 480)], ['a', undefined]],
    [
      'by frames between equals',
      [stream('a', 'H264', 1920, 1080, { fps: 10 }), stream('b', 'H264', 1920, 1080)],
      ['b', undefined],
    ],
    [
      'with the sub stream of a size to look at',
      [
        stream('a', 'H264', 2560, 1440),
        stream('b', 'H264', 1920, 1080),
        stream('c', 'H264', 704, 480),
        stream('d', 'H264', 160, 90),
      ],
      ['a', 'c'],
    ],
    [
      'with the sub stream every browser plays',
      [stream('a', 'H264', 2560, 1440), stream('b', 'H265', 640, 360), stream('c', 'H264', 640, 360)],
      ['a', 'c'],
    ],
    [
      'by the bit rate where sizes are missing',
      [stream('a', 'H264', 0, 0, { bitrateKbps: 300 }), stream('b', 'H264', 0, 0)],
      ['b', 'a'],
    ],
    ['one alone', [stream('a', 'H264', 640, 360)], ['a', undefined]],
    ['none of none', [], [undefined, undefined]],
    [
      'of one channel',
      [stream('a', 'H264', 640, 360), stream('z', 'H264', 3840, 2160, { source: 't' })],
      ['a', undefined],
    ],
  ])('are chosen %s', (_, all, expected) => {
    expect(chosen(...all)).toEqual(expected);
  });

  it('are chosen of the channel asked for', () => {
    const all = [stream('a', 'H264', 640, 360), stream('z', 'H264', 3840, 2160, { source: 't' })];
    expect(chooseStreams(all, 't').main?.token).toBe('z');
    expect(chooseStreams(all, 'none')).toEqual({ main: undefined, sub: undefined });
  });
});
