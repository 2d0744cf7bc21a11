import { promisify } from 'node:util';
import ssh2 from 'ssh2';

export const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
export const PUT = OPEN_MODE.WRITE | OPEN_MODE.CREAT | OPEN_MODE.TRUNC;

/** One SFTP channel, request by request: each call is one packet, and an error status rejects with its `code`. */
export class RawSftp {
  constructor(readonly sftp: ssh2.SFTPWrapper) {}

  static async on(client: ssh2.Client): Promise<RawSftp> {
    return new RawSftp(
      await new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)))),
    );
  }

  open(path: string, flags = PUT): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      // The number is what goes over the wire; the types know only names of flags.
      this.sftp.open(path, flags as unknown as ssh2.OpenMode, (error, handle) =>
        error ? reject(error) : resolve(handle),
      );
    });
  }

  write(handle: Buffer, offset: number, data: string | Buffer): Promise<void> {
    const bytes = Buffer.from(data);
    return new Promise((resolve, reject) => {
      this.sftp.write(handle, bytes, 0, bytes.length, offset, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(handle: Buffer): Promise<void> {
    return promisify(this.sftp.close.bind(this.sftp))(handle);
  }

  async put(path: string, content: string | Buffer): Promise<void> {
    const handle = await this.open(path);
    await this.write(handle, 0, content);
    await this.close(handle);
  }

  stat(path: string): Promise<ssh2.Stats> {
    return promisify(this.sftp.stat.bind(this.sftp))(path);
  }

  openFolder(path: string): Promise<Buffer> {
    return promisify(this.sftp.opendir.bind(this.sftp))(path);
  }

  async list(path: string): Promise<string[]> {
    const entries = await promisify(this.sftp.readdir.bind(this.sftp) as ReadFolder)(path);
    return entries.map((entry) => entry.filename).sort();
  }

  realpath(path: string): Promise<string> {
    return promisify(this.sftp.realpath.bind(this.sftp))(path);
  }

  mkdir(path: string): Promise<void> {
    return promisify(this.sftp.mkdir.bind(this.sftp) as OnPath)(path);
  }

  unlink(path: string): Promise<void> {
    return promisify(this.sftp.unlink.bind(this.sftp))(path);
  }

  rmdir(path: string): Promise<void> {
    return promisify(this.sftp.rmdir.bind(this.sftp))(path);
  }

  rename(from: string, to: string): Promise<void> {
    return promisify(this.sftp.rename.bind(this.sftp))(from, to);
  }

  setTimes(path: string): Promise<void> {
    return promisify(this.sftp.utimes.bind(this.sftp))(path, 1, 1);
  }

  setTimesOpen(handle: Buffer): Promise<void> {
    return promisify(this.sftp.futimes.bind(this.sftp))(handle, 1, 1);
  }

  read(handle: Buffer, offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    return new Promise((resolve, reject) => {
      this.sftp.read(handle, buffer, 0, length, offset, (error, bytes) =>
        error ? reject(error) : resolve(buffer.subarray(0, bytes)),
      );
    });
  }
}

type OnPath = (path: string, done: (error?: Error | null) => void) => void;
type ReadFolder = (path: string, done: (error: Error | undefined, list: ssh2.FileEntryWithStats[]) => void) => void;
