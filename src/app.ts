import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Beat } from '../lib/beat.js';
import type { Clock } from '../lib/clock.js';
import { defaultRouteInterface } from '../lib/default-route.js';
import { messageOf } from '../lib/errors.js';
import type { Ffmpeg } from '../lib/ffmpeg/find.js';
import type { Log } from '../lib/log.js';
import { thisMachine } from '../lib/machine.js';
import type { Remote } from '../lib/remote/remote.js';
import { Throttle } from '../lib/remote/throttle.js';
import { runAll, type Service } from '../lib/service.js';
import { WatchedClock } from '../lib/watched-clock.js';
import { buildBackfills } from './app-backfill.js';
import { buildLocators, cameraStream } from './app-cameras.js';
import { buildMotion, type CameraMotion } from './app-motion.js';
import { buildMqtt } from './app-mqtt.js';
import { buildSnapshots } from './app-snapshots.js';
import { IndexWriter } from './archive/index-writer.js';
import { loadIdentity } from './archive/signature.js';
import type { CameraLocator } from './camera/locator.js';
import { ownFolders, refuseEntangledFolders } from './config/apart.js';
import type { Config } from './config/schema.js';
import { Inbox } from './inbox/inbox.js';
import { folderMemory } from './ledger/folder-memory.js';
import type { Ledger } from './ledger/ledger.js';
import { openOrRebuild } from './ledger/rebuild.js';
import { UnsetTimes } from './ledger/unset-times.js';
import { Hearing } from './motion/hearing.js';
import { ClockWatch } from './operate/clock-watch.js';
import { recordingEngines } from './recording/engines.js';
import { Pictures } from './recording/pictures.js';
import { Recorder } from './recording/recorder.js';
import { Spool } from './spool/commit.js';
import { Finisher } from './spool/finish.js';
import { SpoolIndexQueue } from './spool/index-queue.js';
import { createSpool, spoolLayout } from './spool/layout.js';
import { acquireLock, type InstanceLock } from './spool/lock.js';
import { makeStorage } from './spool/make-storage.js';
import { newestFilms } from './spool/newest-films.js';
import { completeCommits, findLeftovers, type Leftover, removeAsides, salvageLeftovers } from './spool/recover.js';
import { Retention, type RetentionPolicy } from './spool/retain.js';
import { LEAST_FREE_BYTES, Room } from './spool/room.js';
import { StorageId } from './spool/storage-id.js';
import { SpoolWatch } from './spool/watch.js';
import { connectRemote, isCleartext, neededProof, parallelOf } from './upload/connect.js';
import { Line } from './upload/line.js';
import { Uploader } from './upload/uploader.js';

export interface AppOptions {
  config: Config;
  ffmpeg: Ffmpeg;
  clock: Clock;
  log: Log;
}

/** Cameras are connected to one after the other, so far apart, and all of them within this time after a start. */
const START_APART_MS = 150;
const START_WITHIN_MS = 10_000;

/** How long a stop may take to save and seal the last segments. */
const DRAIN_MS = 20_000;

/** The recorder: joins the stages in the order footage flows. Nobody else knows more than one of them. */
export class App implements Service {
  readonly name = 'recorder';
  readonly options: AppOptions;
  readonly ledger: Ledger;
  readonly spool: Spool;
  readonly storage: StorageId;
  /** Where the ONVIF cameras are, by name. */
  readonly locators: ReadonlyMap<string, CameraLocator>;
  /** Whether the broker is heard, where one is configured. */
  readonly hearing: Hearing | undefined;
  /** What notices motion before the cameras, by name. */
  readonly motion: ReadonlyMap<string, CameraMotion>;
  readonly recorders: readonly Recorder[];
  readonly uploaders: readonly Uploader[];
  readonly pictures: Pictures;
  /** What recorders and cameras deliver, where that is configured. */
  readonly inbox: Inbox | undefined;
  readonly #lock: InstanceLock;
  readonly #room: Room;
  readonly #finisher: Finisher;
  readonly #line: Line;
  readonly #throttle: Throttle;
  readonly #leftovers: readonly Leftover[];
  readonly #services: Service[];
  readonly #cutShort = new AbortController();
  readonly #machine = thisMachine();
  readonly #beat: Beat;

