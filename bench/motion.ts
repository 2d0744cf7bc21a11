import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { Contestant, OURS, type PeerSettings } from './motion/contestants.js';
import { f1, judgeBeginnings, medianLatency, precision, recall, sum, type Verdict } from './motion/judge.js';
import { LEAD_MS, SCENE_NAMES, type SceneName, SEEDS } from './motion/scenes.js';
import { Stage } from './motion/stage.js';
import { requirePeers } from './peers.js';
import { type Consumption, TreeMeter } from './process-tree.js';
import type { BenchOptions, Measured } from './results.js';

const DEFAULTS = 'motion';
const TUNED = 'motion, tuned';

/**
 * The best of some dozen settings for each scene, by F1 on the seeds ours was tuned on too: as if its owner had had a labelled film of the
 * camera at hand.
 */
const BEST: Record<SceneName, PeerSettings> = {
  quiet: { threshold: 500, noise_level: 16, noise_tune: 'off', minimum_motion_frames: 2 },
  steady: { threshold: 200, noise_level: 12, noise_tune: 'off', lightswitch_percent: 20, minimum_motion_frames: 2 },
  night: { threshold: 500, noise_level: 16, noise_tune: 'off', minimum_motion_frames: 2 },
  flicker: { threshold: 300 },
  slow: { threshold: 500, noise_level: 16, noise_tune: 'off', minimum_motion_frames: 2 },
  small: { threshold: 60, noise_level: 24, noise_tune: 'off', minimum_motion_frames: 3 },
  rain: { threshold: 300 },
};

/** Everybody has connected and learnt the place, and nothing has moved yet. */
const SETTLED_MS = LEAD_MS - 4_000;

/**
 * The same sub streams watched by us, by Debian's motion as it comes, and by motion with the best settings known for the scene, at the same
 * time: all of a scene's cameras in one process of each. One scene after another, so that the machine is not what is measured. Only clips
 * nobody was tuned on.
 */
export async function run({ quick, only, say }: BenchOptions): Promise<Measured[]> {
  requirePeers('motion');
  const names = only.length > 0 ? only.map(sceneOf) : SCENE_NAMES;
  const seconds = quick ? 100 : 240;
  const results: Measured[] = [];
  for (const scene of names) results.push(...(await runScene(scene, seconds, say)));
  return results;
}

/** Of `--only`: a scene, by its whole name. */
export function belongs(metric: string, part: string): boolean {
  return metric.startsWith(`${part}-`);
}

function sceneOf(name: string): SceneName {
  const scene = SCENE_NAMES.find((one) => one === name);
  if (!scene) throw new Error(`--only: no scene is called ${name}; there are ${SCENE_NAMES.join(', ')}`);
  return scene;
}

async function runScene(scene: SceneName, seconds: number, say: (line: string) => void): Promise<Measured[]> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-motion-'));
  say(`${scene}: drawing and encoding ${SEEDS.unseen.length} clips of ${seconds} s, then watching them`);
  const clips = join(tmpdir(), 'nvr-uplink-bench-motion-clips');
  const stage = await Stage.open([scene], SEEDS.unseen, seconds, clips);
  const contestants: Contestant[] = [];
  try {
    contestants.push(await Contestant.ours(stage, stage.cameras));
    contestants.push(await Contestant.motion(DEFAULTS, stage, stage.cameras, {}, join(dir, 'defaults')));
    contestants.push(await Contestant.motion(TUNED, stage, stage.cameras, BEST[scene], join(dir, 'tuned')));
    await systemClock.sleep(SETTLED_MS - stage.sceneMs);
    const meters = await Promise.all(contestants.map(({ pid }) => TreeMeter.start(pid, systemClock, 2_000)));
    await systemClock.sleep(seconds * 1_000 - stage.sceneMs);
    const used = await Promise.all(meters.map((meter) => meter.stop()));
    return resultsOf(scene, contestants, new Map(contestants.map((one, index) => [one, used[index]!])), say);
  } finally {
    const stopped = await Promise.allSettled(contestants.map((contestant) => contestant.stop()));
    // After its clients, which it would wait for.
    await stage.close();
    for (const one of stopped) if (one.status === 'rejected') say(messageOf(one.reason));
    await rm(dir, { recursive: true, force: true });
  }
}

function resultsOf(
  scene: SceneName,
  contestants: readonly Contestant[],
  usage: ReadonlyMap<Contestant, Consumption>,
  say: (line: string) => void,
): Measured[] {
  const verdicts = new Map(contestants.map((one) => [one, verdictOf(one)]));
  for (const [{ name }, { events, found, wrong }] of verdicts) {
    say(`${scene}, ${name}: ${found} of ${events} found, ${wrong} wrong`);
  }
  const row = (metric: string, unit: string, better: Measured['better'], of: (one: Contestant) => number): Measured => {
    const figures = Object.fromEntries(contestants.map((one) => [one.name, of(one)]));
    const { [OURS]: ours, ...peers } = figures;
    return { metric: `${scene}-${metric}`, unit: `${scene}: ${unit}`, better, ours: ours!, peers };
  };
  const quality = (of: (verdict: Verdict) => number) => (one: Contestant) => of(verdicts.get(one)!);
  const perMinute = (one: Contestant) => {
    const { cpuSeconds, wallSeconds } = usage.get(one)!;
    return (cpuSeconds / wallSeconds / one.cameras.length) * 60;
  };
  return [
    row('cpu', 'CPU-seconds per camera-minute', 'lower', perMinute),
    row('rss', 'MB resident per camera', 'lower', (one) => usage.get(one)!.rssBytes.mean / one.cameras.length / 1e6),
    row(
      'pss',
      'MB per camera, shared pages split',
      'lower',
      (one) => usage.get(one)!.pssBytes.mean / one.cameras.length / 1e6,
    ),
    row('recall', 'recall', 'higher', quality(recall)),
    row('precision', 'precision', 'higher', quality(precision)),
    row('f1', 'F1', 'higher', quality(f1)),
    row('latency', 'median s from the first moving picture', 'lower', quality(medianLatency)),
  ];
}

function verdictOf({ cameras, beginnings }: Contestant): Verdict {
  return sum(cameras.map(({ plan }, index) => judgeBeginnings(plan, beginnings[index]!)));
}
