import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { takeStill } from '../../lib/ffmpeg/still.js';
import { OnvifConnection, type OnvifTarget } from '../../lib/onvif/connection.js';
import { fetchSnapshot } from '../../lib/onvif/snapshot.js';
import type { FaultName } from '../../lib/simulator/faults.js';
import { PERSONA_NAMES } from '../../lib/simulator/personas.js';
import { type RunningCamera, type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { until } from '../peers/until.js';
import { everyCommandLine } from '../simulators/command-lines.js';
import { targetOf } from '../simulators/event-cameras.js';
import { SoapFront } from '../simulators/soap-front.js';

const signal = new AbortController().signal;
const password = `c@n:a/r'y%41"\\ 1`;
const main = { width: 160, height: 90, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 200_000 };

let dir: string;
let simulator: Simulator;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'snapshot-'));
  const cameras = PERSONA_NAMES.map((persona) => ({ name: persona, persona, title: 'x', variant: 0 }));
  simulator = await startSimulator({ cameras, cacheDir: dir, password, main, sub: main, https: true }, signal);
});
afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true });
});

const cameraOf = (persona: string): RunningCamera => simulator.cameras.find(({ name }) => name === persona)!;

async function shoot(persona: string, more: Partial<OnvifTarget> = {}, deadlineMs?: number) {
  const target = { ...targetOf(cameraOf(persona).camera.deviceUrl), password, ...more };
  const connection = await OnvifConnection.open(target, { clock: systemClock, signal });
  return await fetchSnapshot(connection, { signal, deadlineMs });
}

/** Over HTTPS, with the certificate it has. */
function securely({ camera }: RunningCamera): Partial<OnvifTarget> {
  return {
    ...targetOf(camera.secureUrl!),
    password,
    certificate: new X509Certificate(camera.certificate!).fingerprint256,
  };
}

async function withFault<T>(persona: string, fault: FaultName, perform: () => Promise<T>): Promise<T> {
  const { faults } = cameraOf(persona).camera;
  faults.set(fault, true as never);
  try {
    return await perform();
  } finally {
    faults.clear();
  }
}

describe("the camera's own snapshot", () => {
  it.each(['generic', 'hikvision', 'dahua', 'reolink'])('of %s is a whole JPEG of its main stream', async (persona) => {
    const { bytes, width, height } = await shoot(persona);
    expect([width, height]).toEqual([main.width, main.height]);
    expect(bytes.subarray(-2)).toEqual(Buffer.from([0xff, 0xd9]));
  });

  it('behind Basic is taken where the password is safe or may be told, and not otherwise', async () => {
    const axis = cameraOf('axis');
    await expect(shoot('axis')).rejects.toMatchObject({ code: 'sign-in-refused' });
    await expect(shoot('axis', { plainPassword: true })).resolves.toMatchObject({ width: main.width });
    await expect(shoot('axis', securely(axis))).resolves.toMatchObject({ width: main.width });
  });

  it('comes over HTTPS from the one with the pinned certificate', async () => {
    const secure = securely(cameraOf('generic'));
    await expect(shoot('generic', secure)).resolves.toMatchObject({ width: main.width });
    const other = securely(cameraOf('dahua')).certificate!;
    await expect(shoot('generic', { ...secure, certificate: other })).rejects.toMatchObject({
      code: 'certificate-changed',
    });
    await expect(shoot('generic', { ...secure, certificate: undefined })).rejects.toMatchObject({
      code: 'certificate-unknown',
    });
  });

  it.each<[FaultName, string]>([
    ['empty-snapshot', 'picture-invalid'],
    ['cut-snapshot', 'picture-invalid'],
    ['rtsp-snapshot', 'snapshot-not-http'],
  ])('is refused with %s', async (fault, code) => {
    const failure = await withFault('generic', fault, () => shoot('generic').catch((error: unknown) => error));
    expect(failure).toMatchObject({ code, hint: expect.any(String) });
    // The beginning of the password, as it is and as addresses have it.
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/c(@|%40)n/);
  });

  it('of a camera that has none is refused with a reason', async () => {
    await expect(shoot('tapo')).rejects.toMatchObject({ code: 'snapshot-missing', kind: 'permanent' });
  });

  it('comes from the camera itself, whatever address it names', async () => {
    const { camera } = cameraOf('generic');
    camera.faults.set('xaddr-host', '127.0.0.79:9');
    const { width } = await shoot('generic').finally(() => camera.faults.clear());
    expect(width).toBe(main.width);
  });

  it('is cut off at 16 MB, and at its deadline', async () => {
    const between = await SoapFront.open(cameraOf('generic').camera.deviceUrl);
    const port = { port: between.port };
    between.meddle = (operation) => (operation === '' ? { status: 200, body: '\xff'.repeat(9_000_000) } : undefined);
    await expect(shoot('generic', port)).rejects.toMatchObject({ code: 'reply-too-large' });
    between.meddle = (operation) => (operation === '' ? 'hang' : undefined);
    await expect(shoot('generic', port, 1_000)).rejects.toMatchObject({ code: 'timed-out' });
    between.meddle = (operation) => (operation === 'GetSnapshotUri' ? 'hang' : undefined);
    await expect(shoot('generic', port, 1_000)).rejects.toThrow(/within 1 s/);
    await between.close();
  });
});

describe('one frame of the stream', () => {
  const source = () => ({ url: cameraOf('tapo').mainUrl, username: 'admin', password });

  it('is taken without the password where others can read it (I6)', async () => {
    const taking = takeStill('ffmpeg', source(), systemClock, signal);
    let commandLines = '';
    await until('ffmpeg to run', async () => {
      commandLines = await everyCommandLine();
      return commandLines.includes('nokey');
    });
    expect(await taking).toMatchObject({ width: main.width, height: main.height });
    expect(commandLines).not.toContain(password);
    expect(commandLines).not.toContain(encodeURIComponent(password));
  });

  it('is refused for what it is', async () => {
    const refused = takeStill('ffmpeg', { ...source(), password: 'wrong' }, systemClock, signal);
    await expect(refused).rejects.toMatchObject({ code: 'sign-in-refused', hint: expect.any(String) });
    const nowhere = takeStill('ffmpeg', { ...source(), url: 'rtsp://127.0.0.1:9/x' }, systemClock, signal);
    await expect(nowhere).rejects.toMatchObject({ code: 'unreachable', kind: 'transient' });
    const stopped = takeStill('ffmpeg', source(), systemClock, AbortSignal.abort());
    await expect(stopped).rejects.toThrow(/abort/i);
  });
});
