import { randomUUID } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../errors.js';
import { asideName, fsyncDirectory, placeNew } from '../files.js';

/** In the folder itself; hidden, so that nothing that lists an archive sees it. */
export const FOLDER_MARKER = '.nvr-uplink-id';

/** What is remembered of a folder, outside it. */
export interface FolderMemory {
  /** What its marker held when it was last written to; undefined where it never was. */
  id(): string | undefined;
  remember(id: string): void;
  /** A key that must be there, where the folder was in use before it had a marker. */
  known(): string | undefined;
}

/**
 * Tells a folder from any other that may lie at its path: the disk that was put there instead, or the empty one below, once a
 * disk is unmounted. It is marked when it is first written to. Of a folder nobody remembers, a marker that is there is believed.
 */
export class FolderMarker {
  readonly #root: string;
  readonly #memory: FolderMemory;

  constructor(root: string, memory: FolderMemory) {
    this.#root = root;
    this.#memory = memory;
  }

  /**
   * Throws a `Failure`, code `unreachable`, where another folder lies there than was written to. `toWrite`: one that was never
   * written to is marked.
   */
  async check(toWrite: boolean): Promise<void> {
    const found = await this.#read();
    const expected = this.#memory.id();
    if (expected !== undefined && found === expected) return;
    if (expected !== undefined) throw this.#another(found, expected);
    const known = this.#memory.known();
    if (found === undefined && known !== undefined && !(await this.#holds(known)))
      throw this.#another(found, randomUUID(), known);
    if (toWrite) this.#memory.remember(found || (await this.#mark()));
  }

  async #read(): Promise<string | undefined> {
    try {
      return (await readFile(this.#path, 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Two recorders may do this at the same moment: the first one's counts. */
  async #mark(): Promise<string> {
    const aside = asideName(this.#path);
    try {
      await writeFile(aside, `${randomUUID()}\n`, { flag: 'wx', flush: true });
      await placeNew(aside, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(aside, { force: true });
    }
    await fsyncDirectory(this.#root);
    const id = await this.#read();
    if (id) return id;
    throw this.#another(id, randomUUID());
  }

  async #holds(key: string): Promise<boolean> {
    try {
      return (await lstat(join(this.#root, ...key.split('/')))).isFile();
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }

  /** `id`: what its marker is to hold for it to be taken. */
  #another(found: string | undefined, id: string, known?: string): Failure {
    const [there, what] =
      found === undefined ? ['there is no', 'in it'] : ['its', found ? 'holds another id' : 'is empty'];
    const holds = `${there} ${FOLDER_MARKER} ${what}`;
    const why = known === undefined ? holds : `${known}, which was delivered there, is not in it`;
    return new Failure(`The folder ${this.#root} is not the one that was written to: ${why}`, {
      kind: 'transient',
      code: 'unreachable',
      hint: `Mount its disk; nothing is written there until then. If this is its disk all the same, or a new one for it: printf %s ${id} > '${this.#path}'`,
    });
  }

  get #path(): string {
    return join(this.#root, FOLDER_MARKER);
  }
}
