import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../lib/mp4/fragments.js';
import { sealFragments } from '../../lib/mp4/seal.js';
import { endProcessesIn, processesIn } from '../../lib/processes.js';
import { percentEncode } from '../../lib/redact.js';
import type { SimulatedCamera } from '../../lib/simulator/camera.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { RecordingEngine, StreamSource } from '../../src/recording/engine.js';
import { encodeClip, packetHashes, packetHashesBeside, serveClip } from '../peers/rtsp.js';
import { until } from '../peers/until.js';
import {
  type ClipCameraOptions,
  encodeVideo,
  playClip,
  readPictures,
  type SourcePicture,
} from '../simulators/clip-camera.js';
import { everyCommandLine } from '../simulators/command-lines.js';
import { EngineProcess } from '../simulators/engine-process.js';
import { type EngineName, newEngine } from '../simulators/engines.js';
import { openHandles } from '../simulators/open-files.js';
import { type Segment, Take } from '../simulators/take.js';

const FPS = 15;
const GOP_MS = 1_000;
const CAMERAS = 24;
const LOOP_MS = 16_000;
const LOOP_FRAMES = (LOOP_MS * FPS) / 1_000;
const G711 = ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'];
/** Everything that has a meaning in a URL, a shell, or an ffmpeg list. */
const CANARY = `c@n:a/r'y%41"\\ 1`;

/** What differs between implementations without being against the contract. */
export interface EngineTraits {
  /** Records each stream in a process of its own; otherwise in ours. */
  processes: boolean;
  /** Makes AAC of sound that MP4 cannot hold; otherwise refuses such a stream. */
  transcodes: boolean;
  /**
   * Keeps the times of display as they were sent, across clocks that begin anew, and begins a new file where parameter sets
   * change. ffmpeg 5.1 is off by up to two pictures for a moment at the start, gives up where a clock begins anew within its
   * first seconds, and goes on in the same file.
   */
  exact: boolean;
}

