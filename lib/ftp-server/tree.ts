import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { asideName, freeBytes, fsyncDirectory, isAsideName, renameDurably } from '../files.js';
import { heldName, readHeldName } from '../held-names.js';
import { Refusal } from './refusal.js';

export interface TreeEntry {
  name: string;
  isFolder: boolean;
  bytes: number;
  modifiedAt: number;
}

/** A hidden name of ours adds 23 bytes, and a file system takes 255. */
const LONGEST_NAME = 200;
const DEEPEST = 16;
/** Space is looked at again after each so many bytes. */
const LOOK_AFTER = 32 * 2 ** 20;

/**
 * What one user sees and fills: a folder he cannot leave. Nothing in it is ever overwritten: what arrives under a name that is
 * taken is put there, and the earlier file is kept beside it under a hidden name (`lib/held-names.ts`).
 */
export class Tree {
  readonly #root: string;
  readonly #reserveBytes: number;
  /** Names are taken one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  /** `reserveBytes` of the disk are left free. */
  constructor(root: string, reserveBytes: number) {
    this.#root = root;
    this.#reserveBytes = reserveBytes;
  }

  /** The absolute path a client means, with `/`. Throws a `Refusal`. */
  static resolve(folder: string, argument: string): string {
    const path = posix.resolve('/', folder, argument === '' ? '.' : argument);
    const parts = path.split('/').filter((part) => part !== '');
    if (parts.length > DEEPEST) throw new Refusal(553, 'Too deep');
    for (const part of parts) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what no name may have
      if (/[\0-\x1f\x7f]/.test(part) || Buffer.byteLength(part) > LONGEST_NAME || isOurs(part)) {
        throw new Refusal(553, 'File name not allowed');
      }
    }
    return `/${parts.join('/')}`;
  }

  /** Undefined where there is nothing, or something that is neither file nor folder. */
  async find(path: string): Promise<TreeEntry | undefined> {
    const real = await this.#real(path);
    return real === undefined ? undefined : entryOf(real, posix.basename(path));
  }

  async list(path: string): Promise<TreeEntry[]> {
    const real = await this.#real(path);
    if (real === undefined) throw new Refusal(550, 'No such folder');
    const names = (await readdir(real)).filter((name) => !isOurs(name));
    const entries = await Promise.all(names.map((name) => entryOf(join(real, name), name)));
    return entries.filter((entry) => entry !== undefined);
  }

  async makeFolder(path: string): Promise<void> {
    if (await this.find(path)) throw new Refusal(550, 'It exists');
    await this.#folder(path);
  }

  /** Begins a file that is not visible before it is whole. */
  async begin(path: string): Promise<Arriving> {
    if (path === '/') throw new Refusal(553, 'File name not allowed');
    if ((await this.find(path))?.isFolder) throw new Refusal(550, 'It is a folder');
    await this.#needsRoom();
    const folder = await this.#folder(posix.dirname(path));
    const target = join(folder, posix.basename(path));
    const aside = asideName(target);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const handle = await open(aside, flags, 0o640);
    return new Arriving(handle, aside, target, {
      place: () => this.#alone(() => place(aside, target)),
      needsRoom: () => this.#needsRoom(),
    });
  }

  /** Files only. What lies at `to` is kept beside it. */
  async rename(from: string, to: string): Promise<void> {
    if (to === '/') throw new Refusal(553, 'File name not allowed');
    if ((await this.find(to))?.isFolder) throw new Refusal(550, 'It is a folder');
    const folder = await this.#folder(posix.dirname(to));
    await this.#alone(async () => {
      const real = await this.#real(from);
      const found = real === undefined ? undefined : await entryOf(real, '');
      if (!found || found.isFolder) throw new Refusal(550, 'No such file');
      const target = join(folder, posix.basename(to));
      if (target !== real) await place(real!, target);
    });
  }

  #alone<Result>(step: () => Promise<Result>): Promise<Result> {
    const done = this.#tail.then(step);
    // Whoever asked for the step is told of its failure; the next one only waits for its end.
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #needsRoom(): Promise<void> {
    if ((await freeBytes(this.#root)) < this.#reserveBytes) throw new Refusal(452, 'No space left');
  }

  /** Where a path lies; undefined where it does not. No part of it may be a link. */
  async #real(path: string): Promise<string | undefined> {
    let real = this.#root;
    const parts = path.split('/').filter((part) => part !== '');
    for (const [index, part] of parts.entries()) {
      real = join(real, part);
      const found = await lstat(real).catch(unlessGone);
      const isLast = index === parts.length - 1;
      if (!found || !(found.isDirectory() || (isLast && found.isFile()))) return undefined;
    }
    return real;
  }

  /** The folder, made with all above it where it is not there. */
  async #folder(path: string): Promise<string> {
    let real = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) {
      real = join(real, part);
      await mkdir(real, 0o750).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      if (!(await lstat(real)).isDirectory()) throw new Refusal(550, 'It is no folder');
    }
    return real;
  }
}

interface TreeOfArriving {
  place(): Promise<void>;
  needsRoom(): Promise<void>;
}

/** One file that is on its way. */
export class Arriving {
  readonly #handle: FileHandle;
  readonly #aside: string;
  readonly #target: string;
  readonly #tree: TreeOfArriving;
  #bytes = 0;
  #lookAt = LOOK_AFTER;

  constructor(handle: FileHandle, aside: string, target: string, tree: TreeOfArriving) {
    this.#handle = handle;
    this.#aside = aside;
    this.#target = target;
    this.#tree = tree;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Buffer): Promise<void> {
    await this.#handle.writeFile(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#lookAt) return;
    this.#lookAt = this.#bytes + LOOK_AFTER;
    await this.#tree.needsRoom();
  }

  /** It is whole: from now on it is there, durably. */
  async finish(): Promise<void> {
    await this.#handle.close();
    await this.#tree.place();
  }

  /** It broke off, and is kept under a name that says so. */
  async cut(): Promise<void> {
    await this.#handle.close();
    await renameDurably(this.#aside, heldName(this.#target, 'cut'));
  }

  /** Nothing of it stays: its sender is told, and has it still. */
  async discard(): Promise<void> {
    // What is thrown away needs no good end.
    await this.#handle.close().catch(() => undefined);
    await rm(this.#aside, { force: true });
  }
}

/** What was being written when a server was killed, below a folder: it broke off. Before anything is served. */
export async function cutWhatWasArriving(root: string): Promise<number> {
  let count = 0;
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !isAsideName(entry.name)) continue;
    const original = entry.name.replace(/^\./, '').replace(/\.[0-9a-f]{12}\.aside$/, '');
    await rename(join(entry.parentPath, entry.name), heldName(join(entry.parentPath, original), 'cut'));
    count++;
  }
  return count;
}

async function place(from: string, target: string): Promise<void> {
  if (existsSync(target)) {
    await rename(target, heldName(target, 'kept')).catch(unlessGone);
    await fsyncDirectory(dirname(target));
  }
  await renameDurably(from, target);
}

async function entryOf(real: string, name: string): Promise<TreeEntry | undefined> {
  const found = await lstat(real).catch(unlessGone);
  if (!found || !(found.isFile() || found.isDirectory())) return undefined;
  return { name, isFolder: found.isDirectory(), bytes: found.size, modifiedAt: found.mtimeMs };
}

function isOurs(name: string): boolean {
  return isAsideName(name) || readHeldName(name) !== undefined;
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
