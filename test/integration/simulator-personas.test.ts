import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import { type RunningCamera, type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { ask, connect } from '../peers/onvif-library.js';
import { until } from '../peers/until.js';
import { CameraNetwork } from '../simulators/namespaces.js';

const run = promisify(execFile);
const never = new AbortController().signal;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'personas-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the onvif library', () => {
  const size = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 192_000 };
  let simulator: Simulator;

  beforeAll(async () => {
    const cameras = PERSONA_NAMES.map((persona) => ({ name: persona, persona, title: 'one', variant: 0 }));
    simulator = await startSimulator({ cameras, cacheDir: dir, password: 'secret', main: size, sub: size }, never);
  });
  afterAll(() => simulator.stop());

  const of = (persona: string): RunningCamera => simulator.cameras.find(({ name }) => name === persona)!;

  it.concurrent.each(PERSONA_NAMES)(
    'signs in to a camera of %s, learns what it is, and where its streams are',
    async (name) => {
      const { camera, mainUrl, subUrl, onvifUrl } = of(name);
      const { profiles } = camera.persona;
      const cam = await connect(onvifUrl!, 'secret');
      expect(await ask(cam, 'getDeviceInformation')).toMatchObject({
        manufacturer: camera.identity.manufacturer,
        model: camera.identity.model,
      });
      expect(JSON.stringify(await ask(cam, 'getNetworkInterfaces'))).toContain(camera.identity.mac);
      for (const [role, url] of [
        ['main', mainUrl],
        ['sub', subUrl],
      ] as const) {
        const asked = { protocol: 'RTSP', profileToken: profiles[role].token };
        const { uri } = (await ask(cam, 'getStreamUri', asked)) as { uri: string };
        // As the maker has it: more in the query than our own address needs, and played all the same.
        expect(uri.startsWith(url)).toBe(true);
        expect(uri).toContain(profiles[role].extraQuery ?? '');
        const args = [
          '-v',
          'error',
          '-rtsp_transport',
          'tcp',
          '-analyzeduration',
          '500000',
          '-show_entries',
          'stream=codec_name',
          '-of',
          'csv=p=0',
        ];
        const { stdout } = await run('ffprobe', [...args, uri.replace('//', '//admin:secret@')]);
        expect(stdout.split('\n')).toEqual([profiles[role].codec === 'H265' ? 'hevc' : 'h264', 'aac', '']);
      }
      const snapshot = ask(cam, 'getSnapshotUri', { profileToken: profiles.main.token });
      if (camera.snapshotUrl) expect(await snapshot).toMatchObject({ uri: camera.snapshotUrl });
      else await expect(snapshot).rejects.toThrow(/Not Implemented/);
      const wrong = connect(onvifUrl!, 'wrong').then((other) => ask(other, 'getDeviceInformation'));
      await expect(wrong).rejects.toThrow(/not authorized|401/i);
    },
  );

  it('is told two services or more by each, and the capabilities of Profile G by those who claim it', async () => {
    for (const { camera, onvifUrl } of simulator.cameras) {
      const cam = await connect(onvifUrl!, 'secret');
      const services = (await ask(cam, 'getServices')) as unknown as { namespace: string }[];
      expect(services.length).toBeGreaterThan(1);
      const claims = camera.persona.claims.includes('G');
      expect(services.some(({ namespace }) => namespace.includes('ver10/search'))).toBe(claims);
      // There is no card in it.
      if (claims) expect((await ask(cam, 'getRecordings')) ?? []).toEqual([]);
    }
  });

  it.concurrent.each(PERSONA_NAMES)('sets an encoder of %s, which makes of it what its maker does', async (name) => {
    const { camera, onvifUrl } = of(name);
    const { token, encoderToken } = camera.persona.profiles.sub;
    const cam = await connect(onvifUrl!, 'secret');
    const before = await ask(cam, 'getVideoEncoderConfiguration', encoderToken);
    const resolution = { width: 80, height: 46 };
    const rateControl = { frameRateLimit: 11, encodingInterval: 1, bitrateLimit: 1_000 };
    await ask(cam, 'setVideoEncoderConfiguration', { ...before, token: encoderToken, resolution, rateControl });
    const after = await ask(cam, 'getVideoEncoderConfiguration', encoderToken);
    const { bitrateStepKbps: step, frameRates } = camera.persona.encoder;
    const fps = frameRates.includes(10) ? 10 : 15;
    expect(after).toMatchObject({
      resolution,
      rateControl: { frameRateLimit: fps, bitrateLimit: Math.round(1_000 / step) * step },
    });
    const source = await ask(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: token });
    await camera.settled();
    const args = [
      '-v',
      'error',
      '-rtsp_transport',
      'tcp',
      '-analyzeduration',
      '500000',
      '-select_streams',
      'v',
      '-show_entries',
      'stream=width',
    ];
    const url = String(source.uri).replace('//', '//admin:secret@');
    expect((await run('ffprobe', [...args, '-of', 'csv=p=0', url])).stdout.trim()).toBe('80');
  });
});

