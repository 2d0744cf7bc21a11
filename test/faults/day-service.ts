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
import { completeCommits } from '../../src/spool/recover.js';
import { salvagedStart } from '../../src/spool/salvaged-start.js';
import { DayEngine, type WorkFile } from './day-engine.js';

type Segment = Parameters<SegmentSink['finish']>[0];

const LOG = createLog({ write: () => undefined });
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
  /** What lay in the folders of runs when it died. */
  #left: (WorkFile & { camera: string })[] | undefined;

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
    const crashed = this.ledger.endAbandoned(this.clock.now());
    this.#stop = new AbortController();
    this.#left = undefined;
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

  /** As by SIGKILL: nothing more is noted, and what lies in the folders of runs is left as it is now. */
  die(): void {
    this.#left ??= [...this.engines].flatMap(([camera, { files }]) => [...files].map((file) => ({ camera, ...file })));
  }

  /** Dies, if it has not died yet. What was left is then saved, or is not, as a start does. */
  async kill(): Promise<void> {
    this.die();
    this.ledger.close();
    await this.stop();
    this.ledger = new Ledger(this.layout.ledger);
    this.#spool = this.#openSpool();
    await completeCommits(this.#spool, this.ledger, LOG);
    for (const { files } of this.engines.values()) files.clear();
    for (const { camera, run, seq, file, startMs, reachedMs, isClosed } of this.#left ?? []) {
      const salvaged = salvagedStart(this.ledger, run, seq, startMs);
      // Of a file that nobody closed, whole groups of pictures of two seconds are there.
      const lastsMs = isClosed ? reachedMs - startMs : Math.floor((reachedMs - startMs) / 2_000) * 2_000;
      if (!salvaged || lastsMs <= 0 || this.ledger.files.byOrigin(run, seq)) continue;
      await this.#commit({ camera, run, seq, file, ...salvaged, end: salvaged.start + lastsMs });
    }
  }

  /** Nothing is being committed any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#finishing.values());
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
      ...{ camera, clock, ledger, plan, engine: this.engines.get(camera)!, log: LOG },
      machine: { boot: 'this one', uptimeMs: () => clock.monotonic() },
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
    if (this.#left) return;
    const done = this.#commit(segment)
      .then(() => this.#forget(segment))
      .catch((error: unknown) => {
        if (!this.#left) throw error;
      })
      .finally(() => this.#finishing.delete(segment));
    this.#finishing.set(segment, done);
    await done;
  }

  #forget({ camera, run, seq }: Segment): void {
    const { files } = this.engines.get(camera)!;
    for (const file of files) if (file.run === run && file.seq === seq) files.delete(file);
  }

  async #commit({ camera, run, seq, file, start, end, era }: Segment): Promise<void> {
    if (this.random() < 0.01) return this.ledger.gaps.add(camera, start, end, 'file-damaged', undefined, era);
    await this.#spool.commitMedia(file, { camera, kind: 'continuous', start, end, source: 'rtsp', run, seq, era });
  }
}
