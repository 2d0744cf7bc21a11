import { type FileHandle, mkdir, open, opendir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../errors.js';
import { asideName, fsyncDirectory, isAsideName, renameDurably } from '../files.js';
import { checkKey } from '../remote/key.js';
import type { ListedEntry, ObjectReader, ObjectStore, ObjectWriter, StoredObject } from './object-store.js';

/** Unfinished objects wait here, so that one look at start finds whatever a crash left. Hidden from keys and listings. */
const INCOMING = '.incoming';

/**
 * An archive in a folder: keys are paths. One process per folder, because what lies unfinished at start is removed.
 * Unlike S3 it cannot hold both `a` and `a/b`; the second of the two is refused.
 */
export class FolderStore implements ObjectStore {
  readonly name: string;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
    this.name = `folder ${root}`;
  }

  /** Creates the folder if need be and removes what an earlier process left unfinished. */
  static async open(root: string): Promise<FolderStore> {
    const incoming = join(root, INCOMING);
    await mkdir(incoming, { recursive: true });
    for await (const entry of await opendir(incoming)) {
      if (isAsideName(entry.name)) await rm(join(incoming, entry.name), { force: true });
    }
    return new FolderStore(root);
  }

  async begin(key: string): Promise<ObjectWriter> {
    const path = this.#path(key);
    const aside = asideName(join(this.#root, INCOMING, 'object'));
    return translated(key, async () => new FolderWriter(key, path, aside, await open(aside, 'wx')));
  }

  async mark(folder: string): Promise<void> {
    const path = this.#path(folder);
    await translated(folder, () => makeFolderDurably(path));
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const path = this.#path(key);
    return missingIsUndefined(key, async () => {
      const found = await stat(path);
      return found.isFile() ? { key, bytes: found.size, modified: found.mtimeMs } : undefined;
    });
  }

  async *list(folder: string): AsyncIterable<ListedEntry> {
    const path = folder === '' ? this.#root : this.#path(folder);
    const entries = await missingIsUndefined(folder, () => opendir(path));
    if (!entries) return;
    for await (const { name } of entries) {
      if (isAsideName(name) || (folder === '' && name === INCOMING)) continue;
      // Undefined: removed since the folder was read.
      const found = await missingIsUndefined(name, () => stat(join(path, name)));
      if (found?.isDirectory()) yield { type: 'folder', name };
      if (found?.isFile()) yield { type: 'object', name, bytes: found.size, modified: found.mtimeMs };
    }
  }

  async open(key: string): Promise<ObjectReader | undefined> {
    const path = this.#path(key);
    return missingIsUndefined(key, async () => {
      const handle = await open(path, 'r');
      const found = await handle.stat();
      if (found.isFile()) return new FolderReader(handle, found.size);
      await handle.close();
      return undefined;
    });
  }

  async close(): Promise<void> {
    // Nothing is kept open between calls.
  }

  #path(key: string): string {
    checkKey(key);
    const parts = key.split('/');
    if (parts[0] === INCOMING || parts.some(isAsideName)) {
      throw new Failure(`The key ${JSON.stringify(key)} is reserved`, { kind: 'permanent', code: 'key-invalid' });
    }
    return join(this.#root, ...parts);
  }
}

class FolderWriter implements ObjectWriter {
  #failed: unknown;

  constructor(
    readonly key: string,
    readonly path: string,
    readonly aside: string,
    readonly handle: FileHandle,
  ) {}

  async write(chunk: Uint8Array): Promise<void> {
    await translated(this.key, async () => {
      try {
        // A write may be short, on a disk that fills up for one.
        for (let at = 0; at < chunk.length; ) at += (await this.handle.write(chunk, at)).bytesWritten;
      } catch (error) {
        this.#failed = error;
        throw error;
      }
    });
  }

  async commit(): Promise<void> {
    await translated(this.key, async () => {
      if (this.#failed !== undefined) throw this.#failed;
      await this.#publish();
    });
  }

  async publishPartial(): Promise<void> {
    await translated(this.key, () => this.#publish());
  }

  async discard(): Promise<void> {
    // The file is only waste now; if it cannot be removed, the next start tries again.
    await this.handle.close().catch(() => undefined);
    await rm(this.aside, { force: true }).catch(() => undefined);
  }

  async #publish(): Promise<void> {
    try {
      await this.handle.close();
      await makeFolderDurably(dirname(this.path));
      await renameDurably(this.aside, this.path);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }
}

class FolderReader implements ObjectReader {
  constructor(
    readonly handle: FileHandle,
    readonly bytes: number,
  ) {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** mkdir -p whose new folders survive a power cut. */
async function makeFolderDurably(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) await fsyncDirectory(dirname(at));
}

async function missingIsUndefined<T>(key: string, look: () => Promise<T>): Promise<T | undefined> {
  return translated(key, async () => {
    try {
      return await look();
    } catch (error) {
      // ENOTDIR: a part of the key is an object, so nothing can lie below it.
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined;
      throw error;
    }
  });
}

const CODES: Record<string, string> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EROFS: 'permission-denied',
};

async function translated<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const code = CODES[codeOf(cause)] ?? 'store-failed';
    const what = code === 'no-space' ? 'No space left' : `The folder refused ${JSON.stringify(key)} (${codeOf(cause)})`;
    throw new Failure(what, { kind: code === 'permission-denied' ? 'permanent' : 'transient', code, cause });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
}
