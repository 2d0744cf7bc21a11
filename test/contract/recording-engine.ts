import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../lib/mp4/fragments.js';
import { sealFragments } from '../../lib/mp4/seal.js';
import { endProcessesIn, processesIn } from '../../lib/processes.js';
import { percentEncode } from '../../lib/redact.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { RecordingEngine, StreamSource } from '../../src/recording/engine.js';
import { encodeClip, packetHashes, serveClip } from '../peers/rtsp.js';
import { until } from '../peers/until.js';
import { everyCommandLine } from '../simulators/command-lines.js';
import { type Segment, Take } from '../simulators/take.js';

const FPS = 15;
const GOP_MS = 1_000;
const CAMERAS = 16;
const LOOP_MS = 16_000;
const LOOP_FRAMES = (LOOP_MS * FPS) / 1_000;
/** Everything that has a meaning in a URL, a shell, or an ffmpeg list. */
const CANARY = `c@n:a/r'y%41"\\ 1`;

/** Every sentence of the contract on `RecordingEngine` (src/recording/engine.ts), for any implementation. */
export function recordingEngineContract(name: string, makeEngine: () => RecordingEngine): void {
  describe(`RecordingEngine: ${name}`, () => {
    let root: string;
    let simulator: Simulator;
    let used = 0;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'engine-'));
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
    const sealed = async (segment: Segment) => {
      const to = `${segment.file}.sealed`;
      await sealFragments(segment.file, to, new AbortController().signal);
      return to;
    };

    describe('a stream in, finished segments out', () => {
      let take: Take;
      let arrivedAt: number[];
      let commandLines: string;

      beforeAll(async () => {
        const { record } = await fresh();
        take = record({}, { segmentMs: 3_000 });
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
        expect(await processesIn(take.directory)).toEqual([]);
      });

      it('never has the password where others can read it (I6)', () => {
        expect(commandLines).toContain(basename(process.execPath));
        for (const spelling of [CANARY, percentEncode(CANARY)]) {
          expect(commandLines).not.toContain(spelling);
          expect(JSON.stringify(take.events)).not.toContain(spelling);
        }
      });
    });

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
      await until('a connection', async () => (await processesIn(directory)).length > 0);
      await waiting.finish();
      expect(await processesIn(directory)).toEqual([]);
    });

    it.concurrent('leaves nothing running when nobody listens any more', async () => {
      const { directory, source } = await fresh();
      for await (const event of makeEngine().record(
        { source, directory, segmentMs: 3_600_000, audio: 'aac' },
        new AbortController().signal,
      )) {
        expect(event.type).toBe('progress');
        break;
      }
      expect(await processesIn(directory)).toEqual([]);
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
      expect(await take.ended).toMatchObject({ code: 'stream-ended', kind: 'transient' });
      // The watchdog notices before, and would kill after.
      expect(performance.now() - since).toBeGreaterThan(12_000);
      expect(performance.now() - since).toBeLessThan(10_000 + 8_000);
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
      await systemClock.sleep(11_000);
      expect(take.events.length).toBeLessThanOrEqual(known + 1);
      expect(take.isOver).toBe(false);
      await take.finish();
      expect(take.segments).toHaveLength(1);
      expect(await processesIn(directory)).toEqual([]);
      const [left] = await readdir(directory);
      const { count } = await scanFragments(join(directory, left!));
      expect(count * GOP_MS).toBeGreaterThanOrEqual(take.progress.at(-1)!.mediaMs - GOP_MS - 100);
    });

    it.concurrent('leaves all but the last group of pictures when everything is killed', async () => {
      const { directory, record } = await fresh();
      const take = record();
      await take.reached(5_000);
      const { mediaMs } = take.progress.at(-1)!;
      for (const pid of await processesIn(directory)) process.kill(pid, 'SIGKILL');
      expect(await take.ended).toMatchObject({ code: 'stream-ended' });
      expect(take.segments).toEqual([]);
      const [left] = await readdir(directory);
      const file = join(directory, left!);
      const { count, wholeEnd } = await scanFragments(file);
      expect(count * GOP_MS).toBeGreaterThanOrEqual(mediaMs - GOP_MS - 100);
      expect((await stat(file)).size).toBeGreaterThanOrEqual(wholeEnd);
      const whole = await sealFragments(file, `${file}.sealed`, new AbortController().signal);
      expect(whole.durationMs).toBeGreaterThanOrEqual(mediaMs - GOP_MS - 100);
    });

    it.concurrent('makes AAC of sound that MP4 cannot hold, and leaves the pictures as they are', async () => {
      const { record } = await fresh();
      const clip = join(root, 'g711.mov');
      encodeClip(clip, 20, ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1']);
      const server = await serveClip(clip);
      try {
        const take = record({ url: server.url, username: undefined, password: undefined }, { segmentMs: 2_000 });
        await take.reached(5_000);
        await take.finish();
        const [original, recorded] = [packetHashes(clip, 'v'), [] as string[]];
        for (const segment of take.segments) {
          expect((await describeMp4(segment.file))!.codecs[1]).toBe('mp4a.40.2');
          recorded.push(...packetHashes(await sealed(segment), 'v'));
        }
        const first = original.indexOf(recorded[0]!);
        expect(recorded).toEqual(original.slice(first, first + recorded.length));
        expect(recorded.length).toBeGreaterThan(100);
      } finally {
        await server.stop();
      }
    });
  });
}