/** Every sentence of the contract on `RecordingEngine` (src/recording/engine.ts), for any implementation. */
export function recordingEngineContract(name: EngineName, { processes, transcodes, exact }: EngineTraits): void {
  const makeEngine = (): RecordingEngine => newEngine(name);
  describe(`RecordingEngine: ${name}`, () => {
    let root: string;
    let simulator: Simulator;
    let used = 0;
    const sources = new Map<string, { pictures: SourcePicture[]; hashes: string[] }>();
    let g711: string;
    const clipOf = (what: string) => join(root, `${what.replaceAll(' ', '-')}.mp4`);

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'engine-'));
      g711 = join(root, 'g711.mov');
      // Beforehand: while it encodes, nothing else happens in this process, and recordings would not be cut in time.
      for (const [what, coding, { codec = 'H264' }] of STREAMS) {
        const clip = clipOf(what);
        encodeVideo(clip, 6, '320x180', ...coding);
        sources.set(what, { pictures: readPictures(clip, codec), hashes: packetHashes(clip, 'v', codec) });
      }
      encodeClip(g711, 20, G711);
      for (const size of SIZES) encodeVideo(clipOf(size), 2, size, ...coded('-bf', '0'));
      const alike = { title: 'gate', variant: 0 };
      simulator = await startSimulator(
        {
          cameras: Array.from({ length: CAMERAS }, (_, n) => ({ name: `camera-${n}`, ...alike })),
          cacheDir: join(root, 'clips'),
          onvif: false,
          password: CANARY,
          main: { width: 320, height: 180, fps: FPS, gopFrames: FPS, loopMs: LOOP_MS, rateBps: 300_000 },
          sub: { width: 160, height: 90, fps: FPS, gopFrames: FPS, loopMs: LOOP_MS, rateBps: 100_000 },
        },
        new AbortController().signal,
      );
    });
    afterAll(async () => {
      await simulator.stop();
      await endProcessesIn(root, systemClock, 0);
      await rm(root, { recursive: true });
    });

    /** A camera nobody else uses, and an empty folder. */
    async function fresh() {
      const { camera, mainUrl } = simulator.cameras[used++]!;
      const directory = await mkdtemp(join(root, 'run-'));
      const source: StreamSource = { url: mainUrl, username: simulator.account.username, password: CANARY };
      const record = (more: Partial<StreamSource> = {}, options = {}) =>
        new Take(makeEngine(), directory, { ...source, ...more }, options);
      return { camera, directory, source, record };
    }
    /** Neither processes nor connections nor open files. */
    async function nothingLeft(camera: SimulatedCamera, directory: string): Promise<void> {
      expect(await processesIn(directory)).toEqual([]);
      await until('the connection to be closed', () => camera.connections === 0);
      for (const file of await readdir(directory)) expect(await openHandles(join(directory, file))).toBe(0);
    }
    const sealed = async (segment: Segment) => {
      const to = `${segment.file}.sealed`;
      await sealFragments(segment.file, to, new AbortController().signal);
      return to;
    };

    describe('a stream in, finished segments out', () => {
      let take: Take;
      let camera: SimulatedCamera;
      let arrivedAt: number[];
      let commandLines: string;

      beforeAll(async () => {
        const used = await fresh();
        camera = used.camera;
        take = used.record({}, { segmentMs: 3_000 });
        await take.reached(4_000);
        commandLines = await everyCommandLine();
        arrivedAt = [performance.now()];
        const known = take.progress.length;
        await until('more reports', () => {
          while (arrivedAt.length < take.progress.length - known + 1) arrivedAt.push(performance.now());
          return arrivedAt.length > 2;
        });
        await take.reached(8_500);
        await take.finish();
      });

      it('reports progress every few seconds, with ever more frames', () => {
        const waits = arrivedAt.slice(1).map((at, n) => at - arrivedAt[n]!);
        expect(Math.max(...waits)).toBeLessThan(10_000);
        for (const [n, report] of take.progress.entries()) {
          expect(report.frames).toBeGreaterThan(take.progress[n - 1]?.frames ?? 0);
          expect(Math.abs(report.mediaMs - (report.frames * 1_000) / FPS)).toBeLessThan(1_500);
        }
      });

      it('names each file once, closed, in order, from the first frame to the last', async () => {
        const { segments } = take;
        expect(segments.length).toBeGreaterThanOrEqual(3);
        expect(segments.map(({ file }) => basename(file))).toEqual(
          (await readdir(take.directory)).filter((name) => name.endsWith('.mp4')).sort(),
        );
        expect(segments[0]!.startMs).toBeLessThan(100);
        for (const [n, { startMs, endMs }] of segments.entries()) {
          if (n > 0) expect(Math.abs(startMs - segments[n - 1]!.endMs)).toBeLessThan(100);
          expect(endMs).toBeGreaterThan(startMs);
        }
        expect(segments.at(-1)!.endMs).toBeGreaterThanOrEqual(take.progress.at(-1)!.mediaMs - 100);
      });

      it('cuts at the first keyframe after each multiple of the wall clock', () => {
        for (const { startMs, endMs } of take.segments.slice(1, -1)) {
          expect(endMs - startMs).toBeGreaterThan(3_000 - GOP_MS - 300);
          expect(endMs - startMs).toBeLessThan(3_000 + GOP_MS + 300);
        }
      });

      it('keeps the media time of the run in each file', async () => {
        for (const { file, startMs } of take.segments) {
          expect(Math.abs((await firstMediaTime(file))! - startMs)).toBeLessThan(100);
        }
      });

      it('has every frame in exactly one file', async () => {
        const frames = [];
        for (const segment of take.segments) frames.push(...packetHashes(await sealed(segment), 'v'));
        const mediaMs = take.segments.at(-1)!.endMs - take.segments[0]!.startMs;
        expect(Math.abs(frames.length - (mediaMs * FPS) / 1_000)).toBeLessThanOrEqual(2);
        // The camera's scene comes round again after a while.
        const once = frames.slice(0, LOOP_FRAMES);
        expect(new Set(once).size).toBe(once.length);
        expect(frames).toEqual(frames.map((frame, n) => once[n % LOOP_FRAMES] ?? frame));
      });

      it('keeps the sound as it is where MP4 can hold it', async () => {
        expect((await describeMp4(take.segments[0]!.file))!.codecs).toEqual([
          expect.stringMatching(/^avc1\./),
          'mp4a.40.2',
        ]);
      });

      it('leaves nothing running when it was aborted', async () => {
        await nothingLeft(camera, take.directory);
      });

      it('never has the password where others can read it (I6)', () => {
        expect(commandLines).toContain(basename(process.execPath));
        for (const spelling of [CANARY, percentEncode(CANARY)]) {
          expect(commandLines).not.toContain(spelling);
          expect(JSON.stringify(take.events)).not.toContain(spelling);
        }
      });
    });

    it.concurrent.each(STREAMS.filter(([what]) => exact || what !== ANEW))(
      'has every frame once, and when it is shown, of a stream with %s',
      async (what, _, options) => {
        const { record } = await fresh();
        const { codec = 'H264' } = options;
        const { pictures, hashes } = sources.get(what)!;
        const camera = await playClip(pictures, options);
        try {
          const take = record({ url: camera.url, username: undefined, password: undefined }, { segmentMs: 2_000 });
          expect(await take.ended).toMatchObject({ code: 'stream-ended' });
          expect(take.segments.length).toBeGreaterThanOrEqual(2);
          const frames: string[] = [];
          const shown: number[] = [];
          for (const segment of take.segments) {
            frames.push(...(await packetHashesBeside(await sealed(segment), 'v', codec)));
            shown.push(...(await timesOfDisplay(segment.file)));
          }
          // ffmpeg knows that the last picture is whole only when another one comes.
          expect(hashes.length - frames.length).toBeLessThanOrEqual(processes ? 1 : 0);
          expect(frames).toEqual(hashes.slice(0, frames.length));
          const offset = shown[0]! - pictures[0]!.shown;
          if (!exact) return;
          for (const [n, at] of shown.entries()) expect(Math.abs(at - pictures[n]!.shown - offset)).toBeLessThan(0.002);
        } finally {
          await camera.stop();
        }
      },
    );

    if (exact) {
      it.concurrent('begins a new file where the parameter sets change', async () => {
        const { record } = await fresh();
        const clips = SIZES.map(clipOf);
        const pictures = clips.flatMap((clip, n) =>
          readPictures(clip, 'H264').map(({ nals, shown }) => ({ nals, shown: shown + n * 2 })),
        );
        const camera = await playClip(pictures, {});
        try {
          const take = record({ url: camera.url, username: undefined, password: undefined });
          expect(await take.ended).toMatchObject({ code: 'stream-ended' });
          const described = await Promise.all(take.segments.map(({ file }) => describeMp4(file)));
          expect(described.map((one) => one!.width)).toEqual([320, 640]);
          for (const [n, segment] of take.segments.entries()) {
            expect(await packetHashesBeside(await sealed(segment), 'v')).toEqual(
              await packetHashesBeside(clips[n]!, 'v'),
            );
          }
        } finally {
          await camera.stop();
        }
      });
    }

    it.concurrent('leaves the sound out when it is not wanted', async () => {
      const { record } = await fresh();
      const take = record({}, { audio: 'none' });
      await take.reached(1_500);
      await take.finish();
      expect((await describeMp4(take.segments[0]!.file))!.codecs).toHaveLength(1);
    });

    it.concurrent('ends quietly when it is aborted before anything came', async () => {
      const { camera, directory, record } = await fresh();
      const stopped = record();
      stopped.stop.abort();
      expect(await stopped.ended).toBeUndefined();
      await camera.setFault('silent');
      const waiting = record();
      const own = processes ? 1 : 0;
      await until('a connection', async () => camera.connections > 0 && (await processesIn(directory)).length === own);
      await waiting.finish();
      await nothingLeft(camera, directory);
    });

    it.concurrent('leaves nothing running when nobody listens any more', async () => {
      const { camera, directory, source } = await fresh();
      for await (const event of makeEngine().record(
        { source, directory, segmentMs: 3_600_000, audio: 'aac' },
        new AbortController().signal,
      )) {
        expect(event.type).toBe('progress');
        break;
      }
      await nothingLeft(camera, directory);
    });

    it.concurrent.each([
      ['a wrong password', { password: `${CANARY}x` }],
      ['no sign-in at all', { username: undefined, password: undefined }],
    ])('fails as refused with %s, and never repeats it', async (_, more) => {
      const { record } = await fresh();
      const error = (await record(more).ended)!;
      expect(error).toMatchObject({ name: 'Failure', code: 'sign-in-refused', kind: 'permanent' });
      const told = JSON.stringify([error.message, error.hint, error.stack, String(error.cause)]);
      for (const spelling of [CANARY, JSON.stringify(CANARY).slice(1, -1), percentEncode(CANARY)]) {
        expect(told).not.toContain(spelling);
      }
    });

    it.concurrent('fails as unreachable where nothing listens', async () => {
      const { camera, record } = await fresh();
      await camera.setFault('unreachable');
      expect(await record().ended).toMatchObject({ code: 'unreachable', kind: 'transient' });
    });

    it.concurrent('fails as invalid where the camera has no such stream', async () => {
      const { record, source } = await fresh();
      expect(await record({ url: source.url.replace('stream1', 'nothing') }).ended).toMatchObject({
        code: 'stream-invalid',
      });
    });

    it.concurrent('fails as ended when the camera hangs up, after the last segment', async () => {
      const { camera, record } = await fresh();
      const take = record();
      await take.reached(2_500);
      await camera.drop();
      expect(await take.ended).toMatchObject({ code: 'stream-ended', kind: 'transient' });
      expect(take.segments).toHaveLength(1);
      expect(take.segments[0]!.endMs).toBeGreaterThan(2_000);
    });

    it.concurrent('ends by itself when the camera says nothing any more, in time to close its file', async () => {
      const { camera, record } = await fresh();
      const take = record();
      await take.reached(2_500);
      await camera.setFault('silent');
      const since = performance.now();
      expect(await take.ended).toMatchObject({ code: 'silent', kind: 'transient' });
      // Not at every pause; and the camera is free again before somebody else has to see to it.
      expect(performance.now() - since).toBeGreaterThan(8_000);
      expect(performance.now() - since).toBeLessThan(15_000);
      expect(take.segments).toHaveLength(1);
      expect(take.segments[0]!.endMs).toBeGreaterThanOrEqual(take.progress.at(-1)!.mediaMs - 100);
    });

    it.concurrent('says nothing while the camera says nothing, and leaves nothing running when it is ended then', async () => {
      const { camera, directory, record } = await fresh();
      const take = record();
      await take.reached(2_500);
      await camera.setFault('silent');
      const known = take.events.length;
      // Longer than two reports are apart; one may still tell of what was under way.
      await systemClock.sleep(7_500);
      expect(take.events.length).toBeLessThanOrEqual(known + 1);
      expect(take.isOver).toBe(false);
      await take.finish();
      expect(take.segments).toHaveLength(1);
      await nothingLeft(camera, directory);
      const [left] = await readdir(directory);
      const { count } = await scanFragments(join(directory, left!));
      expect(count * GOP_MS).toBeGreaterThanOrEqual(take.progress.at(-1)!.mediaMs - GOP_MS - 100);
    });

    it.concurrent('leaves all but the last group of pictures when everything is killed', async () => {
      const { directory, source } = await fresh();
      const child = await EngineProcess.start(name, { source, directory, segmentMs: 3_600_000, audio: 'aac' });
      await until('five seconds of media', () => (child.progress.at(-1)?.mediaMs ?? 0) >= 5_000);
      const { mediaMs } = child.progress.at(-1)!;
      await child.kill();
      await expectAllButLastGroup(directory, mediaMs);
    });

    if (processes) {
      it.concurrent('fails as ended when the process of a stream is killed, and leaves as much', async () => {
        const { directory, record } = await fresh();
        const take = record();
        await take.reached(5_000);
        const { mediaMs } = take.progress.at(-1)!;
        for (const pid of await processesIn(directory)) process.kill(pid, 'SIGKILL');
        expect(await take.ended).toMatchObject({ code: 'stream-ended' });
        expect(take.segments).toEqual([]);
        await expectAllButLastGroup(directory, mediaMs);
      });
    }

    if (!transcodes) {
      it.concurrent('refuses sound that MP4 cannot hold, before the first frame', async () => {
        const { directory, record } = await fresh();
        const server = await serveClip(g711);
        try {
          const take = record({ url: server.url, username: undefined, password: undefined });
          expect(await take.ended).toMatchObject({ code: 'stream-invalid', message: expect.stringContaining('PCMU') });
          expect(take.events).toEqual([]);
          expect(await readdir(directory)).toEqual([]);
        } finally {
          await server.stop();
        }
      });
    }

    if (transcodes) {
      it.concurrent('makes AAC of sound that MP4 cannot hold, and leaves the pictures as they are', async () => {
        const { record } = await fresh();
        const server = await serveClip(g711);
        try {
          const take = record({ url: server.url, username: undefined, password: undefined }, { segmentMs: 2_000 });
          await take.reached(5_000);
          await take.finish();
          const [original, recorded] = [await packetHashesBeside(g711, 'v'), [] as string[]];
          for (const segment of take.segments) {
            expect((await describeMp4(segment.file))!.codecs[1]).toBe('mp4a.40.2');
            recorded.push(...(await packetHashesBeside(await sealed(segment), 'v')));
          }
          const first = original.indexOf(recorded[0]!);
          expect(recorded).toEqual(original.slice(first, first + recorded.length));
          expect(recorded.length).toBeGreaterThan(100);
        } finally {
          await server.stop();
        }
      });
    }
  });
}

