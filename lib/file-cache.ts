import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from './files.js';

/** Files that can be made again, in a folder of their own; the least recently used go when there are too many bytes. */
export class FileCache {
  readonly #folder: string;
  readonly #most: number;
  /** Sizes by name, least recently used first. */
  #known: Promise<Map<string, number>> | undefined;

  /** `mostBytes` are kept in all. Names are file names. The folder need not exist yet. */
  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#most = mostBytes;
  }

  async get(name: string): Promise<Buffer | undefined> {
    const known = await this.#files();
    const size = known.get(name);
    if (size === undefined) return undefined;
    try {
      const bytes = await readFile(join(this.#folder, name));
      known.delete(name);
      known.set(name, bytes.length);
      return bytes;
    } catch (error) {
      // Somebody tidied up: it is made again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      known.delete(name);
      return undefined;
    }
  }

  async set(name: string, bytes: Buffer): Promise<void> {
    const known = await this.#files();
    await writeFileDurably(join(this.#folder, name), bytes, 0o600);
    known.delete(name);
    known.set(name, bytes.length);
    let held = [...known.values()].reduce((sum, size) => sum + size, 0);
    for (const [oldest, size] of known) {
      if (held <= this.#most) return;
      held -= size;
      known.delete(oldest);
      await rm(join(this.#folder, oldest), { force: true });
    }
  }

  async delete(name: string): Promise<void> {
    (await this.#files()).delete(name);
    await rm(join(this.#folder, name), { force: true });
  }

  #files(): Promise<Map<string, number>> {
    this.#known ??= list(this.#folder);
    return this.#known;
  }
}

async function list(folder: string): Promise<Map<string, number>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return { name, size, mtimeMs };
    }),
  );
  found.sort((a, b) => a.mtimeMs - b.mtimeMs);
  return new Map(found.map(({ name, size }) => [name, size]));
}
