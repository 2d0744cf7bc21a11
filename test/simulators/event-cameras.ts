import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import type { OnvifTarget } from '../../lib/onvif/target.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { type RunningCamera, type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import type { MotionChange, MotionSource } from '../../src/motion/motion-source.js';
import { OnvifMotionSource } from '../../src/motion/onvif-source.js';
import { until } from '../peers/until.js';

const PASSWORD = 'secret';

/** A scene that is over soon: a person for four seconds, then a car. */
const SIZE = { width: 160, height: 90, fps: 10, loopMs: 12_800, gopFrames: 8, rateBps: 200_000 };

export const HOLD_OFF_MS = 6_000;

/** Small cameras for tests of events; each `take` hands out one that nobody else uses. */
export class EventCameras {
  readonly simulator: Simulator;
  readonly #dir: string;
  readonly #free = new Map<PersonaName, RunningCamera[]>();

  private constructor(dir: string, simulator: Simulator, personas: readonly PersonaName[]) {
    this.#dir = dir;
    this.simulator = simulator;
    for (const [n, persona] of personas.entries()) {
      this.#free.set(persona, [...(this.#free.get(persona) ?? []), simulator.cameras[n]!]);
    }
  }

  static async start(personas: readonly PersonaName[], options: { https?: boolean } = {}): Promise<EventCameras> {
    const dir = await mkdtemp(join(tmpdir(), 'event-cameras-'));
    const cameras = personas.map((persona, n) => ({ name: `${persona}-${n}`, persona, title: 'x', variant: 0 }));
    const rest = { cacheDir: dir, password: PASSWORD, main: SIZE, sub: SIZE, restartMs: 1_000, ...options };
    return new EventCameras(dir, await startSimulator({ cameras, ...rest }, new AbortController().signal), personas);
  }

  async stop(): Promise<void> {
    await this.simulator.stop();
    await rm(this.#dir, { recursive: true });
  }

  /** Nothing moves before it until the test says so. */
  take(persona: PersonaName): RunningCamera {
    const running = this.#free.get(persona)?.shift();
    if (!running) throw new Error(`no ${persona} camera is left`);
    running.camera.motion.force([]);
    return running;
  }
}

export function targetOf(url: string): OnvifTarget {
  const { hostname, port, pathname, protocol } = new URL(url);
  const secure = protocol === 'https:';
  return { host: hostname, port: Number(port), path: pathname, secure, username: 'admin', password: PASSWORD };
}

/** Listens to a camera wherever it is now. */
export function sourceOf(
  { name, camera }: RunningCamera,
  more: Partial<OnvifTarget> = {},
  log = createLog({ level: 'silent' }),
): MotionSource {
  return new OnvifMotionSource({
    camera: name,
    resolve: async () => ({ ...targetOf(camera.deviceUrl), ...more }),
    holdOffMs: HOLD_OFF_MS,
    clock: systemClock,
    log,
  });
}

/** Hears a source out. */
export class Listener {
  readonly heard: (MotionChange & { heardAt: number })[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(source: MotionSource) {
    this.#ended = this.#listen(source);
  }

  async #listen(source: MotionSource): Promise<void> {
    for await (const change of source.changes(this.#stop.signal)) {
      this.heard.push({ ...change, heardAt: systemClock.now() });
    }
  }

  /** Resolves with how long it took to end. */
  async stop(): Promise<number> {
    const startedAt = performance.now();
    this.#stop.abort();
    await this.#ended;
    return performance.now() - startedAt;
  }

  /** Whether anything of this kind moves, as far as it was told. */
  isActive(kind = 'motion'): boolean {
    const last = new Map(this.heard.filter((one) => one.kind === kind).map((one) => [one.source, one.active]));
    return [...last.values()].some((active) => active);
  }

  async told(active: boolean, withinMs?: number, kind = 'motion'): Promise<void> {
    const what = `word that ${kind} ${active ? 'began' : 'ended'}, after ${JSON.stringify(this.heard)}`;
    await until(what, () => this.isActive(kind) === active, withinMs);
  }
}
