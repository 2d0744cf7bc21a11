import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fsyncDirectory, writeFileDurably } from '../files.js';
import { checkKey } from '../remote/key.js';
import { pathBelow } from './below.js';
import type { ObjectEraser, StoredVersion } from './eraser.js';

/** Files of a folder; a folder keeps no versions and knows no locks. */
export class FolderEraser implements ObjectEraser {
  readonly name: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.name = `folder:${root}`;
  }

  async versions(key: string): Promise<StoredVersion[]> {
    checkKey(key);
    return (await pathBelow(this.#root, key)) === undefined ? [] : [{}];
  }

  async erase(key: string, versions: readonly StoredVersion[]): Promise<void> {
    const path = await pathBelow(this.#root, key);
    if (path === undefined || versions.length === 0) return;
    await rm(path);
    await fsyncDirectory(dirname(path));
  }

  async replace(key: string, text: string): Promise<void> {
    checkKey(key);
    const folder = await pathBelow(this.#root, key.slice(0, key.lastIndexOf('/')));
    if (folder === undefined) throw new Error(`there is no folder for ${key}`);
    await writeFileDurably(`${folder}/${key.split('/').at(-1)}`, text);
  }

  close(): void {
    // Nothing is held between calls.
  }
}
