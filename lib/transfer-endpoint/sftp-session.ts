import type { SFTPWrapper } from 'ssh2';
import { Answering } from './answering.js';
import { Handles, type Open } from './handles.js';
import type { Link } from './link.js';
import { absolutePath } from './logical-path.js';
import type { ListedEntry } from './object-store.js';
import { end, FOLDER_ATTRIBUTES, fileAttributes, listedName, ok, type Reply } from './replies.js';
import { UploadingFile } from './uploading-file.js';
import type { UserView } from './user-view.js';

const READ_BYTES = 64 * 1024;
const NAMES_PER_REPLY = 100;

/** One SFTP channel: turns requests into what the user's view of the store allows. */
export class SftpSession {
  readonly #sftp: SFTPWrapper;
  readonly #view: UserView;
  readonly #link: Link;
  readonly #answering: Answering;
  readonly #handles = new Handles();
  #finished: Promise<void> | undefined;

  constructor(sftp: SFTPWrapper, view: UserView, link: Link) {
    this.#sftp = sftp;
    this.#view = view;
    this.#link = link;
    this.#answering = new Answering(sftp, link);
    this.#serveFiles(this.#answering);
    this.#servePaths(this.#answering);
    this.#serveChanges(this.#answering);
  }

  /** The client will ask nothing more: answers what it asked so far, then ends the channel. */
  async drain(): Promise<void> {
    await this.#answering.drained();
    await this.finish();
  }

  /** The client is gone, or has to go: nothing more is answered, and what it left open is published as it is. */
  finish(): Promise<void> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #finish(): Promise<void> {
    this.#answering.stop();
    await Promise.all([this.#answering.drained(), ...this.#handles.takeAll().map(release)]);
    this.#sftp.end();
  }

  #serveFiles(requests: Answering): void {
    requests.on('OPEN', (path: string, flags: number) => this.#open(path, flags));
    requests.on('WRITE', (handle: Buffer, offset: number, data: Buffer) => this.#write(handle, offset, data));
    requests.on('READ', (handle: Buffer, offset: number, length: number) => this.#read(handle, offset, length));
    requests.on('CLOSE', (handle: Buffer) => this.#close(handle));
    requests.on('FSTAT', async (handle: Buffer) => attributes(this.#attributesOf(this.#handles.any(handle))));
  }

  #servePaths(requests: Answering): void {
    const stat = async (path: string) => attributes(await this.#view.stat(path));
    requests.on('STAT', stat);
    requests.on('LSTAT', stat);
    requests.on('REALPATH', async (path: string): Promise<Reply> => {
      const name = { filename: absolutePath(path), longname: '', attrs: FOLDER_ATTRIBUTES };
      return (sftp, request) => sftp.name(request, [name]);
    });
    requests.on('OPENDIR', async (path: string) => {
      this.#handles.mayAdd();
      return this.#opened({ type: 'listing', entries: await this.#view.list(path) });
    });
    requests.on('READDIR', (handle: Buffer) => this.#readFolder(handle));
  }

  #serveChanges(requests: Answering): void {
    const setStat = async (what: string | Buffer) => {
      this.#view.setAttributes(typeof what === 'string' ? what : 'an open file');
      return ok;
    };
    requests.on('SETSTAT', setStat);
    requests.on('FSETSTAT', setStat);
    requests.on('MKDIR', async (path: string) => {
      await this.#view.makeFolder(path);
      return ok;
    });
    requests.on('RENAME', async (from: string, to: string) => this.#view.forbid('rename', `${from} to ${to}`));
    requests.on('REMOVE', async (path: string) => this.#view.forbid('remove', path));
    requests.on('RMDIR', async (path: string) => this.#view.forbid('remove', path));
  }

  async #open(path: string, flags: number): Promise<Reply | undefined> {
    this.#handles.mayAdd();
    if (this.#view.access(path, flags) === 'read') {
      return this.#opened({ type: 'download', reader: await this.#view.open(path) });
    }
    const key = this.#view.uploadKey(path);
    const writer = await this.#view.store.begin(key);
    const context = {
      user: this.#view.user.name,
      key,
      faults: this.#link.faults,
      stopping: this.#link.stopping,
      emit: this.#link.emit,
      violation: this.#view.violation,
      drop: this.#link.drop,
    };
    return this.#opened({ type: 'upload', file: new UploadingFile(writer, context) });
  }

  async #opened(open: Open): Promise<Reply | undefined> {
    if (this.#answering.over.aborted) {
      // The client left while the store was asked.
      await release(open);
      return undefined;
    }
    const handle = this.#handles.add(open);
    return (sftp, request) => sftp.handle(request, handle);
  }

  async #write(handle: Buffer, offset: number, data: Buffer): Promise<Reply | undefined> {
    if (this.#link.faults.current.ignoreWrites) return undefined;
    const { file } = this.#handles.get(handle, 'upload');
    const taken = this.#link.holding(data.length);
    try {
      await file.write(offset, data);
      return ok;
    } finally {
      taken();
    }
  }

  async #read(handle: Buffer, offset: number, length: number): Promise<Reply> {
    const { reader } = this.#handles.get(handle, 'download');
    const data = Buffer.from(await reader.read(offset, Math.min(length, READ_BYTES)));
    return data.length === 0 ? end : (sftp, request) => sftp.data(request, data);
  }

  async #close(handle: Buffer): Promise<Reply> {
    const open = this.#handles.take(handle);
    if (open.type !== 'upload') {
      await release(open);
      return ok;
    }
    await open.file.close();
    await this.#link.faults.lifted('holdClose', this.#answering.over);
    return ok;
  }

  async #readFolder(handle: Buffer): Promise<Reply> {
    const { entries } = this.#handles.get(handle, 'listing');
    const names: ListedEntry[] = [];
    while (names.length < NAMES_PER_REPLY) {
      const next = await entries.next();
      if (next.done) break;
      names.push(next.value);
    }
    return names.length === 0 ? end : (sftp, request) => sftp.name(request, names.map(listedName));
  }

  #attributesOf(open: Open) {
    if (open.type === 'listing') return FOLDER_ATTRIBUTES;
    return fileAttributes(open.type === 'upload' ? open.file.bytes : open.reader.bytes, this.#link.clock.now());
  }
}

function attributes(of: ReturnType<typeof fileAttributes>): Reply {
  return (sftp, request) => sftp.attrs(request, of);
}

/** Lets go of what a client left open. */
async function release(open: Open): Promise<void> {
  if (open.type === 'upload') await open.file.abandon();
  // Nobody waits for these any more, and nothing is lost with them.
  if (open.type === 'download') await open.reader.close().catch(() => undefined);
  if (open.type === 'listing') await open.entries.return?.().catch(() => undefined);
}
