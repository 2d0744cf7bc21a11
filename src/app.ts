import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import type { Ffmpeg } from '../lib/ffmpeg/find.js';
import type { Log } from '../lib/log.js';
import { runAll, type Service } from '../lib/service.js';
import { IndexWriter } from './archive/index-writer.js';
import { loadIdentity } from './archive/signature.js';
import type { Config } from './config/schema.js';
import { Ledger } from './ledger/ledger.js';
import { FfmpegEngine } from './recording/ffmpeg-engine.js';
import { Pictures } from './recording/pictures.js';
import { Recorder } from './recording/recorder.js';
import { Snapshots } from './recording/snapshots.js';
import { Spool } from './spool/commit.js';
import { Finisher } from './spool/finish.js';
import { SpoolIndexQueue } from './spool/index-queue.js';
import { createSpool, spoolLayout } from './spool/layout.js';
import { acquireLock, type InstanceLock } from './spool/lock.js';
import { completeCommits, findLeftovers, type Leftover, removeAsides, salvageLeftovers } from './spool/recover.js';
import { Retention } from './spool/retain.js';
import { SpoolWatch } from './spool/watch.js';
import { connectRemote } from './upload/connect.js';
import { Uploader } from './upload/uploader.js';

export interface AppOptions {
  config: Config;
  ffmpeg: Ffmpeg;
  clock: Clock;
  log: Log;
}

/** How long a stop may take to save and seal the last segments. */
const DRAIN_MS = 20_000;

/** The recorder: joins the stages in the order footage flows. Nobody else knows more than one of them. */
export class App implements Service {
  readonly name = 'recorder';
  readonly options: AppOptions;
  readonly ledger: Ledger;
  readonly spool: Spool;
  readonly recorders: readonly Recorder[];
  readonly uploaders: readonly Uploader[];
  readonly pictures: Pictures;
  readonly #lock: InstanceLock;
  readonly #finisher: Finisher;
  readonly #leftovers: readonly Leftover[];
  readonly #services: Service[];
  readonly #cutShort = new AbortController();

