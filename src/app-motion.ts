import type { Beat } from '../lib/beat.js';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { ReadTurns } from '../lib/rtsp/read-turns.js';
import { cameraStream, onvifTarget } from './app-cameras.js';
import type { CameraLocator } from './camera/locator.js';
import { analysisOf, type MotionSourceName, sourcesOf } from './config/motion.js';
import { scheduleFor } from './config/schedule.js';
import type { CameraConfig, Config } from './config/schema.js';
import type { Ledger } from './ledger/ledger.js';
import { AnalysisMotionSource, READ_EVERY_MS } from './motion/analysis/analysis-source.js';
import { ExternalMotionSource } from './motion/external-source.js';
import type { Hearing } from './motion/hearing.js';
import type { MotionSource } from './motion/motion-source.js';
import { MotionWatch } from './motion/motion-watch.js';
import { OnvifMotionSource } from './motion/onvif-source.js';
import { RecordingPlan } from './recording/plan.js';

/** What notices motion before one camera, and the door for those who tell of it from outside. */
export interface CameraMotion {
  watch: MotionWatch;
  external: ExternalMotionSource | undefined;
  /** What is recorded when. */
  plan: RecordingPlan;
  /** Motion asks for pictures, whether or not anything is recorded. */
  wantsPictures: boolean;
  /** Whether something depends on motion at this moment: what is recorded, or pictures. */
  isNeeded(): boolean;
  /** What a file recorded from `start` to `end` (UTC ms) is kept as. */
  kindOf(start: number, end: number): 'continuous' | 'motion';
}

const BORDER_MS = 1_000;

/** What is kept before and after motion goes on to the border of a group of pictures, and word of motion comes late: at most by so much. */
const BESIDE_MS = 60_000;

interface Parts {
  /** The program. */
  ffmpeg: string;
  locators: ReadonlyMap<string, CameraLocator>;
  /** Of those who tell of motion over MQTT, where that is configured. */
  hearing?: Hearing | undefined;
  ledger: Ledger;
  clock: Clock;
  /** Shared by all cameras. */
  beat?: Beat;
  log: Log;
}

/** And of all cameras together: their analysed streams are read at the same moments, because each waking up costs. */
interface Joint extends Parts {
  turns: ReadTurns;
}

/** A watch for each camera, by name. */
export function buildMotion(config: Config, parts: Parts): ReadonlyMap<string, CameraMotion> {
  const joint = { ...parts, turns: new ReadTurns(parts.clock, READ_EVERY_MS) };
  return new Map(
    Object.entries(config.cameras).map(([camera, settings]) => [camera, cameraMotion(camera, settings, config, joint)]),
  );
}

function cameraMotion(camera: string, settings: CameraConfig, config: Config, parts: Joint): CameraMotion {
  const { clock, beat, log, ledger, hearing } = parts;
  const schedule = scheduleFor(config.record, settings.record, config.timezone);
  const { calm, on_motion: onMotion } = { ...config.snapshot, ...settings.snapshot };
  const wantsPictures = calm !== undefined || onMotion;
  const names = sourcesOf(settings, config.motion, wantsPictures || schedule.isEver('motion'));
  const external = names.includes('external') ? new ExternalMotionSource(camera, clock, hearing) : undefined;
  const sources = names.flatMap((name) =>
    external && name === 'external' ? external : (buildSource(name, camera, settings, config, parts) ?? []),
  );
  const holdMs = settings.motion?.hold ?? config.motion.hold;
  const { pre_roll: preRollMs, post_roll: postRollMs, pre_roll_memory: memoryBytes } = recordOf(settings, config);
  const watch: MotionWatch = new MotionWatch({
    ...{ camera, sources, holdMs, ledger, clock, beat, log },
    wanted: () => wantsPictures || !plan.rests(clock.now()),
  });
  const plan = new RecordingPlan({ schedule, preRollMs, postRollMs, memoryBytes, watcher: watch, clock });
  return {
    ...{ external, watch, plan, wantsPictures },
    isNeeded: () => wantsPictures || plan.modeAt(clock.now()) === 'motion',
    kindOf: (start, end) => kindOfFile({ plan, ledger, preRollMs, postRollMs }, { camera, start, end }),
  };
}

/**
 * As what a file is kept that begins at `start`. One that holds only what came before or after motion, because a border fell there,
 * belongs to it: it is sent as soon, and given up as late.
 */
export function kindOfFile(
  of: {
    plan: Pick<RecordingPlan, 'modeOfFile'>;
    ledger: Pick<Ledger, 'motion'>;
    preRollMs: number;
    postRollMs: number;
  },
  { camera, start, end }: { camera: string; start: number; end: number },
): 'continuous' | 'motion' {
  // A file begins at the border of a mode at the earliest, and its time may be a little off.
  if (of.plan.modeOfFile(start + BORDER_MS) !== 'motion') return 'continuous';
  const around = { camera, start: start - of.postRollMs - BESIDE_MS, end: end + of.preRollMs + BESIDE_MS };
  // Everything is recorded as if something moved while nobody can tell: that is no motion.
  return of.ledger.motion.within(around) ? 'motion' : 'continuous';
}

function recordOf(settings: CameraConfig, config: Config) {
  return { ...config.record, ...settings.record };
}

function buildSource(
  name: MotionSourceName,
  camera: string,
  settings: CameraConfig,
  config: Config,
  { locators, ffmpeg, turns, clock, log }: Joint,
): MotionSource | undefined {
  const locator = locators.get(camera);
  if (name === 'onvif' && locator) {
    const holdOffMs = settings.motion?.onvif_hold ?? config.motion.onvif_hold;
    const resolve = (signal: AbortSignal) => onvifTarget(settings, locator, signal);
    return new OnvifMotionSource({ camera, resolve, holdOffMs, clock, log });
  }
  // `external` is built by the caller; a camera without ONVIF has no events.
  if (name !== 'analysis' || (!locator && settings.streams?.sub === undefined)) return undefined;
  const source = (signal: AbortSignal) => cameraStream('sub', settings, locator, signal);
  return new AnalysisMotionSource({
    ...analysisOf(config.motion, settings.motion),
    camera,
    source,
    ffmpeg,
    turns,
    clock,
    log,
  });
}

/** Somebody outside tells of motion before a camera; see `WebOptions.motion`. */
export function tellMotion(
  cameras: ReadonlyMap<string, CameraMotion>,
  camera: string,
  action: 'start' | 'stop' | 'pulse',
  forMs?: number,
): 'told' | 'unknown' | 'closed' {
  const motion = cameras.get(camera);
  if (!motion) return 'unknown';
  const { external } = motion;
  if (!external) return 'closed';
  if (action === 'stop') external.stop();
  else if (action === 'start') external.start(forMs);
  else external.pulse(forMs);
  return 'told';
}
