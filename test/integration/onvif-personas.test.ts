import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { chooseStreams, streams } from '../../lib/onvif/media.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';

const signal = new AbortController().signal;
const clip = { fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };
const main = { ...clip, width: 320, height: 180 };
const sub = { ...clip, width: 160, height: 90 };

/** What differs: the media service that is used, and what the main stream is in. */
const PERSONAS: [PersonaName, media: 1 | 2, codec: string, firmware: string][] = [
  ['generic', 2, 'H264', '1.0'],
  ['hikvision', 2, 'H265', 'V5.7.10'],
  ['dahua', 2, 'H265', '2.840.0000000.18.R, Build Date 2023-09-19'],
  ['reolink', 1, 'H264', 'v3.1.0.2347_23061923'],
  ['tapo', 1, 'H264', '1.3.0'],
  ['axis', 2, 'H264', '5.40'],
];

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'personas-'));
  const cameras = PERSONAS.map(([persona]) => ({ name: `the ${persona}`, persona, title: 'all' }));
  simulator = await startSimulator({ cameras, cacheDir: dir, password: 'grün', main, sub }, signal);
}, 300_000);

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('a camera made as by', () => {
  it.each(PERSONAS)('%s is known and played', async (persona, media, codec, firmware) => {
    const { onvifUrl, mainUrl, subUrl, camera } = simulator.cameras.find(({ name }) => name === `the ${persona}`)!;
    const { hostname: host, port, pathname: path } = new URL(onvifUrl!);
    const { username } = simulator.account;
    const target = { host, port: Number(port), path, username, password: 'grün' };
    const connection = await OnvifConnection.open(target, { clock: systemClock, signal });
    const { serial, mac, hardware } = camera.identity;
    expect(await connection.identity()).toMatchObject({ firmware, serial, mac, hardwareId: hardware });
    const found = await streams(connection);
    expect(found.map((one) => one.media)).toEqual([media, media]);
    const chosen = chooseStreams([...found].reverse());
    expect(chosen.main).toMatchObject({
      codec,
      width: 320,
      height: 180,
      fps: 15,
      gop: 12,
      uri: expect.stringContaining(mainUrl),
    });
    expect(chosen.sub).toMatchObject({ codec: 'H264', width: 160, height: 90, uri: expect.stringContaining(subUrl) });
    const wrong = OnvifConnection.open({ ...target, password: 'grun' }, { clock: systemClock, signal });
    await expect(wrong).rejects.toMatchObject({ code: 'sign-in-refused' });
  });
});
