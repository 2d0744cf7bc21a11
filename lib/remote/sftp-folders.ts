import type { SFTPWrapper } from 'ssh2';
import { isNoSuchFile, isPermissionDenied } from './sftp-failures.js';
import type { Lane } from './sftp-lanes.js';

/** Makes the folders a path is in, only those missing, each once however many files wait for it. */
export class SftpFolders {
  readonly #making = new Map<string, Promise<void>>();

  /**
   * Makes the folders of a path while `ask` goes out behind that: a server that takes things in turn finds them there, and one way there
   * and back is spared. Otherwise `ask` is called again once they are made.
   */
  async makeFor<T>(path: string, channel: SFTPWrapper, lane: Lane, ask: () => Promise<T>): Promise<T> {
    const slash = path.lastIndexOf('/');
    const making = slash > 0 ? this.#make(path.slice(0, slash), channel, lane) : Promise.resolve();
    // What was asked for decides; only if that fails, it matters why.
    making.catch(() => undefined);
    try {
      return await ask();
    } catch (error) {
      if (!isNoSuchFile(error)) throw error;
    }
    await making;
    return ask();
  }

  async #make(folder: string, channel: SFTPWrapper, lane: Lane): Promise<void> {
    const underway = this.#making.get(folder);
    if (underway) {
      // Whoever makes it may give up; the file is then opened again and says what is missing.
      await lane.attempt.race(underway.catch(() => undefined));
      return;
    }
    const making = this.#makeUpwards(folder, channel, lane).finally(() => this.#making.delete(folder));
    this.#making.set(folder, making);
    await making;
  }

  /** From the deepest up: usually only the day's folder is new, and that is one request. */
  async #makeUpwards(folder: string, channel: SFTPWrapper, lane: Lane): Promise<void> {
    try {
      await this.#request(folder, channel, lane);
    } catch (error) {
      if (isPermissionDenied(error)) throw error;
      // Protocol version 3 has no "already exists"; OpenSSH says FAILURE. Opening the file decides.
      if (!isNoSuchFile(error)) return;
      await this.makeFor(folder, channel, lane, () => this.#request(folder, channel, lane));
    }
  }

  #request(folder: string, channel: SFTPWrapper, lane: Lane): Promise<void> {
    return lane.request<void>((done) => channel.mkdir(folder, done));
  }
}
