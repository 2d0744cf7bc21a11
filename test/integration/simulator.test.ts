import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clip, type ClipSpec, loadClip } from '../../lib/simulator/clip.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { readFrameCounter, stampRows } from '../../lib/simulator/stamp.js';

const run = promisify(execFile);
const never = new AbortController().signal;
const size = { width: 320, height: 180, fps: 15, loopMs: 1_600, gopFrames: 12, rateBps: 400_000 };

let dir: string;
let simulator: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  const cameras = [{ name: 'front-door' }, { name: 'garden' }, { name: 'gate & yard' }];
  const sub = { ...size, width: 160, height: 90, fps: 10, gopFrames: 8 };
  simulator = await startSimulator(
    { cameras, cacheDir: dir, password: 'secret', discovery: true, main: size, sub },
    never,
  );
});

afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true, force: true });
});

const signedIn = (url: string, password = 'secret') => url.replace('//', `//admin:${password}@`);

async function ffmpeg(args: string[]): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
  return (await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...args], options)).stdout;
}

describe('RTSP, as ffmpeg sees it', () => {
  it('has H.264 and AAC on both streams', async () => {
    const { mainUrl, subUrl } = simulator.cameras[0]!;
    for (const [url, width, rate] of [
      [mainUrl, 320, '15/1'],
      [subUrl, 160, '10/1'],
    ] as const) {
      const args = ['-loglevel', 'error', '-rtsp_transport', 'tcp', '-show_streams', '-of', 'json', signedIn(url)];
      const { streams } = JSON.parse((await run('ffprobe', args)).stdout) as { streams: Record<string, unknown>[] };
      expect(streams[0]).toMatchObject({
        codec_name: 'h264',
        width,
        r_frame_rate: rate,
        has_b_frames: 0,
        color_space: 'bt709',
      });
      expect(streams[1]).toMatchObject({ codec_name: 'aac', profile: 'LC', sample_rate: '16000', channels: 1 });
    }
  });

  it('has H.265 where the maker has it, decoded without a complaint over the seam of the loop', async () => {
    const persona = 'hikvision';
    const cameras = [{ name: 'shop', persona } as const];
    const other = await startSimulator({ cameras, cacheDir: dir, password: 'secret', main: size, sub: size }, never);
    const input = ['-rtsp_transport', 'tcp', '-i', signedIn(other.cameras[0]!.mainUrl), '-t', '3', '-map', '0:v'];
    const { stdout, stderr } = await run('ffmpeg', [
      '-hide_banner',
      '-loglevel',
      'warning',
      ...input,
      '-f',
      'framemd5',
      '-',
    ]);
    await other.stop();
    const hashes = stdout
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => line.split(',').at(-1)!.trim());
    expect(stderr).not.toMatch(/hevc|error|missing|corrupt/i);
    // Three seconds are nearly two loops: each of its 24 pictures comes again.
    expect(hashes.length).toBeGreaterThan(40);
    expect(hashes.slice(24)).toEqual(hashes.slice(0, hashes.length - 24));
    expect(new Set(hashes).size).toBe(24);
  });

  it('is refused with a wrong password, and over UDP', async () => {
    const { mainUrl } = simulator.cameras[0]!;
    const probe = (url: string, transport: string) =>
      run('ffprobe', ['-loglevel', 'error', '-rtsp_transport', transport, url]);
    await expect(probe(signedIn(mainUrl, 'wrong'), 'tcp')).rejects.toThrow(/401 Unauthorized/);
    await expect(probe(signedIn(mainUrl), 'udp')).rejects.toThrow(/461 Unsupported Transport/);
  });

  it('plays loop after loop without a break in timestamps, bytes or the burnt-in counter', async () => {
    const { mainUrl, camera } = simulator.cameras[1]!;
    const file = join(dir, 'capture.mkv');
    await ffmpeg(['-rtsp_transport', 'tcp', '-i', signedIn(mainUrl), '-t', '4.4', '-c', 'copy', file]);
    const lines = (await ffmpeg(['-i', file, '-c', 'copy', '-copyts', '-f', 'framehash', '-'])).toString().split('\n');
    const rows = lines.filter((line) => /^\d/.test(line)).map((line) => line.split(',').map((part) => part.trim()));
    const loops = { '0': { perLoop: 24, ms: 1_000 / 15 }, '1': { perLoop: 25, ms: 64 } };
    for (const [stream, { perLoop, ms }] of Object.entries(loops)) {
      const own = rows.filter((row) => row[0] === stream);
      expect(own.length).toBeGreaterThan(perLoop * 2.5);
      const times = own.map((row) => Number(row[2]));
      // Matroska keeps whole milliseconds. ffmpeg leaves the first video packet of any RTSP stream without a time and its
      // muxer guesses one, so the steps count from the second on; rtsp-server.test.ts looks at the first as it was sent.
      for (const [index, time] of times.entries()) {
        if (index > 0)
          expect(Math.abs(time - times[1]! - (index - 1) * ms), `frame ${index}`).toBeLessThanOrEqual(1.01);
      }
      const hashes = own.map((row) => row[5]);
      for (let index = perLoop; index < hashes.length; index++) expect(hashes[index]).toBe(hashes[index - perLoop]);
      expect(new Set(hashes).size).toBe(perLoop);
    }
    const { width, height } = camera.main.spec;
    const luma = await ffmpeg(['-i', file, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']);
    const frames = luma.length / (width * height);
    const counters = Array.from({ length: frames }, (_, index) =>
      readFrameCounter(luma.subarray(index * width * height, (index + 1) * width * height), width, height),
    );
    expect(counters.length).toBeGreaterThan(60);
    expect([0, 12]).toContain(counters[0]);
    expect(counters).toEqual(counters.map((_, index) => (counters[0]! + index) % 24));
  });

  it('gives two clients the same scene at the same time', async () => {
    const { mainUrl } = simulator.cameras[2]!;
    const first = [
      '-rtsp_transport',
      'tcp',
      '-i',
      signedIn(mainUrl),
      '-frames:v',
      '1',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'gray',
      '-',
    ];
    const counters = (await Promise.all([ffmpeg(first), ffmpeg(first)])).map((luma) =>
      readFrameCounter(luma, 320, 180),
    );
    expect(counters.every((counter) => counter === 0 || counter === 12)).toBe(true);
  });

  it('drops, refuses and comes back on the same port', async () => {
    const { mainUrl, camera } = simulator.cameras[0]!;
    const reader = spawn('ffmpeg', [
      '-loglevel',
      'quiet',
      '-rtsp_transport',
      'tcp',
      '-i',
      signedIn(mainUrl),
      '-c',
      'copy',
      '-f',
      'null',
      '-',
    ]);
    const ended = once(reader, 'exit');
    await vi.waitFor(() => expect(camera.sessions).toBe(1), { timeout: 20_000 });
    await camera.setFault('unreachable');
    await ended;
    expect(camera.sessions).toBe(0);
    const socket = createConnection(Number(new URL(mainUrl).port), '127.0.0.1');
    expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED' });
    await camera.setFault(undefined);
    expect(simulator.cameras[0]!.camera.mainUrl).toBe(mainUrl);
    await run('ffprobe', ['-loglevel', 'error', '-rtsp_transport', 'tcp', signedIn(mainUrl)]);
  });
});

describe('the encoded clip', () => {
  const spec: ClipSpec = {
    ...{ title: 'labels', variant: 0, width: 320, height: 180, fps: 15, loopMs: 8_000, noise: 2 },
    ...{ rate: 'capped', rateBps: 600_000, gopFrames: 15 },
  };

  it.each([0, 1, 2])('of scene %i moves when its labels say so, on decoded pixels', async (variant) => {
    const clip = await loadClip({ ...spec, variant }, { cacheDir: dir, ffmpeg: 'ffmpeg' }, never);
    const shares = changes(await decode(clip), spec);
    const quiet: number[] = [];
    const moving: number[] = [];
    for (const [index, share] of shares.entries()) {
      const [from, to] = [(index * 1_000) / 15, ((index + 3) * 1_000) / 15];
      const margin = 0.2;
      const inside = ({ startMs, endMs }: { startMs: number; endMs: number }) =>
        from > startMs + margin * (endMs - startMs) && to < endMs - margin * (endMs - startMs);
      if (clip.motion.some(inside)) moving.push(share);
      else if (clip.motion.every(({ startMs, endMs }) => to <= startMs || from >= endMs)) quiet.push(share);
    }
    expect(moving.length).toBeGreaterThan(15);
    expect(quiet.length).toBeGreaterThan(30);
    expect(Math.min(...moving)).toBeGreaterThan(0.004);
    expect(Math.max(...quiet)).toBeLessThan(0.0005);
  });

  it('costs more bits while something moves', async () => {
    const clip = await loadClip(spec, { cacheDir: dir, ffmpeg: 'ffmpeg' }, never);
    const sizes = (from: number, to: number) => {
      const units = clip.video.slice((from * 15) / 1_000, (to * 15) / 1_000).filter(({ key }) => !key);
      return (
        units.reduce((sum, { nals }) => sum + nals.reduce((bytes, nal) => bytes + nal.length, 0), 0) / units.length
      );
    };
    const car = clip.motion.find(({ subject }) => subject === 'car')!;
    expect(sizes(car.startMs + 200, car.endMs - 200)).toBeGreaterThan(2.3 * sizes(car.endMs + 200, 8_000));
  });

  it('comes out at the rate asked for where it shall be constant', async () => {
    const constant = { ...spec, rate: 'constant' as const, rateBps: 500_000, noise: 6 };
    const clip = await loadClip(constant, { cacheDir: dir, ffmpeg: 'ffmpeg' }, never);
    const bytes = clip.video.flatMap(({ nals }) => nals).reduce((sum, nal) => sum + nal.length + 4, 0);
    const bitsPerSecond = (bytes * 8) / (spec.loopMs / 1_000);
    expect(bitsPerSecond).toBeGreaterThan(450_000);
    expect(bitsPerSecond).toBeLessThan(560_000);
  });

  it('is found again in the cache, without an encoder', async () => {
    const first = await loadClip(spec, { cacheDir: dir, ffmpeg: 'ffmpeg' }, never);
    const again = await loadClip(spec, { cacheDir: dir, ffmpeg: '/nowhere/ffmpeg' }, never);
    expect(again.video).toEqual(first.video);
    expect(again.audio).toEqual(first.audio);
    expect(again.snapshots).toHaveLength(8);
  });

  it('says so when there is no encoder, or when it is stopped, and leaves nothing half-made', async () => {
    const cacheDir = await mkdtemp(join(dir, 'fresh-'));
    await expect(loadClip(spec, { cacheDir, ffmpeg: '/nowhere/ffmpeg' }, never)).rejects.toMatchObject({
      code: 'ffmpeg-missing',
    });
    const stop = new AbortController();
    const loading = loadClip({ ...spec, loopMs: 32_000 }, { cacheDir, ffmpeg: 'ffmpeg' }, stop.signal);
    const refused = expect(loading).rejects.toMatchObject({ code: 'aborted' });
    await vi.waitFor(async () => expect(await readdir(cacheDir)).not.toEqual([]), { timeout: 20_000, interval: 5 });
    stop.abort();
    await refused;
    expect(await readdir(cacheDir)).toEqual([]);
  });
});

async function decode({ video }: Clip): Promise<Buffer> {
  const child = spawn('ffmpeg', [
    '-loglevel',
    'error',
    '-f',
    'h264',
    '-i',
    'pipe:0',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    'pipe:1',
  ]);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(Buffer.concat(video.flatMap(({ nals }) => nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]))));
  await once(child, 'close');
  return Buffer.concat(chunks);
}

