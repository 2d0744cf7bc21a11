import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { AnalysisMotionSource } from '../../src/motion/analysis/analysis-source.js';
import { encodeWatchedClips, WatchedCamera, type WatchedClips } from '../simulators/watched-camera.js';
import { type MotionUnderTest, motionSourceContract } from './motion-source.js';

const TESTS = 7;

let clips: WatchedClips;
let cameras: WatchedCamera[] = [];
let free: WatchedCamera[] = [];

const fresh = (): MotionUnderTest => {
  const camera = free.pop()!;
  return {
    source: new AnalysisMotionSource({
      ...{ camera: 'gate', source: async () => camera.stream, ffmpeg: 'ffmpeg', holdOffMs: 1_000 },
      ...{ clock: systemClock, log: createLog({ level: 'silent' }) },
    }),
    move: (active) => camera.move(active),
    be: (state) => camera.be(state),
    hurry: () => camera.hurry(),
    listeners: () => camera.sessions,
    asked: () => camera.accepted,
  };
};

motionSourceContract('our own analysis', {
  open: async () => {
    clips = encodeWatchedClips();
    cameras = Array.from({ length: TESTS }, () => new WatchedCamera(clips));
    await Promise.all(cameras.map((camera) => camera.open()));
    free = [...cameras];
  },
  close: async () => {
    await Promise.all(cameras.map((camera) => camera.close()));
  },
  fresh,
});
