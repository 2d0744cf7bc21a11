import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { Failure } from '../errors.js';
import { asideName, fsyncDirectory, isAsideName, placeNew, removeAsides } from '../files.js';
import { Attempt } from './attempt.js';
import { checkStored, closedFailure } from './failures.js';
import { folderFailure } from './folder-failures.js';
import { FOLDER_MARKER, FolderMarker, type FolderMemory } from './folder-marker.js';
import { checkKey, folderOf } from './key.js';
import type { OnProgress, Receipt, Remote, RemoteObject } from './remote.js';
import { sameBytes } from './same-bytes.js';
import { SendingFile } from './sending-file.js';
import { StallWatch } from './stall-watch.js';
import type { Pace } from './throttle.js';

export interface FolderOptions {
  /** An existing folder. It is never made: an empty mount point would take the footage meant for the disk. */
  path: string;
  /** By which it is known again. Without, any folder at the path will do. */
  memory?: FolderMemory;
  /** @default 30,000 */
  stallMs?: number;
  clock?: Clock;
}

/**
 * Puts files under a local or mounted folder. Written beside their place under a hidden name, synced, then named: readers
 * see whole files only, and another file of that name stays, whoever wrote it at the same moment. Nothing is written, read or listed through a symbolic link below the folder.
 */
export class FolderRemote implements Remote {
  readonly name: string;
  /** Nobody but us gives a file its name. */
  readonly lateMs = 0;
  readonly #root: string;
  readonly #marker: FolderMarker | undefined;
  readonly #stallMs: number;
  readonly #clock: Clock;
  readonly #running = new Set<Attempt>();
  readonly #tidied = new Set<string>();

  constructor(options: FolderOptions) {
    this.#root = resolve(options.path);
    this.name = `folder:${this.#root}`;
    this.#marker = options.memory && new FolderMarker(this.#root, options.memory);
    this.#stallMs = options.stallMs ?? 30_000;
    this.#clock = options.clock ?? systemClock;
  }

