import { expect, it } from 'vitest';
import type { ServiceName } from '../../../lib/onvif/connection.js';
import type { OnvifStream } from '../../../lib/onvif/media.js';
import { channelsOf, profileLetters, snapshotProfile } from '../../../src/camera/interview.js';

const stream = (source: string, token: string, width: number, codec = 'H264'): OnvifStream => ({
  ...{ token, name: token, media: 1, source, encoder: token, codec, width, height: (width * 9) / 16 },
  ...{ fps: 15, bitrateKbps: width, gop: 30, profile: 'Main', audio: undefined, uri: `rtsp://10.0.0.5/${token}` },
  ...{ credentials: undefined, snapshotUri: undefined },
});

it('has a channel for each source of a recorder, in its order, each with its own two streams', () => {
  const all = ['c1', 'c2', 'c3'].flatMap((source) => [
    stream(source, `${source}-sub`, 640),
    stream(source, `${source}-main`, 1920),
  ]);
  const channels = channelsOf(all);
  expect(channels.map(({ number, main, sub }) => [number, main.token, sub?.token])).toEqual([
    [1, 'c1-main', 'c1-sub'],
    [2, 'c2-main', 'c2-sub'],
    [3, 'c3-main', 'c3-sub'],
  ]);
  expect(channelsOf([])).toEqual([]);
  // Without a name the camera gives the picture of its first channel, which would be the wrong one for the others.
  expect(channels.map(snapshotProfile)).toEqual([undefined, 'c2-main', 'c3-main']);
});

it('knows profiles by what scopes claim, else by the services there are', () => {
  const none = () => false;
  const claims = (...names: string[]) => names.map((name) => `onvif://www.onvif.org/Profile/${name}`);
  expect(profileLetters(claims('T', 'G', 'Streaming', 'M', 'T'), none)).toEqual(['S', 'T', 'G', 'M']);
  expect(profileLetters([...claims('Q'), 'onvif://www.onvif.org/name/S'], none)).toEqual(['Q']);
  const services: ServiceName[] = ['media', 'media2', 'recording', 'search', 'replay'];
  expect(profileLetters([], (name) => services.includes(name))).toEqual(['S', 'T', 'G']);
  expect(profileLetters([], none)).toEqual([]);
});
