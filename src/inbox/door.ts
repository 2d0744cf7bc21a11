import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { isAsideName } from '../../lib/files.js';
import { readHeldName } from '../../lib/held-names.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import { type FoundFile, filesBelow, type Limits, removeEmptyFolders } from './files-below.js';
import type { Identifier } from './identify.js';
import { isWithin, offLimits } from './off-limits.js';
import type { Offer, Taken } from './take.js';

export interface DoorOptions {
  /** As `status` and the index call it. */
  name: string;
  /** What is delivered lies below it. */
  root: string;
  /** Folders that are never looked into, by whatever path they are come upon. */
  offLimits: readonly string[];
  identifier: Identifier;
  originals: 'keep' | 'remove';
  /** A file whose size and time stay the same for so long is looked into. */
  settleMs: number;
  /** For so long what is not whole may still grow; 0 where whoever writes has said that it is all. */
  patienceMs: number;
  /** Whether file events are asked for: a quick signal, never the truth (invariant I3). */
  watched: boolean;
  /** Whether folders that have been empty for a day are ours to remove. */
  tidy: boolean;
  take(offer: Offer): Promise<Taken>;
  wasTaken(path: string, bytes: number, modifiedAt: number): boolean;
  clock: Clock;
  log: Log;
}

export interface DoorState {
  /** Seen, and not taken in yet. */
  waiting: number;
  /** Of these, the ones that are settled and not whole. */
  unfinished: number;
  problem?: string;
}

const APART = 'Give deliveries a folder apart from the storage folder and from those footage is sent to.';
const RESCAN_MS = 30_000;
/** What comes together is looked at together; a large tree is not looked through all the time. */
const PAUSE_MS = 500;
/** Names that say that more is to come: a rename is waited for. */
const TEMPORARY = /^\.|(?:\.(?:tmp|temp|part|partial|filepart|crdownload|upload|writing)|[_~])$/i;
const TEMPORARY_MS = 3_600_000;
/** Beyond this, watching costs more memory than the seconds it saves are worth. */
const MOST_WATCHED = 5_000;
const WATCHED_DEPTH = 4;
const DAY_MS = 86_400_000;
/** A recorder's own store on a disk: files of a fixed size that are written over and over, and no clips. */
const DISK_STORE = /(?:^|\/)(?:hiv\d{5}\.(?:mp4|pic)|index\d\d\.bin|info\.bin)$/i;

interface Seen {
  bytes: number;
  modifiedAt: number;
  /** Monotonic. */
  since: number;
}

