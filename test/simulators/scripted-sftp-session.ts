import type { Socket } from 'node:net';
import ssh2, { type SFTPWrapper } from 'ssh2';
import type { Answer, Request, ScriptedSftpServer } from './scripted-sftp-server.js';
import { offerLimits } from './sftp-limits-offer.js';

const { OK, EOF, NO_SUCH_FILE, FAILURE, OP_UNSUPPORTED } = ssh2.utils.sftp.STATUS_CODE;

interface Handle {
  path: string;
  data: Buffer[];
  bytes: number;
  listed?: boolean;
}

/** One SFTP channel of the scripted server. Requests are answered in the order they came. */
export class ScriptedSession {
  readonly #server: ScriptedSftpServer;
  readonly #sftp: SFTPWrapper;
  readonly #socket: Socket;
  readonly #handles = new Map<number, Handle>();
  #opened = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(server: ScriptedSftpServer, sftp: SFTPWrapper, socket: Socket) {
    this.#server = server;
    this.#sftp = sftp;
    this.#socket = socket;
    const { limits } = server.script;
    if (limits) offerLimits(sftp, limits, () => server.note({ type: 'other', path: 'EXTENDED' }));
    sftp.on('OPEN', (id, path, flags) => this.#open(id, path, flags));
    sftp.on('WRITE', (id, handle, offset, data) => this.#write(id, handle, offset, Buffer.from(data)));
    sftp.on('CLOSE', (id, handle) => this.#close(id, handle));
    sftp.on('STAT', (id, path) => this.#stat(id, path));
    sftp.on('OPENDIR', (id, path) => this.#openFolder(id, path));
    sftp.on('READDIR', (id, handle) => this.#readFolder(id, handle));
    sftp.on('MKDIR', (id, path) => this.#mkdir(id, path));
    // Whatever an upload must not ask for is written down, and refused as Transfer Family does.
    for (const event of ['SETSTAT', 'FSETSTAT', 'RENAME', 'READ', 'REMOVE', 'FSTAT', 'REALPATH', 'LSTAT']) {
      sftp.on(event as 'LSTAT', (id) => {
        this.#request(
          id,
          { type: 'other', path: event },
          () => undefined,
          () => this.#say(id, OP_UNSUPPORTED),
        );
      });
    }
  }

  get #script() {
    return this.#server.script;
  }

  #request(id: number, request: Request, ask: () => Answer | Promise<Answer> | undefined, honest: () => void): void {
    this.#server.note(request);
    this.#last = this.#last.then(async () => {
      const answer = (await ask()) ?? 'honest';
      if (answer === 'honest') honest();
      else if (answer === 'reset') this.#socket.resetAndDestroy();
      else if (answer !== 'silence') this.#say(id, answer.status, answer.message);
    });
  }

  #say(id: number, status: number, message?: string): void {
    this.#sftp.status(id, status, message);
  }

  #open(id: number, path: string, flags: number): void {
    const honest = () => {
      if (this.#script.needsFolders && !this.#hasFolderOf(path)) this.#say(id, NO_SUCH_FILE);
      else this.#handOut(id, path);
    };
    this.#request(id, { type: 'open', path, flags }, () => this.#script.open?.(path), honest);
  }

  #write(id: number, handle: Buffer, offset: number, data: Buffer): void {
    const file = this.#handles.get(handle.readUInt32BE(0))!;
    const { path } = file;
    const honest = () => {
      file.data.push(data);
      file.bytes += data.length;
      this.#say(id, OK);
    };
    this.#request(
      id,
      { type: 'write', path, offset, bytes: data.length },
      () => this.#script.write?.(path, offset, data.length),
      honest,
    );
  }

  #close(id: number, handle: Buffer): void {
    const file = this.#handles.get(handle.readUInt32BE(0))!;
    if (file.listed) {
      this.#say(id, OK);
      return;
    }
    const { path } = file;
    const honest = () => {
      const all = Buffer.concat(file.data);
      const kept = this.#script.kept?.(path, all.length) ?? all.length;
      if (kept >= 0) this.#server.files.set(path, all.subarray(0, kept));
      this.#say(id, OK);
    };
    this.#request(id, { type: 'close', path }, () => this.#script.close?.(path), honest);
  }

  #stat(id: number, path: string): void {
    const honest = () => {
      const file = this.#server.files.get(path);
      if (file) this.#sftp.attrs(id, attributes(file.length));
      else this.#say(id, NO_SUCH_FILE);
    };
    this.#request(id, { type: 'stat', path }, () => this.#script.stat?.(path), honest);
  }

  #openFolder(id: number, path: string): void {
    this.#request(
      id,
      { type: 'list', path },
      () => this.#script.list?.(path),
      () => this.#handOut(id, path),
    );
  }

  #readFolder(id: number, handle: Buffer): void {
    const folder = this.#handles.get(handle.readUInt32BE(0))!;
    if (folder.listed) {
      this.#say(id, EOF);
      return;
    }
    folder.listed = true;
    const prefix = folder.path === '.' ? '' : `${folder.path}/`;
    const names = [...this.#server.files]
      .map(([key, data]) => ({ filename: key.slice(prefix.length), inside: key.startsWith(prefix), size: data.length }))
      .filter(({ filename, inside }) => inside && !filename.includes('/'));
    this.#sftp.name(
      id,
      names.map(({ filename, size }) => ({
        filename,
        longname: `-rw-r--r-- 1 owner group ${size} Jan 1 2026 ${filename}`,
        attrs: attributes(size),
      })),
    );
  }

  #mkdir(id: number, path: string): void {
    const honest = () => {
      if (!this.#hasFolderOf(path)) return this.#say(id, NO_SUCH_FILE);
      if (this.#server.folders.has(path)) return this.#say(id, FAILURE);
      this.#server.folders.add(path);
      this.#say(id, OK);
    };
    this.#request(id, { type: 'mkdir', path }, () => this.#script.mkdir?.(path), honest);
  }

  #hasFolderOf(path: string): boolean {
    const slash = path.lastIndexOf('/');
    return slash < 1 || this.#server.folders.has(path.slice(0, slash));
  }

  #handOut(id: number, path: string): void {
    this.#opened += 1;
    this.#handles.set(this.#opened, { path, data: [], bytes: 0 });
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(this.#opened);
    this.#sftp.handle(id, handle);
  }
}

function attributes(size: number) {
  return { mode: 0o100644, uid: 0, gid: 0, size, atime: 0, mtime: 0 };
}
