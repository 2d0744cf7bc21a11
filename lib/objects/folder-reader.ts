import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { namesBelow, openBelow, pathBelow } from './below.js';
import type { ObjectRange, ObjectReader, OpenObject, StoredChecksum, StoredObject } from './object-reader.js';
import { openRange } from './open-range.js';

/** A folder that holds what a bucket would. It need not exist yet. Hidden files are being written and are not there yet. */
export class FolderReader implements ObjectReader {
  readonly name: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = resolve(root);
    this.name = `folder:${this.#root}`;
  }

  async isThere(): Promise<boolean> {
    const path = await pathBelow(this.#root, '');
    return path !== undefined && (await stat(path)).isDirectory();
  }

  async names(folder: string): Promise<string[]> {
    return (await namesBelow(this.#root, trimmed(folder))).filter((name) => !name.startsWith('.'));
  }

  async *list(folder: string): AsyncGenerator<StoredObject, void, undefined> {
    const top = await pathBelow(this.#root, trimmed(folder));
    const waiting = top === undefined ? [] : [top];
    const root = (await pathBelow(this.#root, '')) ?? this.#root;
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      for (const entry of await readdir(path, { withFileTypes: true })) {
        const below = join(path, entry.name);
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory()) waiting.push(below);
        else {
          const object = await this.stat(relative(root, below).split(sep).join('/'));
          if (object) yield object;
        }
      }
    }
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    const handle = await openBelow(this.#root, key);
    if (!handle) return undefined;
    try {
      return stored(key, await handle.stat());
    } finally {
      await handle.close();
    }
  }

  async open(key: string, wanted?: Partial<ObjectRange>): Promise<OpenObject | undefined> {
    const handle = await openBelow(this.#root, key);
    return handle && openRange(handle, wanted);
  }

  /** A folder keeps none: the file is read for it. */
  async checksum(key: string): Promise<StoredChecksum | undefined> {
    const opened = await this.open(key);
    if (!opened) return undefined;
    const hash = createHash('sha256');
    await pipeline(opened.stream, hash);
    return { sha256: hash.digest('hex') };
  }

  close(): void {
    // Nothing is held between calls.
  }
}

function trimmed(folder: string): string {
  return folder.endsWith('/') ? folder.slice(0, -1) : folder;
}

function stored(key: string, { size, mtimeMs, ino }: Stats): StoredObject {
  return { key, bytes: size, modifiedAt: mtimeMs, version: `${size} ${mtimeMs} ${ino}` };
}
