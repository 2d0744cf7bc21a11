import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { writeFileDurably } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import type { Service } from '../../lib/service.js';
import { isUnset } from '../../lib/unset-clock.js';
import type { Picture } from './pictures.js';
import type { Watcher } from './plan.js';

export interface SnapshotOptions {
  camera: string;
  everyMs: number;
  /** Also once nothing has moved for this long, after something did. */
  calmMs?: number;
  /** Also when something begins to move. */
  onMotion?: boolean;
  watcher?: Pick<Watcher, 'follow'>;
  /** A folder on the spool's file system to write to before the hand-over. */
  work: string;
  /** The newest recorded picture. */
  latest(camera: string, signal: AbortSignal): Promise<Picture | undefined>;
  /** One from the camera itself, where nothing is recorded. */
  fromCamera?(signal: AbortSignal): Promise<Picture>;
  /** Hands a finished JPEG over to the spool. */
  commit(file: string, camera: string, at: number): Promise<void>;
  clock: Clock;
  log: Log;
}

/** Monotonic times: when a picture is due, and from when on it is of no use. */
interface Owed {
  at: number;
  until: number;
}

const RETRY_MS = 2_000;

/** A picture that is owed to motion is of no use much later. */
const USEFUL_MS = 60_000;

/**
 * A picture alike to the last byte so soon after is the same keyframe, which two wanted at once. Later it is one of a place in
 * which nothing changes, and kept.
 */
const SAME_MS = 30_000;

/** Keeps a picture of each camera at wall-clock multiples of the interval, one as soon as there is any, and those motion asks for. */
export class Snapshots implements Service {
  readonly name: string;
  readonly #options: SnapshotOptions;
  /** Pictures that motion asks for. */
  #calm: Owed | undefined;
  #motion: Owed | undefined;
  /** The newest one that was kept. */
  #kept: Picture | undefined;
  #wake = new AbortController();

  constructor(options: SnapshotOptions) {
    this.name = `snapshots ${options.camera}`;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, watcher } = this.#options;
    const leave = watcher?.follow(({ active }) => this.#moved(active));
    let everyAt = clock.monotonic();
    try {
      while (!signal.aborted) {
        const now = clock.monotonic();
        if (now >= everyAt) everyAt = now + (await this.#takeRegular(signal));
        await this.#takeOwed(signal);
        const dues = [everyAt, this.#calm?.at, this.#motion?.at].filter((due) => due !== undefined);
        await this.#sleep(Math.min(...dues) - clock.monotonic(), signal);
      }
    } finally {
      leave?.();
    }
  }

  #moved(active: boolean): void {
    const { clock, calmMs, onMotion } = this.#options;
    const owed = (at: number) => ({ at, until: at + USEFUL_MS });
    if (active && onMotion) this.#motion = owed(clock.monotonic());
    if (calmMs !== undefined) this.#calm = active ? undefined : owed(clock.monotonic() + calmMs);
    this.#wake.abort();
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    await this.#options.clock.sleep(Math.max(0, ms), AbortSignal.any([signal, this.#wake.signal]));
  }

  /** Returns how long until the next one is due. */
  async #takeRegular(signal: AbortSignal): Promise<number> {
    const { clock, everyMs, camera, latest } = this.#options;
    const isTaken = await this.#take(() => latest(camera, signal), signal);
    return isTaken ? everyMs - (clock.now() % everyMs) : RETRY_MS;
  }

  async #takeOwed(signal: AbortSignal): Promise<void> {
    const { clock, camera, latest, fromCamera } = this.#options;
    const newest = async () => (await latest(camera, signal)) ?? (await fromCamera?.(signal));
    const [motion, calm] = [this.#motion, this.#calm];
    const isDue = (owed: Owed | undefined) => owed !== undefined && owed.at <= clock.monotonic();
    if (!isDue(motion) && !isDue(calm)) return;
    const isTaken = await this.#take(newest, signal);
    const settle = (owed: Owed | undefined) => {
      const retryAt = clock.monotonic() + RETRY_MS;
      return !owed || !isDue(owed) ? owed : isTaken || retryAt > owed.until ? undefined : { ...owed, at: retryAt };
    };
    // What has begun to move meanwhile asks for one of its own.
    if (this.#motion === motion) this.#motion = settle(motion);
    if (this.#calm === calm) this.#calm = settle(calm);
  }

  async #take(find: () => Promise<Picture | undefined>, signal: AbortSignal): Promise<boolean> {
    const { camera, work, commit, log } = this.#options;
    try {
      const picture = await find();
      // By a clock that is not set yet it would be of 1970 for ever.
      if (!picture || isUnset(picture.at) || signal.aborted) return false;
      if (this.#isKept(picture)) return true;
      await mkdir(work, { recursive: true });
      const file = join(work, 'snapshot.jpg');
      await writeFileDurably(file, picture.jpeg);
      await commit(file, camera, picture.at);
      this.#kept = picture;
      return true;
    } catch (error) {
      if (!signal.aborted) log.warn({ camera, error: messageOf(error) }, 'no snapshot could be kept; tried again');
      return false;
    }
  }

  #isKept({ jpeg, at }: Picture): boolean {
    return this.#kept !== undefined && Math.abs(at - this.#kept.at) < SAME_MS && jpeg.equals(this.#kept.jpeg);
  }
}