/** For each frame, the share of pixels below the stamp that differ from three frames later. */
function changes(luma: Buffer, { width, height, fps, loopMs }: ClipSpec): number[] {
  const frame = width * height;
  expect(luma.length).toBe((frame * fps * loopMs) / 1_000);
  const from = width * stampRows(height);
  return Array.from({ length: luma.length / frame - 3 }, (_, index) => {
    let count = 0;
    for (let i = from; i < frame; i++)
      if (Math.abs(luma[index * frame + i]! - luma[(index + 3) * frame + i]!) > 25) count++;
    return count / (frame - from);
  });
}

describe("Debian's onvif-util", () => {
  it('finds the cameras from another host, signs in, and is refused with a wrong password', async () => {
    const cache = await mkdtemp(join(dir, 'hosts-'));
    const script = join(import.meta.dirname, '../simulators/two-hosts.sh');
    const { stdout } = await run('unshare', ['-rnpf', '--mount-proc', '--kill-child', script, cache, 'yard', 'attic']);
    const [ready, ...rest] = stdout.split('\n');
    const cameras = JSON.parse(ready!) as { name: string; mainUrl: string }[];
    const [right, wrong] = rest.join('\n').split('--- wrong password');
    expect(right).toContain('Found 2 cameras');
    expect(right).toContain('10.77.0.21 (yard SIM1)');
    expect(right).toContain('10.77.0.21 (attic SIM1)');
    expect(right).toContain('Resolution: 160 x 90');
    expect(cameras.some(({ mainUrl }) => right!.includes(mainUrl))).toBe(true);
    expect(wrong).toContain('NotAuthorized');
    expect(wrong).toContain('exit status 1');
  });
});
