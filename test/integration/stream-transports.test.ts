import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { sampleStream } from '../../lib/ffmpeg/sample.js';
import { takeStill } from '../../lib/ffmpeg/still.js';
import { createLog } from '../../lib/log.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { sealFragments } from '../../lib/mp4/seal.js';
import type { StreamSource } from '../../src/recording/engine.js';
import { recordingEngines } from '../../src/recording/engines.js';
import { encodeClip, packetHashesBeside, type RtspServer, serveClip } from '../peers/rtsp.js';
import { selfSigned } from '../simulators/certificates.js';
import { encodeVideo, playClip, readPictures } from '../simulators/clip-camera.js';
import { type EngineName, newEngine } from '../simulators/engines.js';
import { ordinary, ScriptedRtsp } from '../simulators/scripted-rtsp.js';
import { Take } from '../simulators/take.js';

/** RTSP within TLS, and RTP over UDP, from GStreamer's server, by each engine. */
const account = { username: 'viewer', password: 'p@ss word' };
const ENGINES: EngineName[] = ['native', 'ffmpeg'];
const SECONDS = 12;
let dir: string;
let clip: string;
let original: string[];
let secure: RtspServer;
let plain: RtspServer;
let fingerprint: string;
/** A clip, and sound to go beside it. */
let beside: string;
let g726: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'transports-'));
  clip = join(dir, 'clip.mp4');
  encodeClip(clip, SECONDS);
  beside = join(dir, 'beside.mp4');
  encodeVideo(beside, 6, '320x180', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0');
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000', '-t', '6'];
  g726 = execFileSync('ffmpeg', ['-v', 'error', ...tone, '-c:a', 'g726le', '-b:a', '32k', '-f', 'g726le', '-']);
  original = await packetHashesBeside(clip, 'v');
  const certificate = selfSigned('127.0.0.1');
  fingerprint = certificate.fingerprint;
  await writeFile(join(dir, 'pem'), certificate.cert + certificate.key);
  [secure, plain] = await Promise.all([serveClip(clip, account, join(dir, 'pem')), serveClip(clip, account)]);
});
afterAll(async () => {
  await Promise.all([secure?.stop(), plain?.stop()]);
  await rm(dir, { recursive: true });
});

async function take(engine: EngineName, source: StreamSource): Promise<Take> {
  return new Take(newEngine(engine), await mkdtemp(join(dir, 'run-')), { ...account, ...source });
}

/** Every picture once and in order, as far as it was recorded. */
async function expectTheClip(take: Take): Promise<void> {
  await take.reached(4_000);
  await take.finish();
  const { file } = take.segments[0]!;
  expect((await describeMp4(file))!.codecs).toEqual([expect.stringMatching(/^avc1\./), 'mp4a.40.2']);
  await sealFragments(file, `${file}.sealed`, new AbortController().signal);
  const recorded = await packetHashesBeside(`${file}.sealed`, 'v');
  const first = original.indexOf(recorded[0]!);
  expect(recorded).toEqual(original.slice(first, first + recorded.length));
  expect(recorded.length).toBeGreaterThan(60);
}

describe.concurrent.each(ENGINES)('RTSP within TLS (engine %s)', (engine) => {
  it('records from a camera that shows the pinned certificate', async () => {
    await expectTheClip(await take(engine, { url: secure.url, certificate: fingerprint }));
  });

  it('says nothing to one that shows another', async () => {
    const other = await take(engine, { url: secure.url, certificate: `SHA256:${'ab'.repeat(32)}` });
    expect(await other.ended).toMatchObject({ code: 'certificate-changed', kind: 'permanent' });
  });

  it('takes no certificate that nobody vouches for', async () => {
    const { ended } = await take(engine, { url: secure.url });
    expect(await ended).toMatchObject({ code: 'certificate-unknown', hint: expect.stringContaining('-fingerprint') });
  });
});

it.concurrent('takes a still picture within TLS, and none from a stranger', async () => {
  const source = { url: secure.url, ...account };
  const still = (certificate?: string) =>
    takeStill('ffmpeg', { ...source, certificate }, systemClock, new AbortController().signal);
  expect((await still(fingerprint)).bytes.length).toBeGreaterThan(1_000);
  await expect(still()).rejects.toMatchObject({ code: 'certificate-unknown' });
});

it.concurrent.each(ENGINES)('records RTP over UDP (engine %s)', async (engine) => {
  await expectTheClip(await take(engine, { url: plain.url, transport: 'udp' }));
});

describe.concurrent.each(['tcp', 'udp'] as const)('a camera that sends nothing over %s', (transport) => {
  const other = transport === 'tcp' ? 'udp' : 'tcp';
  const refused = {
    ...{ code: 'stream-invalid', kind: 'transient' },
    message: `the camera sends nothing over ${transport.toUpperCase()}`,
    hint: expect.stringMatching(`^Write \`transport: ${other}\` for this camera: .*\`transport: ${transport}\``),
  };
  const refusing = () =>
    ScriptedRtsp.start((asked) =>
      asked.method === 'SETUP' ? { status: '461 Unsupported Transport' } : ordinary(asked),
    );

  it.each([...ENGINES, 'auto'] as const)('is told what to write (engine %s)', async (name) => {
    const camera = await refusing();
    try {
      const source = { url: camera.url, transport };
      const { ended } = new Take(newEngine(name), await mkdtemp(join(dir, 'run-')), source);
      expect(await ended).toMatchObject(refused);
    } finally {
      await camera.stop();
    }
  });

  it('is told what to write where a picture or a few seconds of it are taken', async () => {
    const camera = await refusing();
    const { signal } = new AbortController();
    try {
      const source = { url: camera.url, transport };
      await expect(takeStill('ffmpeg', source, systemClock, signal)).rejects.toMatchObject(refused);
      const sample = sampleStream('ffmpeg', source, { seconds: 1, clock: systemClock, signal });
      await expect(sample).rejects.toMatchObject(refused);
    } finally {
      await camera.stop();
    }
  });
});

it.concurrent('leaves sound as G.726 to ffmpeg, which makes AAC of it, and says so', async () => {
  const camera = await playClip(readPictures(beside, 'H264'), { g726 });
  const lines: string[] = [];
  const engine = recordingEngines('ffmpeg', systemClock, createLog({ write: (line) => lines.push(line) })).auto;
  try {
    const take = new Take(engine, await mkdtemp(join(dir, 'run-')), { url: camera.url });
    expect(await take.ended).toMatchObject({ code: 'stream-ended' });
    const recorded = take.segments[0]!.file;
    expect((await describeMp4(recorded))!.codecs[1]).toBe('mp4a.40.2');
    await sealFragments(recorded, `${recorded}.sealed`, new AbortController().signal);
    const pictures = await packetHashesBeside(`${recorded}.sealed`, 'v');
    const source = await packetHashesBeside(beside, 'v');
    expect(pictures).toEqual(source.slice(0, pictures.length));
    expect(pictures.length).toBeGreaterThan(140);
    expect(lines.join()).toContain('sound as G726-32; ffmpeg records it from now on');
  } finally {
    await camera.stop();
  }
});
