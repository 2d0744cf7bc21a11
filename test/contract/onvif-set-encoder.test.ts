import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { encoder } from '../../lib/onvif/encoder.js';
import { change } from '../../lib/onvif/settings.js';
import { askBare, connectBare } from '../simulators/bare-onvif.js';
import { type ScriptedCamera, scriptedCamera } from '../simulators/scripted-camera.js';

const signal = new AbortController().signal;

let camera: ScriptedCamera;
afterEach(async () => await camera.close());

/** It says yes, and keeps what it had. */
async function stubborn(): Promise<number> {
  const configuration =
    '<trt:Configuration token="e-main"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>' +
    '<tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>' +
    '<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl>' +
    '<tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:H264></trt:Configuration>';
  camera = await scriptedCamera({
    answers: {
      GetVideoEncoderConfiguration: `<trt:GetVideoEncoderConfigurationResponse>${configuration}</trt:GetVideoEncoderConfigurationResponse>`,
      SetVideoEncoderConfiguration: '<trt:SetVideoEncoderConfigurationResponse/>',
    },
  });
  return camera.port;
}

function written(): string {
  return camera.asked.find(({ operation }) => operation === 'SetVideoEncoderConfiguration')!.body;
}

describe('a camera that says yes to an encoder setting and does nothing', () => {
  it('is a success to the package, which lost the codec’s profile on the way', async () => {
    const { cam } = await connectBare(await stubborn());
    const has = (await askBare(cam, 'getVideoEncoderConfiguration', 'e-main')) as { rateControl: object };
    expect(JSON.stringify(has)).toContain('High');
    const wanted = { ...has, rateControl: { ...has.rateControl, bitrateLimit: 1024 } };
    const result = await askBare(cam, 'setVideoEncoderConfiguration', wanted);
    expect(result).toBeDefined();
    expect(written()).toContain('1024');
    expect(written()).not.toContain('H264Profile');
  });

  it('is found out, and the profile stays', async () => {
    const target = { host: '127.0.0.1', port: await stubborn() };
    const connection = await OnvifConnection.open(target, { clock: systemClock, signal });
    const group = { ...encoder(connection, 1, 'e-main'), settleMs: 0 };
    const outcomes = await change(group, () => ({ bitrate: '1024' }), { signal, sleep: systemClock.sleep });
    expect(outcomes).toMatchObject([
      {
        setting: 'bitrate',
        before: '4096',
        wanted: '1024',
        after: '4096',
        state: 'failed',
        failure: { code: 'setting-ignored' },
      },
    ]);
    expect(written()).toMatch(/<(\w+:)?BitrateLimit[^>]*>1024</);
    expect(written()).toMatch(/H264Profile[^>]*>High</);
  });
});
