/** One object as a store knows it. */
export interface StoredObject {
  key: string;
  /** Size in bytes. */
  bytes: number;
  /** When it became visible, UTC milliseconds. */
  modified: number;
}

/** What lies directly in a folder: objects, and the folders that hold further ones. Names are single path parts. */
export type ListedEntry =
  | { type: 'object'; name: string; bytes: number; modified: number }
  | { type: 'folder'; name: string };

/**
 * One object on its way in. Calls do not overlap. It ends with exactly one of `commit`, `publishPartial` and `discard`,
 * and until one of the first two resolves nothing of it is visible.
 */
export interface ObjectWriter {
  /** Appends; resolves when the store can take more, so awaiting it keeps memory flat. Rejects if the store cannot. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the whole object visible at its key, replacing any earlier one. Rejects, leaving the earlier one, if a write failed. */
  commit(): Promise<void>;
  /** Makes visible what the store accepted so far: what S3 shows after an interrupted Transfer upload. */
  publishPartial(): Promise<void>;
  /** Forgets the object; the key is as it was. Never rejects. */
  discard(): Promise<void>;
}

/** Reads the object that was there at `open`; once that was replaced, it goes on with the old one or rejects, never mixes. */
export interface ObjectReader {
  readonly bytes: number;
  /** At most `length` bytes from `offset`; fewer where convenient, none only at or after the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Where the endpoint keeps objects. One contract for all (`test/contract/object-store.ts` runs against every implementation):
 *
 * - Keys are relative, `/`-separated, without empty, `.` or `..` parts. Folders need not exist beforehand.
 * - An object appears at its key whole and at once. A crash leaves either the earlier object or the new one, never a half.
 * - Two writers of one key do not mix: the one that commits last stays.
 * - What was committed survives a power cut.
 * - Errors are `Failure`s; `no-space` and `permission-denied` are the codes a caller may tell apart, `key-invalid` a caller's fault.
 */
export interface ObjectStore {
  /** For people: `folder /srv/archive`. Never contains a secret. */
  readonly name: string;
  begin(key: string): Promise<ObjectWriter>;
  /** Makes an empty folder appear in listings (on S3 a 0-byte `folder/` object). */
  mark(folder: string): Promise<void>;
  /** Undefined when there is no such object; a folder is not an object. */
  head(key: string): Promise<StoredObject | undefined>;
  /** What lies directly in `folder` (`''` for the top), in no particular order; nothing if it does not exist. */
  list(folder: string): AsyncIterable<ListedEntry>;
  /** Undefined when there is no such object. */
  open(key: string): Promise<ObjectReader | undefined>;
  close(): Promise<void>;
}
