import ssh2 from 'ssh2';
import type { EndpointBehaviour } from './behaviour.js';
import type { Violation } from './events.js';
import { absolutePath, keyOf } from './logical-path.js';
import type { ListedEntry, ObjectReader, ObjectStore } from './object-store.js';
import { denied, FOLDER_ATTRIBUTES, fileAttributes, noSuchFile, Refusal } from './replies.js';
import type { ObjectAction } from './session-policy.js';
import type { EndpointUser } from './users.js';

const { OPEN_MODE } = ssh2.utils.sftp;
const MODES = ['READ', 'WRITE', 'APPEND', 'CREAT', 'TRUNC', 'EXCL'] as const;

/** What an open asks for, once it is one that Transfer grants. */
export type Access = 'read' | 'write';

/** The store as one user may see and change it. Paths are the client's; everything refused is thrown as a `Refusal`. */
export class UserView {
  constructor(
    readonly store: ObjectStore,
    readonly user: EndpointUser,
    readonly behaviour: EndpointBehaviour,
    readonly violation: (violation: Violation, detail: string) => void,
  ) {}

  /** Beside the one folder that is mapped there is nothing, and nothing can be put. */
  key(path: string): string {
    const { root, entry } = this.user;
    if (!entry) return keyOf(root, path);
    const absolute = absolutePath(path);
    const top = `/${entry}`;
    if (absolute !== top && !absolute.startsWith(`${top}/`)) throw denied();
    return keyOf(root, absolute.slice(top.length));
  }

  #isTop(path: string): boolean {
    return this.user.entry !== undefined && absolutePath(path) === '/';
  }

  /**
   * Transfer over S3 grants plain reading and plain writing only (pkg/sftp#305, rclone#3776, SSH.NET#1215). Exclusive
   * creation is refused too: whether it works there is not documented.
   */
  access(path: string, flags: number): Access {
    const has = (bit: number) => (flags & bit) !== 0;
    const names = MODES.filter((name) => has(OPEN_MODE[name]));
    const unsupported = new Refusal('OP_UNSUPPORTED', `Cannot open file in mode: ${names.join(', ')}`);
    if (has(OPEN_MODE.APPEND)) {
      this.violation('append', path);
      throw unsupported;
    }
    if (has(OPEN_MODE.READ) && has(OPEN_MODE.WRITE)) {
      this.violation('read-write', path);
      throw unsupported;
    }
    if (has(OPEN_MODE.EXCL)) throw unsupported;
    if (has(OPEN_MODE.WRITE)) return 'write';
    if (has(OPEN_MODE.READ)) return 'read';
    throw unsupported;
  }

  /** The key for an upload: anything but the user's root itself, which is a folder even while it is empty. */
  uploadKey(path: string): string {
    const key = this.key(path);
    if (key === this.user.root) throw new Refusal('FAILURE', 'Is a directory');
    if (!this.#may('s3:PutObject', key)) throw denied();
    return key;
  }

  async open(path: string): Promise<ObjectReader> {
    const key = this.key(path);
    this.#mustSeeObjects(key);
    const reader = await this.store.open(key);
    if (!reader) throw noSuchFile();
    return reader;
  }

  async stat(path: string) {
    if (this.#isTop(path)) return FOLDER_ATTRIBUTES;
    const key = this.key(path);
    if (key === this.user.root) return FOLDER_ATTRIBUTES;
    if (this.#maySee(key)) {
      const found = await this.store.head(key);
      if (found) return fileAttributes(found.bytes, found.modified);
    }
    if (this.#mayList(key) && (await this.#isFolder(key))) return FOLDER_ATTRIBUTES;
    // Without permission to read, S3 says "denied" of what exists and of what does not.
    this.#mustSeeObjects(key);
    throw noSuchFile();
  }

  /** The entries of a folder, first page already there, so that a missing one is noticed at OPENDIR. */
  async list(path: string): Promise<AsyncIterator<ListedEntry>> {
    if (this.#isTop(path)) return only({ type: 'folder', name: this.user.entry! });
    const key = this.key(path);
    if (!this.#mayList(key)) throw denied();
    const entries = this.store.list(key)[Symbol.asyncIterator]();
    const first = await entries.next();
    if (first.done && key !== this.user.root && !(await this.#isMarked(key))) throw noSuchFile();
    return startingWith(first, entries);
  }

  async makeFolder(path: string): Promise<void> {
    const key = this.key(path);
    this.violation('mkdir', key);
    if (this.behaviour.mkdir === 'denied' || !this.#may('s3:PutObject', `${key}/`)) throw denied();
    if (this.behaviour.mkdir === 'marked' && key !== '') await this.store.mark(key);
  }

  setAttributes(what: string): void {
    this.violation('set-attributes', what);
    if (this.behaviour.setStat === 'ignored') return;
    if (this.behaviour.setStat === 'unsupported') throw new Refusal('OP_UNSUPPORTED', 'SETSTAT unsupported');
    throw new Refusal(
      'PERMISSION_DENIED',
      'This server does not support operations to modify file attributes (setstat/fsetstat)',
    );
  }

  /** Both modes are put-only. */
  forbid(violation: 'rename' | 'remove', detail: string): never {
    this.violation(violation, detail);
    throw denied();
  }

  #mustSeeObjects(key: string): void {
    if (!this.#maySee(key)) throw denied();
  }

  #maySee(key: string): boolean {
    return this.user.mode === 'verify' && this.#may('s3:GetObject', key);
  }

  /** Transfer lists with the folder's own prefix, which is what conditions in policies see. */
  #mayList(key: string): boolean {
    const byMode = this.user.mode === 'verify' || this.behaviour.dropboxListing;
    return byMode && (this.user.policy?.allowsListing(key === '' ? '' : `${key}/`) ?? true);
  }

  #may(action: ObjectAction, key: string): boolean {
    return this.user.policy?.allowsObject(action, key) ?? true;
  }

  async #isFolder(key: string): Promise<boolean> {
    const entries = this.store.list(key)[Symbol.asyncIterator]();
    const first = await entries.next();
    await entries.return?.();
    return !first.done || this.#isMarked(key);
  }

  /** Whether the folder, empty as it is, was made: the folder above shows it. */
  async #isMarked(key: string): Promise<boolean> {
    const cut = key.lastIndexOf('/');
    for await (const entry of this.store.list(key.slice(0, Math.max(0, cut)))) {
      if (entry.type === 'folder' && entry.name === key.slice(cut + 1)) return true;
    }
    return false;
  }
}

async function* only(entry: ListedEntry): AsyncGenerator<ListedEntry> {
  yield entry;
}

/** No generator: one that was never asked for anything does not close what it reads from when it is told to return. */
function startingWith(
  first: IteratorResult<ListedEntry>,
  rest: AsyncIterator<ListedEntry>,
): AsyncIterator<ListedEntry> {
  let ahead: IteratorResult<ListedEntry> | undefined = first;
  return {
    async next() {
      const next = ahead ?? (await rest.next());
      ahead = undefined;
      return next;
    },
    async return() {
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
}
