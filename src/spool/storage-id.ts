import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';

/**
 * Tells this storage folder from any other that may lie at its path: that of another disk, or the empty one below, once a
 * disk is unmounted. Whoever would make folders or files there asks first.
 */
export class StorageId {
  readonly #root: string;
  readonly id: string;

  private constructor(root: string, id: string) {
    this.#root = root;
    this.id = id;
  }

  /** Reads it, or makes one for a folder that is new. Throws a `Failure`, code `wrong-storage`, where it is not `expected`. */
  static async open(root: string, expected: string | undefined): Promise<StorageId> {
    const found = read(root);
    if (expected !== undefined && found !== expected) throw wrong(root, found, expected);
    if (found !== undefined) return new StorageId(root, found);
    const id = randomUUID();
    await writeFileDurably(fileIn(root), `${id}\n`);
    return new StorageId(root, id);
  }

  isThere(): boolean {
    return read(this.#root) === this.id;
  }

  /** Throws a `Failure`, code `storage-gone`, where the folder is not the one that was opened. */
  check(): void {
    if (this.isThere()) return;
    throw new Failure(`The storage folder ${this.#root} is gone, or another lies in its place`, {
      kind: 'transient',
      code: 'storage-gone',
      hint: 'Mount its disk again; nothing is written there until then.',
    });
  }
}

function fileIn(root: string): string {
  return join(root, 'storage-id');
}

function read(root: string): string | undefined {
  try {
    return readFileSync(fileIn(root), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function wrong(root: string, found: string | undefined, expected: string): Failure {
  const what = found === undefined ? 'holds no storage-id' : `is another: its storage-id is ${found}`;
  return new Failure(`The storage folder ${root} ${what}; storage.id says ${expected}`, {
    kind: 'permanent',
    code: 'wrong-storage',
    hint: 'Mount the disk that belongs there. For a new disk, take storage.id out, or write there what its storage-id holds.',
  });
}