/** Debian's onvif-util, in a network of its own where each camera has its maker's ports. */
describe('onvif-util', () => {
  let network: CameraNetwork;

  beforeAll(async () => {
    const cameras = PERSONA_NAMES.map((persona) => ({ name: `a-${persona}`, persona }));
    network = await CameraNetwork.start({ cameras, cacheDir: dir, password: 'secret' });
  }, 400_000);
  afterAll(() => network?.stop());

  const of = (persona: string) => network.cameras.find((camera) => camera.persona === persona)!;

  /** What it prints, told these things one after the other. */
  async function session(address: string, commands: readonly string[], password = 'secret'): Promise<string> {
    const args = ['60', 'onvif-util', '-s', '-u', 'admin', '-p', password, address];
    const { stdout } = await network.run('timeout', args, [...commands, 'quit', ''].join('\n'));
    return stdout.toString();
  }

  it('lists every camera on the network', async () => {
    const { stdout } = await network.run('timeout', ['60', 'onvif-util', '-a']);
    const listed = stdout.toString();
    expect(listed).toContain(`Found ${PERSONA_NAMES.length} cameras`);
    for (const { address, name } of network.cameras) expect(listed).toContain(`${address} (${name} `);
  });

  it.concurrent.each(PERSONA_NAMES)('reads and sets a camera of %s', async (persona) => {
    const { address, serial, main } = of(persona);
    const commands = ['get time', 'get video', 'set bitrate 1024', 'set resolution 240x136', 'get video', 'get rtsp'];
    const more = ['set dns 10.77.0.9', 'get network', 'get imaging', 'set brightness 61', 'get imaging'];
    const told = await session(address, [...commands, ...more]);
    expect(told).toContain(`serial: ${serial}`);
    expect(told).toContain('Time Offset: 0 seconds');
    expect(told).toMatch(
      /Resolution: 320 x 180[\s\S]*Bit Rate: {3}200[\s\S]*Resolution: 240 x 136[\s\S]*Bit Rate: {3}1024/,
    );
    expect(told).toContain(main);
    expect(told).toMatch(new RegExp(`IP Address: ${address}\\n.*\\n *DNS: *10\\.77\\.0\\.9`));
    expect(told).toMatch(/Brightness: 50[\s\S]*Brightness was set to 61[\s\S]*Brightness: 61/);
    expect(await session(address, ['get rtsp'], 'wrong')).not.toContain('rtsp://');
  });

  it('changes a password, an address, and restarts a camera', async () => {
    const { address, serial } = of('generic');
    await session(address, ['set password other']);
    expect(await session(address, ['get rtsp'])).not.toContain('rtsp://');
    expect(await session(address, ['reboot'], 'other')).toContain('reboot');
    await until('the camera back', async () => (await session(address, ['get rtsp'], 'other')).includes('rtsp://'));
    await session(address, ['set ip_address 10.77.0.99'], 'other');
    await until('the camera at its new address', async () =>
      (await session('10.77.0.99', [], 'other')).includes(serial),
    );
    expect(await session(address, [], 'other')).not.toContain(serial);
  });
});