  /**
   * Takes the storage folder over and repairs what a crash left half done. Nothing runs yet.
   * Throws a `Failure`: `already-running`, `ledger-damaged`, `key-unreadable`, or the file system's own error.
   */
  static async open(options: AppOptions): Promise<App> {
    const { config, clock, log } = options;
    const layout = spoolLayout(config.storage.dir);
    createSpool(layout);
    const lock = acquireLock(layout.lock);
    try {
      const ledger = new Ledger(layout.ledger);
      const spool = new Spool(layout, config.site, ledger, Object.keys(config.remotes), clock);
      await removeAsides([layout.root, layout.ready, layout.sent, layout.index], log);
      await completeCommits(spool, ledger, log);
      const crashed = new Set(ledger.runs.endAbandoned(clock.now()));
      const identity = await loadIdentity(join(layout.root, 'identity.pem'));
      const index = new IndexWriter({
        ...{ site: config.site, queue: new SpoolIndexQueue(spool, ledger, clock), identity, clock },
        everyMs: config.index.every,
        onProblem: ({ error, camera, retryMs }) =>
          log.error({ camera, error: messageOf(error) }, `the index cannot be written; retry in ${retryMs / 1000} s`),
      });
      return new App(options, { lock, ledger, spool, crashed, index, leftovers: await findLeftovers(spool) });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    options: AppOptions,
    parts: {
      lock: InstanceLock;
      ledger: Ledger;
      spool: Spool;
      crashed: ReadonlySet<string>;
      index: Service;
      leftovers: readonly Leftover[];
    },
  ) {
    const { config, ffmpeg, clock, log } = options;
    const { ledger, spool } = parts;
    this.options = options;
    this.ledger = ledger;
    this.spool = spool;
    this.#lock = parts.lock;
    this.#leftovers = parts.leftovers;
    this.#finisher = new Finisher(spool, ledger, ffmpeg.path, clock, log, this.#cutShort.signal);
    this.recorders = this.#buildRecorders(parts.crashed);
    this.pictures = new Pictures(ffmpeg.path, clock, (camera) => this.recorder(camera)?.state.directory);
    this.uploaders = Object.entries(config.remotes).map(([name, remote]) => this.#buildUploader(name, remote));
    const watch = new SpoolWatch(spool, ledger, clock, log, () => {
      for (const uploader of this.uploaders) uploader.poke();
    });
    const { keep_uploaded: keepMs, max: maxBytes, min_free: minFreeBytes } = config.storage;
    const retention = new Retention(spool, ledger, { keepMs, maxBytes, minFreeBytes }, clock, log);
    this.#services = [...this.recorders, ...this.#buildSnapshots(), watch, ...this.uploaders, parts.index, retention];
  }

  recorder(camera: string): Recorder | undefined {
    return this.recorders.find((recorder) => recorder.camera === camera);
  }

  /** Adds a part that runs along with the others (the web server). Before `run` only. */
  add(service: Service): void {
    this.#services.push(service);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    const salvage: Service = {
      name: 'salvage',
      run: () => salvageLeftovers(this.#leftovers, this.#finisher, clock, log),
    };
    try {
      await runAll([salvage, ...this.#services], signal);
    } finally {
      await this.#drain();
      this.ledger.close();
      this.#lock.release();
    }
  }

  /** The last segments are sealed; whatever takes too long is finished at the next start. */
  async #drain(): Promise<void> {
    const done = new AbortController();
    const idle = this.#finisher.idle().then(() => done.abort());
    await this.options.clock.sleep(DRAIN_MS, done.signal);
    this.#cutShort.abort();
    await idle;
  }

  #buildRecorders(crashed: ReadonlySet<string>): Recorder[] {
    const { config, ffmpeg, clock, log } = this.options;
    const engine = new FfmpegEngine(ffmpeg.path, clock);
    // As the kernel names it, so that orphans of a killed recorder are found by their working directory.
    const work = realpathSync(this.spool.layout.work);
    return Object.entries(config.cameras).flatMap(([camera, settings]) => {
      const record = { ...config.record, ...settings.record };
      if (record.mode === 'off') return [];
      const { streams, username, password } = settings;
      const known = this.ledger.coveredUntil(camera) !== undefined;
      return new Recorder({
        ...{ camera, engine, clock, log, ledger: this.ledger, sink: this.#finisher },
        source: { url: streams.main, username, password },
        segmentMs: record.segment,
        audio: record.audio,
        work: join(work, camera),
        firstCause: crashed.has(camera) ? 'recorder-crashed' : known ? 'recorder-stopped' : 'starting',
      });
    });
  }

  #buildSnapshots(): Snapshots[] {
    const { config, clock, log } = this.options;
    return this.recorders.map(({ camera }) => {
      const everyMs = config.cameras[camera]?.snapshot?.every ?? config.snapshot.every;
      return new Snapshots({
        ...{ camera, everyMs, clock, log, work: join(this.spool.layout.work, camera) },
        latest: (name, signal) => this.pictures.latest(name, signal),
        commit: async (file, name, at) => {
          await this.spool.commitMedia(file, { camera: name, kind: 'snapshot', start: at, end: at, source: 'rtsp' });
        },
      });
    });
  }

  #buildUploader(name: string, remote: Config['remotes'][string]): Uploader {
    const { clock, log } = this.options;
    const { ledger, spool } = this;
    const pins = {
      pin: (of: string) => ledger.meta(`host-key:${of}`),
      setPin: (of: string, fingerprint: string) => {
        ledger.setMeta(`host-key:${of}`, fingerprint);
        log.warn({ remote: of, fingerprint }, 'host key pinned on first use; compare it with the one you were given');
      },
    };
    return new Uploader({
      ...{ remoteName: name, remote: connectRemote(name, remote, pins, clock), ledger, clock, log },
      outbox: {
        folder: spool.layout.ready,
        moveToSent: (file) => spool.moveToSent(file),
        rekey: (file) => spool.rekey(file),
      },
      parallel: remote.type === 'sftp' ? remote.parallel : 1,
    });
  }
}