  /**
   * Takes the storage folder over and repairs what a crash left half done. Nothing runs yet.
   * Throws a `Failure`: `already-running`, `ledger-damaged`, `key-unreadable`, `inbox-entangled`,
   * `folders-entangled`, or the file system's own error.
   */
  static async open(given: AppOptions): Promise<App> {
    const options = { ...given, clock: new WatchedClock(given.clock) };
    const { config, clock, log } = options;
    refuseEntangledFolders(config);
    const layout = spoolLayout(config.storage.dir);
    const { id } = config.storage;
    // Before anything is made there: below an unmounted disk lies a folder that is not ours.
    if (id === undefined) await makeStorage(layout.root);
    else await StorageId.open(layout.root, id);
    const lock = acquireLock(layout.lock);
    try {
      const storage = await StorageId.open(layout.root, id);
      createSpool(layout);
      const ledger = openOrRebuild(layout.ledger, clock.now(), (damage, kept) =>
        log.error({ damage, kept }, 'the ledger is damaged: set aside, and built anew from the files and the remotes'),
      );
      const spool = new Spool(layout, config.site, ledger, Object.keys(config.remotes), clock);
      await removeAsides([layout.root, layout.ready, layout.sent, layout.index], log);
      await completeCommits(spool, ledger, log);
      const crashed = ledger.endAbandoned(clock.now());
      const identity = await loadIdentity(join(layout.root, 'identity.pem'));
      const index = new IndexWriter({
        ...{ site: config.site, queue: new SpoolIndexQueue(spool, ledger, clock), identity, clock },
        everyMs: config.index.every,
        onProblem: ({ error, camera, retryMs }) =>
          log.error({ camera, error: messageOf(error) }, `the index cannot be written; retry in ${retryMs / 1000} s`),
      });
      const remotes = await connectRemotes(options, ledger);
      const leftovers = await findLeftovers(spool);
      const isNew = Object.keys(config.cameras).some((camera) => ledger.coveredUntil(camera) === undefined);
      const films = isNew ? await newestFilms(layout) : new Map<string, number>();
      return new App(options, { lock, ledger, storage, spool, crashed, index, remotes, leftovers, films });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    options: AppOptions & { clock: WatchedClock },
    parts: {
      lock: InstanceLock;
      ledger: Ledger;
      storage: StorageId;
      spool: Spool;
      crashed: ReadonlySet<string>;
      index: Service;
      remotes: ReadonlyMap<string, Remote>;
      leftovers: readonly Leftover[];
      films: ReadonlyMap<string, number>;
    },
  ) {
    const { config, ffmpeg, clock, log } = options;
    const { ledger, spool } = parts;
    this.options = options;
    this.#beat = new Beat(clock);
    this.ledger = ledger;
    this.spool = spool;
    this.storage = parts.storage;
    this.#room = new Room(spool.layout.root, () => this.storage.isThere(), clock, log);
    ledger.makeRoom = () => this.#room.release();
    this.#room.onFull = (failure) => {
      for (const recorder of this.recorders) recorder.interrupt(failure);
    };
    this.#lock = parts.lock;
    this.#leftovers = parts.leftovers;
    this.#finisher = new Finisher(spool, ledger, ffmpeg.path, clock, log, this.#cutShort.signal);
    const unset = new UnsetTimes(ledger, clock, this.#machine);
    unset.note();
    this.#finisher.rightTime = (time) => unset.right(time);
    this.locators = buildLocators(config, { ledger, clock, log });
    this.hearing = config.mqtt && new Hearing();
    const { locators, hearing } = this;
    const beat = this.#beat;
    this.motion = buildMotion(config, { locators, hearing, ffmpeg: ffmpeg.path, ledger, clock, beat, log });
    this.#finisher.kindOf = (camera, start, end) => this.motion.get(camera)?.kindOf(start, end) ?? 'continuous';
    this.recorders = this.#buildRecorders(parts.crashed, parts.films);
    this.pictures = new Pictures(ffmpeg.path, clock, (camera) => this.recorder(camera)?.state);
    this.#line = new Line(config.upload, config.timezone, clock, defaultRouteInterface);
    this.#throttle = new Throttle(clock, () => this.#line.bytesPerSecond());
    this.uploaders = [...parts.remotes].map(([name, remote]) => this.#buildUploader(name, remote));
    this.inbox = this.#buildInbox();
    const watch = new SpoolWatch(spool, ledger, clock, log, () => {
      for (const uploader of this.uploaders) uploader.poke();
    });
    const retention = new Retention(spool, ledger, retentionPolicy(config), clock, log);
    const clockWatch = new ClockWatch(clock, ledger, log, this.recorders);
    const inbox = this.inbox ? [this.inbox] : [];
    const watches = [...this.motion.values()].map((one) => one.watch);
    this.#services = [
      ...[clockWatch, this.#room, ...this.recorders, ...watches, ...buildSnapshots(this), ...inbox],
      ...buildBackfills(this, this.#finisher, () => this.#mayWrite()),
      ...[watch, ...this.uploaders, parts.index, retention],
      ...(config.mqtt && hearing ? [buildMqtt(config.mqtt, this.motion, hearing, log)] : []),
    ];
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
      run: (signal) => salvageLeftovers(this.#leftovers, this.#finisher, clock, log, signal),
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

  #buildRecorders(crashed: ReadonlySet<string>, films: ReadonlyMap<string, number>): Recorder[] {
    const { config, ffmpeg, clock, log } = this.options;
    const engines = recordingEngines(ffmpeg.path, clock, log);
    // As the kernel names it, so that orphans of a killed recorder are found by their working directory.
    const work = realpathSync(this.spool.layout.work);
    return Object.entries(config.cameras).map(([camera, settings], n, all) => {
      const record = { ...config.record, ...settings.record };
      const locator = this.locators.get(camera);
      const known = this.ledger.coveredUntil(camera) !== undefined;
      const newestFilm = known ? undefined : films.get(camera);
      const cause = known ? 'recorder-stopped' : newestFilm === undefined ? 'starting' : 'ledger-lost';
      return new Recorder({
        ...{ camera, engine: engines[record.engine], clock, log, ledger: this.ledger, sink: this.#finisher },
        machine: this.#machine,
        beat: this.#beat,
        source: async (signal) => {
          await this.#mayWrite();
          return await cameraStream('main', settings, locator, signal);
        },
        segmentMs: record.segment,
        audio: record.audio,
        work: join(work, camera),
        plan: this.motion.get(camera)!.plan,
        startDelayMs: n * Math.min(START_APART_MS, START_WITHIN_MS / all.length),
        ...{ newestFilm, firstCause: crashed.has(camera) ? 'recorder-crashed' : cause },
      });
    });
  }

  /** Rejects while the storage folder is gone or full. */
  async #mayWrite(): Promise<void> {
    this.storage.check();
    await this.#room.check();
  }

  #buildInbox(): Inbox | undefined {
    const { config, clock, log } = this.options;
    if (!config.inbox) return undefined;
    const { ledger, spool } = this;
    const own = spool.layout.inbox;
    const folders = { ...own, offLimits: [...own.offLimits, ...ownFolders(config).map(({ path }) => path)] };
    const { min_free: minFreeBytes } = config.storage;
    const { inbox, timezone } = config;
    return new Inbox({ config: inbox, timezone, folders, shelf: spool, minFreeBytes, ledger, clock, log });
  }

  #buildUploader(name: string, remote: Remote): Uploader {
    const { config, clock, log } = this.options;
    const { ledger, spool } = this;
    const settings = config.remotes[name]!;
    if (isCleartext(settings)) log.warn({ remote: name }, 'password and footage go there in the clear, as configured');
    return new Uploader({
      ...{ remoteName: name, remote, ledger, clock, log },
      outbox: {
        folder: spool.layout.ready,
        moveToSent: (file) => spool.moveToSent(file),
        rekey: (file) => spool.rekey(file),
      },
      parallel: parallelOf(settings),
      proof: neededProof(settings),
      ...{ line: this.#line, throttle: this.#throttle, deadlineMs: config.upload.deadline },
    });
  }
}

function retentionPolicy({ storage, cameras }: Config): RetentionPolicy {
  const { keep_uploaded: keepMs, max: maxBytes, when_full: whenFull } = storage;
  const minFreeBytes = Math.max(storage.min_free, LEAST_FREE_BYTES);
  const own = Object.entries(cameras).flatMap(([camera, settings]) =>
    settings.storage
      ? [[camera, { keepMs: settings.storage.keep_uploaded ?? keepMs, maxBytes: settings.storage.max }] as const]
      : [],
  );
  return { keepMs, maxBytes, minFreeBytes, whenFull, cameras: new Map(own) };
}

async function connectRemotes({ config, clock, log }: AppOptions, ledger: Ledger): Promise<Map<string, Remote>> {
  const pins = {
    pin: (of: string) => ledger.meta(`host-key:${of}`),
    setPin: (of: string, fingerprint: string) => {
      ledger.setMeta(`host-key:${of}`, fingerprint);
      log.warn({ remote: of, fingerprint }, 'host key pinned on first use; compare it with the one you were given');
    },
    folder: (of: string, path: string) => folderMemory(ledger, of, path),
  };
  const remotes = new Map<string, Remote>();
  for (const [name, remote] of Object.entries(config.remotes)) {
    remotes.set(name, await connectRemote(name, remote, pins, clock));
  }
  return remotes;
}