const HEVC_REORDERED = ['-c:v', 'libx265', '-preset', 'fast', '-x265-params', 'log-level=0:bframes=3:b-adapt=0'];

/** Seconds, in the order of decoding. */
async function timesOfDisplay(file: string): Promise<number[]> {
  const probe = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file];
  const { stdout } = await promisify(execFile)('ffprobe', probe);
  return stdout.trim().split('\n').map(Number.parseFloat);
}

const coded = (...args: string[]) => ['-c:v', 'libx264', '-preset', 'ultrafast', ...args];

/** Of a stream that changes in the middle. */
const SIZES = ['320x180', '640x360'];

const ANEW = 'numbers and times that begin anew';

/** Streams of every kind: what they have, how they are encoded, how they are sent. */
const STREAMS: [string, string[], ClipCameraOptions][] = [
  ['H.265', ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=0:bframes=0'], { codec: 'H265' }],
  ['H.265 in another order than it is shown', HEVC_REORDERED, { codec: 'H265', described: false }],
  ['pictures in another order than they are shown', coded('-bf', '3', '-b_strategy', '0'), {}],
  ['several slices in each picture', coded('-bf', '0', '-slices', '4'), {}],
  ['parameter sets that are not described', coded('-bf', '0'), { described: false }],
  [ANEW, coded('-bf', '0'), { sequence: 65_500, timestamp: 2 ** 32 - 180_000 }],
  ['bytes that come a few at a time', coded('-bf', '0', '-b:v', '150k'), { chunk: 613 }],
];

async function expectAllButLastGroup(directory: string, mediaMs: number): Promise<void> {
  const [left] = await readdir(directory);
  const file = join(directory, left!);
  const { count, wholeEnd } = await scanFragments(file);
  expect(count * GOP_MS).toBeGreaterThanOrEqual(mediaMs - GOP_MS - 100);
  expect((await stat(file)).size).toBeGreaterThanOrEqual(wholeEnd);
  const whole = await sealFragments(file, `${file}.sealed`, new AbortController().signal);
  expect(whole.durationMs).toBeGreaterThanOrEqual(mediaMs - GOP_MS - 100);
}
