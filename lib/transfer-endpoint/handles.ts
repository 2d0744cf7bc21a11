import type { ListedEntry, ObjectReader } from './object-store.js';
import { Refusal } from './replies.js';
import type { UploadingFile } from './uploading-file.js';

/** What a client holds open. */
export type Open =
  | { type: 'upload'; file: UploadingFile }
  | { type: 'download'; reader: ObjectReader }
  | { type: 'listing'; entries: AsyncIterator<ListedEntry> };

/** More than this many open at once in one session are refused; OpenSSH and ssh2 clients hold a handful. */
const MAX_OPEN = 100;

/** The open files and folders of one session. Numbers are never used again, so a stale handle cannot meet another file. */
export class Handles {
  readonly #open = new Map<number, Open>();
  #next = 0;

  /** Throws a `Refusal` where one more would be too many. */
  mayAdd(): void {
    if (this.#open.size >= MAX_OPEN) throw new Refusal('FAILURE', 'Too many open files');
  }

  add(open: Open): Buffer {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(this.#next);
    this.#open.set(this.#next++, open);
    return handle;
  }

  get<Type extends Open['type']>(handle: Buffer, type: Type): Extract<Open, { type: Type }> {
    const open = this.any(handle);
    if (open.type !== type) throw invalid();
    return open as Extract<Open, { type: Type }>;
  }

  any(handle: Buffer): Open {
    const open = handle.length === 4 ? this.#open.get(handle.readUInt32BE()) : undefined;
    if (!open) throw invalid();
    return open;
  }

  take(handle: Buffer): Open {
    const open = this.any(handle);
    this.#open.delete(handle.readUInt32BE());
    return open;
  }

  takeAll(): Open[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }
}

const invalid = () => new Refusal('FAILURE', 'Invalid handle');
