import { systemClock } from '../../lib/clock.js';
import { accessUnits, NAL, nalType, splitNals } from '../../lib/simulator/annexb.js';
import type { Clip } from '../../lib/simulator/clip.js';
import { Feed } from '../../lib/simulator/feed.js';
import { RtspServer } from '../../lib/simulator/rtsp-server.js';
import { encodeClip } from './clips.js';
import { type ClipPlan, GOP_FRAMES, labelsOf, planClip, type SceneName } from './scenes.js';

export const ACCOUNT = { username: 'admin', password: 'bench' };

/** One simulated camera, and what it is known to show. */
export interface StagedCamera {
  scene: SceneName;
  seed: number;
  plan: ClipPlan;
  /** Without sign-in details. */
  url: string;
}

/** Cameras that all begin their clips at the same moment. */
export class Stage {
  readonly cameras: readonly StagedCamera[];
  /** When the first pictures are shown; monotonic. */
  readonly epochMs: number;
  readonly #server: RtspServer;

  private constructor(cameras: readonly StagedCamera[], server: RtspServer, epochMs: number) {
    this.cameras = cameras;
    this.#server = server;
    this.epochMs = epochMs;
  }

  /** Two encoders at once, since each uses one core. The clips begin as this resolves. */
  static async open(
    scenes: readonly SceneName[],
    seeds: readonly number[],
    seconds: number,
    dir: string,
  ): Promise<Stage> {
    const plans = scenes.flatMap((scene) => seeds.map((seed) => planClip(scene, seed, seconds)));
    const feeds = new Map<string, Feed>();
    const waiting = [...plans];
    const encode = async () => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) {
        feeds.set(pathOf(plan), new Feed(clipOf(plan, await encodeClip(plan, dir))));
      }
    };
    await Promise.all([encode(), encode()]);
    const epochMs = systemClock.monotonic();
    const server = new RtspServer({
      ...{ name: 'bench', feeds, clock: systemClock, epochMs, conduct: { fault: undefined } },
      accounts: { find: (username) => (username === ACCOUNT.username ? ACCOUNT : undefined) },
    });
    const port = await server.open('127.0.0.1', 0);
    const url = (plan: ClipPlan) => `rtsp://127.0.0.1:${port}${pathOf(plan)}`;
    const cameras = plans.map((plan) => ({ scene: plan.scene, seed: plan.seed, plan, url: url(plan) }));
    return new Stage(cameras, server, epochMs);
  }

  /** Where the clips are, milliseconds from their beginning. */
  get sceneMs(): number {
    return systemClock.monotonic() - this.epochMs;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }
}

function pathOf({ scene, seed }: ClipPlan): string {
  return `/${scene}-${seed}`;
}

/** As the simulator plays it. It has a sound track because the simulator's cameras do, of next to nothing. */
function clipOf(plan: ClipPlan, stream: Buffer): Clip {
  const nals = splitNals(stream);
  const of = (type: number) => nals.find((nal) => nalType(nal) === type)!;
  const { width, height, fps, frames } = plan;
  const video = accessUnits(nals);
  if (video.length !== frames) throw new Error(`${plan.scene} has ${video.length} pictures instead of ${frames}`);
  return {
    spec: {
      ...{ title: plan.scene, variant: 0, width, height, fps, gopFrames: GOP_FRAMES, loopMs: (frames * 1_000) / fps },
      ...{ noise: 0, rate: 'capped', rateBps: 700_000 },
    },
    ...{
      video,
      sps: of(NAL.sps),
      pps: of(NAL.pps),
      snapshots: [],
      motion: labelsOf(plan).map((label) => ({ ...label, subject: 'person' })),
    },
    audio: { config: Buffer.from([0x15, 0x88]), sampleRate: 8_000, channels: 1, frames: [Buffer.alloc(8)] },
  };
}