/** A folder that others put files into. Finished is what stays as it is for a while and is whole by its own structure. */
export class Door implements Service {
  readonly name: string;
  readonly #options: DoorOptions;
  #seen = new Map<string, Seen>();
  #state: DoorState = { waiting: 0, unfinished: 0 };
  #wake = new AbortController();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.name = `inbox ${options.name}`;
  }

  get doorName(): string {
    return this.#options.name;
  }

  get state(): DoorState {
    return this.#state;
  }

  /** Something may have come. */
  readonly poke = (): void => this.#wake.abort();

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let watcher: FSWatcher | undefined;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const from = clock.monotonic();
      const { count, nextMs } = await this.#lookSafely(signal);
      if (this.#options.watched && count >= 0 && count < MOST_WATCHED) watcher ??= this.#watch();
      const pauseMs = Math.max(PAUSE_MS, 10 * (clock.monotonic() - from));
      await clock.sleep(Math.min(pauseMs, nextMs), signal);
      await clock.sleep(Math.max(0, nextMs - pauseMs), AbortSignal.any([signal, this.#wake.signal]));
    }
    await watcher?.close();
  }

  #watch(): FSWatcher {
    const { root, log, name: door } = this.#options;
    const watcher = watch(root, {
      depth: WATCHED_DEPTH,
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
    });
    watcher.on('add', this.poke);
    // What came between our look and the first event would else wait for the next look.
    watcher.on('ready', this.poke);
    watcher.on('error', (error) => log.warn({ door, error: messageOf(error) }, 'file events fail; the rescan goes on'));
    return watcher;
  }

  /** How many files there are (-1: it cannot be told), and when to look again. */
  async #lookSafely(signal: AbortSignal): Promise<{ count: number; nextMs: number }> {
    const { name: door, log } = this.#options;
    try {
      const result = await this.#look(signal);
      if (this.#options.tidy) await removeEmptyFolders(this.#options.root, this.#options.clock.now() - DAY_MS);
      return result;
    } catch (error) {
      const problem = messageOf(error);
      if (this.#state.problem !== problem) log.error({ door, error: problem }, 'a folder of the inbox cannot be read');
      this.#state = { ...this.#state, problem };
      return { count: -1, nextMs: RESCAN_MS };
    }
  }

  async #look(signal: AbortSignal): Promise<{ count: number; nextMs: number }> {
    const seen = new Map<string, Seen>();
    const state: DoorState = { waiting: 0, unfinished: 0 };
    let [count, nextMs] = [0, RESCAN_MS];
    for await (const found of filesBelow(this.#options.root, await this.#limits(state))) {
      if (signal.aborted) break;
      count++;
      const look = this.#judge(found);
      if (look === undefined) continue;
      seen.set(found.path, look.seen);
      if (look.ripeInMs <= 0) {
        const taken = await this.#offer(found, look, state);
        if (taken === 'stored' || taken === 'set-aside') {
          seen.delete(found.path);
          continue;
        }
        if (taken === 'unfinished') {
          state.unfinished++;
          nextMs = Math.min(nextMs, Math.max(PAUSE_MS, look.growsForMs));
        }
      } else nextMs = Math.min(nextMs, look.ripeInMs);
      state.waiting++;
    }
    this.#seen = seen;
    this.#state = state;
    return { count, nextMs };
  }

  /** Throws where the whole folder is one of the recorder's own, whatever the configuration calls it. */
  async #limits(state: DoorState): Promise<Limits> {
    const { root, watched } = this.#options;
    const folders = await offLimits(this.#options.offLimits);
    // What our own FTP server receives lies within the storage folder.
    if (watched && (await isWithin(root, folders)))
      throw new Error(`${root} is a folder of the recorder's own. ${APART}`);
    const onPassed = (path: string) => {
      state.problem = `${join(root, path)} is a folder of the recorder's own, and passed over. ${APART}`;
    };
    return { folders, onPassed };
  }

  /** Undefined for what is none of ours. */
  #judge({ path, file, name, bytes, modifiedAt }: FoundFile): Judged | undefined {
    const { originals, settleMs, patienceMs, clock, wasTaken } = this.#options;
    if (isAsideName(name)) return undefined;
    if (originals === 'keep' && wasTaken(path, bytes, modifiedAt)) return undefined;
    const before = this.#seen.get(path);
    const isSame = before?.bytes === bytes && before.modifiedAt === modifiedAt;
    const seen = isSame ? before : { bytes, modifiedAt, since: clock.monotonic() };
    const held = readHeldName(name);
    if (held)
      return {
        seen,
        ripeInMs: 0,
        growsForMs: 0,
        broken: held.state === 'cut',
        original: join(dirname(path), held.original),
      };
    if (isMarker(file)) return undefined;
    if (DISK_STORE.test(path)) return this.#passOver(path);
    const quietMs = clock.monotonic() - seen.since;
    const isDone = existsSync(`${file}.done`);
    const neededMs = isDone ? 0 : TEMPORARY.test(name) ? Math.max(TEMPORARY_MS, settleMs) : settleMs;
    return {
      seen,
      ripeInMs: neededMs - quietMs,
      growsForMs: isDone ? 0 : patienceMs - quietMs,
      broken: false,
      original: path,
    };
  }

  async #offer(
    found: FoundFile,
    { growsForMs, broken, original }: Judged,
    state: DoorState,
  ): Promise<Taken | 'failed'> {
    const { name: door, identifier, originals, log, take } = this.#options;
    const { file, bytes, modifiedAt } = found;
    try {
      const taken = await take({
        door,
        path: original,
        file,
        bytes,
        modifiedAt,
        broken,
        mayGrow: growsForMs > 0,
        originals,
        identifier,
      });
      if (originals === 'remove' && (taken === 'stored' || taken === 'set-aside'))
        await rm(`${file}.done`, { force: true });
      return taken;
    } catch (error) {
      // Taken away by whoever put it there.
      if (!existsSync(file)) return 'changed';
      state.problem = `${original}: ${messageOf(error)}`;
      log.error({ door, path: original, error: messageOf(error) }, 'a delivered file cannot be taken in; tried again');
      return 'failed';
    }
  }

  #passOver(path: string): undefined {
    const { name: door, log } = this.#options;
    if (this.#toldOfStore) return undefined;
    this.#toldOfStore = true;
    log.warn(
      { door, path },
      'this is the store a recorder keeps for itself, not clips; let it deliver over FTP instead',
    );
    return undefined;
  }

  #toldOfStore = false;
}

interface Judged {
  seen: Seen;
  ripeInMs: number;
  /** For so long, what is not whole may become so. */
  growsForMs: number;
  broken: boolean;
  /** The path it was delivered under. */
  original: string;
}

/** `clip.mp4.done`, empty, beside `clip.mp4` or left over from it: a sign, and no file of its own. */
function isMarker(file: string): boolean {
  return file.endsWith('.done');
}