  async put(
    key: string,
    file: string,
    signal: AbortSignal,
    onProgress?: OnProgress,
    pace?: Pace,
    replace = false,
  ): Promise<Receipt> {
    checkKey(key);
    return this.#call(signal, `store ${key}`, async (attempt, watch) => {
      const source = await attempt.acquire(SendingFile.open(file, pace && { pace, signal }), (late) => late.close());
      try {
        const target = this.#path(key);
        await watch.during(this.#makeFolders(key));
        await watch.during(this.#tidy(dirname(target)));
        await this.#write({ key, target, replace }, source, attempt, watch, onProgress);
        // It may have been unmounted meanwhile.
        await watch.during(this.#checkRoot());
        const found = await watch.during(regularFile(target));
        checkStored(key, source.bytes, found?.size);
        return { key, ...source.digest(), proven: 'size', provenBy: 'stat' };
      } finally {
        // Closing waits for a read that may hang; nobody needs to.
        source.close().catch(() => undefined);
      }
    });
  }

  async stat(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    checkKey(key);
    return this.#call(signal, `look up ${key}`, async (_attempt, watch) => {
      await watch.during(this.#checkRoot());
      if (!(await watch.during(this.#isPlain(dirname(this.#path(key)))))) return undefined;
      const found = await watch.during(regularFile(this.#path(key)));
      return found && { key, bytes: found.size };
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<RemoteObject, void, undefined> {
    const waiting = [folderOf(prefix)];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      const parent = folder;
      const found = await this.#call(signal, `list ${parent || 'it'}`, (_attempt, watch) =>
        watch.during(this.#entries(parent)),
      );
      waiting.push(...found.folders);
      yield* found.objects;
    }
  }

  async remove(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    await this.#call(signal, `remove ${key}`, async (_attempt, watch) => {
      await watch.during(this.#checkRoot());
      const isOurs = await watch.during(this.#isPlain(dirname(this.#path(key))));
      if (isOurs) await watch.during(rm(this.#path(key)));
    });
  }

  async close(): Promise<void> {
    for (const attempt of this.#running) attempt.fail(closedFailure());
  }

  async #call<T>(
    signal: AbortSignal,
    doing: string,
    work: (attempt: Attempt, watch: StallWatch) => Promise<T>,
  ): Promise<T> {
    const attempt = new Attempt(signal);
    const watch = new StallWatch(attempt, this.name, this.#stallMs, this.#clock);
    this.#running.add(attempt);
    try {
      attempt.throwIfFailed();
      return await work(attempt, watch);
    } catch (error) {
      throw folderFailure(this.name, doing, error);
    } finally {
      watch.end();
      attempt.end();
      this.#running.delete(attempt);
    }
  }

  async #write(
    { key, target, replace }: { key: string; target: string; replace: boolean },
    source: SendingFile,
    attempt: Attempt,
    watch: StallWatch,
    onProgress?: OnProgress,
  ): Promise<void> {
    const aside = asideName(target);
    const handle = await watch.during(open(aside, 'wx', 0o644), (late) => discard(late, aside));
    try {
      await this.#copy(handle, source, attempt, watch, onProgress);
      await watch.during(handle.sync());
      await watch.during(handle.close());
      await this.#place(aside, target, replace, watch, key);
    } catch (error) {
      // Not awaited: on a disk that hangs, this would too.
      discard(handle, aside).catch(() => undefined);
      throw error;
    }
    await watch.during(fsyncDirectory(dirname(target)));
  }

  /** What has the name already is ours if it is the very same; else it stays, unless it was found to be damaged. */
  async #place(aside: string, target: string, replace: boolean, watch: StallWatch, key: string): Promise<void> {
    try {
      return await watch.during(placeNew(aside, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const isFile = (await watch.during(regularFile(target))) !== undefined;
    if (isFile && (await sameBytes(aside, target, watch))) return await watch.during(rm(aside));
    // A link in its place is replaced, not followed.
    if (isFile && !replace) {
      await watch.during(rm(aside));
      throw taken(key, this.name);
    }
    await watch.during(rename(aside, target));
  }

  async #copy(
    handle: FileHandle,
    source: SendingFile,
    attempt: Attempt,
    watch: StallWatch,
    onProgress?: OnProgress,
  ): Promise<void> {
    const blocks = source.blocks();
    let written = 0;
    for (;;) {
      const { value: block, done } = await attempt.race(blocks.next());
      if (done) return;
      for (let at = 0; at < block.length; ) {
        const { bytesWritten } = await watch.during(handle.write(block, at, block.length - at, written));
        at += bytesWritten;
        written += bytesWritten;
      }
      onProgress?.(written);
    }
  }

  /** Every missing folder of `key`, one by one, so that none is made behind a symbolic link. */
  async #makeFolders(key: string): Promise<void> {
    await this.#checkRoot(true);
    let folder = this.#root;
    for (const part of key.split('/').slice(0, -1)) {
      const parent = folder;
      folder = join(parent, part);
      try {
        await mkdir(folder);
        await fsyncDirectory(parent);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (!(await lstat(folder)).isDirectory()) throw outside(this.name, folder);
    }
  }

  /** What a crash left unfinished is removed when its folder is next written to; a day is longer than any file takes. */
  async #tidy(folder: string): Promise<void> {
    if (this.#tidied.has(folder)) return;
    this.#tidied.add(folder);
    await removeAsides(folder, this.#clock.now() - 86_400_000);
  }

  async #checkRoot(toWrite = false): Promise<void> {
    if (!(await stat(this.#root)).isDirectory()) throw outside(this.name, this.#root);
    await this.#marker?.check(toWrite);
  }

  async #entries(folder: string): Promise<{ folders: string[]; objects: RemoteObject[] }> {
    await this.#checkRoot();
    const found: { folders: string[]; objects: RemoteObject[] } = { folders: [], objects: [] };
    const path = this.#path(folder);
    if (!(await this.#isPlain(path))) return found;
    for await (const entry of await opendir(path)) {
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) found.folders.push(key);
      if (!entry.isFile() || isAsideName(entry.name) || key === FOLDER_MARKER) continue;
      const size = (await regularFile(this.#path(key)))?.size;
      if (size !== undefined) found.objects.push({ key, bytes: size });
    }
    return found;
  }

  /** Whether `path` is an existing folder that no symbolic link below the root leads to. */
  async #isPlain(path: string): Promise<boolean> {
    if (path === this.#root) return true;
    try {
      const [real, root] = await Promise.all([realpath(path), realpath(this.#root)]);
      return real === join(root, relative(this.#root, path)) && (await lstat(path)).isDirectory();
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #path(key: string): string {
    return join(this.#root, ...key.split('/'));
  }
}

async function discard(handle: FileHandle, path: string): Promise<void> {
  await rm(path, { force: true });
  await handle.close();
}

/** Undefined when there is none, or something else has its name: a folder, a symbolic link. */
async function regularFile(path: string): Promise<{ size: number } | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function taken(key: string, name: string): Failure {
  return new Failure(`${key} is in ${name} already, with other bytes`, {
    kind: 'permanent',
    code: 'key-taken',
    hint: 'Nothing is overwritten. Another recorder may write under this site name: give each a `site` of its own.',
  });
}

function outside(name: string, path: string): Failure {
  return new Failure(`${path} is in the way: ${name} only uses real folders below it`, {
    kind: 'permanent',
    code: 'outside-root',
    hint: 'Remove the symbolic link or file of that name, or configure another folder.',
  });
}
