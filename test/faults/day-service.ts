import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import type { ClockStep } from '../../lib/watched-clock.js';
import { Schedule, schedule } from '../../src/config/schedule.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { RecordingPlan } from '../../src/recording/plan.js';
import { Recorder } from '../../src/recording/recorder.js';
import type { SegmentSink } from '../../src/recording/recorder-options.js';
import { Spool } from '../../src/spool/commit.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { salvagedStart } from '../../src/spool/salvaged-start.js';
import { DayEngine } from './day-engine.js';

type Segment = Parameters<SegmentSink['finish']>[0];

const ZONE = 'Europe/Copenhagen';

/** Before some connections, a lookup or the disk takes so long that the clock may be set meanwhile, and more. */
const STALLS = 0.02;
const LONGEST_STALL_MS = 30 * 60_000;

/** The recorders, ledger and spool of a site, started, stopped and killed on a clock of its own. */
export class DayService {
  readonly engines: ReadonlyMap<string, DayEngine>;
  readonly layout = spoolLayout(mkdtempSync(join(tmpdir(), 'day-')));
  ledger: Ledger;
  #spool: Spool;
  #recorders: Recorder[] = [];
  #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  /** Being committed, or lost by a kill before it was. */
  readonly #finishing = new Map<Segment, Promise<void>>();
  #isDead = false;

  /** `cameras`: their names, with a weekly schedule outside of which they are off. */
  constructor(
    readonly clock: Clock,
    readonly cameras: ReadonlyMap<string, string | undefined>,
    readonly random: () => number,
  ) {
    createSpool(this.layout);
    this.ledger = new Ledger(this.layout.ledger);
    this.#spool = this.#openSpool();
    this.engines = new Map([...cameras.keys()].map((name) => [name, new DayEngine(clock, random)]));
  }

  start(): void {
    const crashed = new Set(this.ledger.runs.endAbandoned(this.clock.now()));
    this.#stop = new AbortController();
    this.#isDead = false;
    this.#recorders = [...this.cameras].map(([camera, rules]) => this.#recorder(camera, rules, crashed.has(camera)));
    this.#running = Promise.all(this.#recorders.map((recorder) => recorder.run(this.#stop.signal)));
  }

  clockStepped(step: ClockStep): void {
    for (const recorder of this.#recorders) recorder.clockStepped(step);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.settled();
  }

  /** As by SIGKILL: nothing more is noted. What was open is then saved, or is not, as a start does. */
  async kill(): Promise<void> {
    const open = [...this.engines].flatMap(([camera, { open: file }]) => (file ? [{ camera, ...file }] : []));
    this.#isDead = true;
    this.ledger.close();
    await this.stop();
    this.ledger = new Ledger(this.layout.ledger);
    this.#spool = this.#openSpool();
    for (const { camera, run, seq, file, startMs, reachedMs } of open) {
      const salvaged = salvagedStart(this.ledger, run, seq, startMs);
      // Whole groups of pictures of two seconds are there.
      const wholeMs = Math.floor((reachedMs - startMs) / 2_000) * 2_000;
      if (!salvaged || wholeMs <= 0 || this.ledger.files.byOrigin(run, seq)) continue;
      await this.#commit({ camera, run, seq, file, ...salvaged, end: salvaged.start + wholeMs });
    }
  }

  /** Nothing is being committed any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#finishing.values());
  }

  /** Whether each camera's ledger knows that the clock was set, by so much altogether. Until then, a kill would make it forget. */
  knowsOfStep(byMs: number): boolean {
    return [...this.cameras.keys()].every((camera) => {
      const { clockSteps } = this.ledger;
      return Math.abs(clockSteps.shiftSince(camera, 0) - byMs) < 1_000;
    });
  }

  /** Its folder stays, with the ledger as it is. */
  keep(): string {
    this.ledger.close();
    return this.layout.root;
  }

  remove(): void {
    this.ledger.close();
    rmSync(this.layout.root, { recursive: true, force: true });
  }

  #openSpool(): Spool {
    return new Spool(this.layout, 'day', this.ledger, ['far'], this.clock);
  }

  #recorder(camera: string, rules: string | undefined, crashed: boolean): Recorder {
    const { clock, ledger } = this;
    const plan =
      rules === undefined
        ? undefined
        : new RecordingPlan({
            schedule: new Schedule(schedule.parse(rules), 'off', ZONE),
            ...{ preRollMs: 5_000, postRollMs: 10_000, memoryBytes: 2 ** 20, clock },
            watcher: { blind: false, follow: () => () => undefined },
          });
    const known = ledger.coveredUntil(camera) !== undefined;
    return new Recorder({
      ...{ camera, clock, ledger, plan, engine: this.engines.get(camera)!, log: createLog({ write: () => undefined }) },
      ...{ source: (signal) => this.#source(camera, signal), segmentMs: 60_000, audio: 'aac' },
      work: join(this.layout.work, camera),
      sink: { finish: (segment) => this.#finish(segment), salvage: async () => undefined },
      firstCause: crashed ? 'recorder-crashed' : known ? 'recorder-stopped' : 'starting',
    });
  }

  async #source(camera: string, signal: AbortSignal): Promise<{ url: string }> {
    if (this.random() < STALLS) await this.clock.sleep(this.random() * LONGEST_STALL_MS, signal);
    return { url: `rtsp://${camera}/` };
  }

  async #finish(segment: Segment): Promise<void> {
    if (this.#isDead) return;
    const done = this.#commit(segment).finally(() => this.#finishing.delete(segment));
    this.#finishing.set(segment, done);
    await done;
  }

  async #commit({ camera, run, seq, file, start, end, era }: Segment): Promise<void> {
    if (this.random() < 0.01) return this.ledger.gaps.add(camera, start, end, 'file-damaged', undefined, era);
    await this.#spool.commitMedia(file, { camera, kind: 'continuous', start, end, source: 'rtsp', run, seq, era });
  }
}
