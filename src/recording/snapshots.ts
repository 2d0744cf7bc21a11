import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import type { Picture } from './pictures.js';

export interface SnapshotOptions {
  camera: string;
  everyMs: number;
  /** A folder on the spool's file system to write to before the hand-over. */
  work: string;
  latest(camera: string, signal: AbortSignal): Promise<Picture | undefined>;
  /** Hands a finished JPEG over to the spool. */
  commit(file: string, camera: string, at: number): Promise<void>;
  clock: Clock;
  log: Log;
}

const RETRY_MS = 2_000;

/** Keeps a picture of each camera at wall-clock multiples of the interval, and one as soon as there is any. */
export class Snapshots implements Service {
  readonly name: string;
  readonly #options: SnapshotOptions;

  constructor(options: SnapshotOptions) {
    this.name = `snapshots ${options.camera}`;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#options;
    while (!signal.aborted) {
      const taken = await this.#takeOnce(signal);
      await clock.sleep(taken ? everyMs - (clock.now() % everyMs) : RETRY_MS, signal);
    }
  }

  async #takeOnce(signal: AbortSignal): Promise<boolean> {
    const { camera, latest, work, commit, log } = this.#options;
    try {
      const picture = await latest(camera, signal);
      if (!picture || signal.aborted) return false;
      await mkdir(work, { recursive: true });
      const file = join(work, 'snapshot.jpg');
      await writeFileDurably(file, picture.jpeg);
      await commit(file, camera, picture.at);
      return true;
    } catch (error) {
      if (!signal.aborted) log.warn({ camera, error: messageOf(error) }, 'no snapshot could be kept; tried again');
      return false;
    }
  }
}
