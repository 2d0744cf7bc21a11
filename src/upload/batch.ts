import { setMaxListeners } from 'node:events';
import { Backoff } from '../../lib/backoff.js';
import type { Clock } from '../../lib/clock.js';
import { Failure, isPermanent } from '../../lib/errors.js';
import type { Receipt, Remote } from '../../lib/remote/remote.js';
import type { Pace } from '../../lib/remote/throttle.js';
import { concernsOneFile } from './concern.js';
import { hasRoom, isNearlySent } from './room.js';

export interface BatchFile {
  path: string;
  key: string;
  bytes: number;
}

/** What becomes of each file: `started`, any number of `progress`, then one of the others. */
export type BatchEvent =
  | { type: 'started'; file: BatchFile }
  | { type: 'progress'; file: BatchFile; bytes: number }
  /** `lateMs`, where a put of it had failed before: so long the server may still publish the part of that one over the copy. */
  | { type: 'stored'; file: BatchFile; receipt: Receipt; lateMs: number }
  /** An object of the same size is there already; `compared`: and holds the same bytes. */
  | { type: 'skipped'; file: BatchFile; compared: boolean }
  | { type: 'failed'; file: BatchFile; error: unknown };

export interface BatchOptions {
  remote: Remote;
  files: readonly BatchFile[];
  /** Large files sent at once. */
  parallel: number;
  pace: Pace;
  clock: Clock;
  /** Whether the object at the key holds the file's bytes; undefined where the store does not tell. */
  isSame?: (file: BatchFile) => Promise<boolean | undefined>;
  onEvent: (event: BatchEvent) => void;
}

/** A file that fails for a passing reason is begun again so often. */
const TRIES = 4;

/**
 * Sends many files to one remote, once: those that are there already are left out, and nothing is ever overwritten with
 * something else (invariant I2). One file's failure stops no other. Resolves when each had its last event; rejects with the
 * failure that concerns all of them: a refused sign-in, a changed host key, a remote that stays away.
 */
export async function sendBatch(options: BatchOptions, signal: AbortSignal): Promise<void> {
  const { remote, files, parallel } = options;
  // Each file under way listens to it, several times.
  setMaxListeners(0, signal);
  const there = new Existing(remote);
  const sending = new Set<Sending>();
  let wake: () => void = () => undefined;
  let fatal: unknown;
  for (const file of files) {
    while (
      !hasRoom(
        [...sending].map(({ left }) => left),
        parallel,
      )
    ) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (fatal !== undefined || signal.aborted) break;
    const one: Sending = { left: file.bytes, done: Promise.resolve() };
    const onEvent = (event: BatchEvent) => {
      options.onEvent(event);
      if (event.type !== 'progress') return;
      one.left = file.bytes - event.bytes;
      if (isNearlySent(one.left)) wake();
    };
    sending.add(one);
    one.done = sendOne({ ...options, onEvent }, there, file, signal)
      .catch((error: unknown) => {
        fatal ??= error;
      })
      .finally(() => {
        sending.delete(one);
        wake();
      });
  }
  await Promise.all([...sending].map(({ done }) => done));
  if (fatal !== undefined) throw fatal;
}

interface Sending {
  /** Bytes that are not acknowledged. */
  left: number;
  done: Promise<void>;
}

async function sendOne(options: BatchOptions, there: Existing, file: BatchFile, signal: AbortSignal): Promise<void> {
  const { remote, pace, clock, onEvent } = options;
  const backoff = new Backoff(500, 8_000);
  onEvent({ type: 'started', file });
  let lateMs = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      const found = attempt === 1 ? await there.bytesOf(file.key, signal) : undefined;
      if (found !== undefined) return onEvent({ type: 'skipped', file, compared: await compare(options, file, found) });
      const progress = (bytes: number) => onEvent({ type: 'progress', file, bytes });
      const put = remote.put(file.key, file.path, signal, progress, pace);
      put.catch(() => {
        lateMs = remote.lateMs;
      });
      return onEvent({ type: 'stored', file, receipt: await put, lateMs });
    } catch (error) {
      if (isPermanent(error) || attempt >= TRIES || signal.aborted) {
        // No other file would fare better, and trying each would lock the account.
        if (!concernsOneFile(error)) throw error;
        return onEvent({ type: 'failed', file, error });
      }
      await clock.sleep(backoff.next(), signal);
    }
  }
}

/** Throws `key-taken` where the object is known to be another one; resolves to whether it is known to be the same. */
async function compare({ isSame }: BatchOptions, file: BatchFile, found: number): Promise<boolean> {
  const same = found === file.bytes ? await isSame?.(file) : false;
  if (same === false) throw taken(file, found);
  return same === true;
}

/** What lies in the folders that are written to: one listing for each, where a look-up of each file would take as long as sending it. */
class Existing {
  readonly #remote: Remote;
  readonly #folders = new Map<string, Promise<Map<string, number>>>();

  constructor(remote: Remote) {
    this.#remote = remote;
  }

  async bytesOf(key: string, signal: AbortSignal): Promise<number | undefined> {
    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    let listing = this.#folders.get(folder);
    if (!listing) {
      listing = this.#list(folder, signal);
      this.#folders.set(folder, listing);
      // Asked again by the next file if it fails.
      listing.catch(() => this.#folders.delete(folder));
    }
    try {
      return (await listing).get(key);
    } catch (error) {
      // HTTP knows no listing.
      if (!(error instanceof Failure && error.code === 'not-supported')) throw error;
      return this.#look(key, signal);
    }
  }

  async #look(key: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      return (await this.#remote.stat(key, signal))?.bytes;
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'permission-denied')) throw error;
      return undefined;
    }
  }

  async #list(folder: string, signal: AbortSignal): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    try {
      for await (const { key, bytes } of this.#remote.list(folder, signal)) found.set(key, bytes);
    } catch (error) {
      // Put-only sign-ins may not look; then versioning in the bucket keeps what was there.
      if (!(error instanceof Failure && error.code === 'permission-denied')) throw error;
    }
    return found;
  }
}

function taken(file: BatchFile, bytes: number): Failure {
  const how = bytes === file.bytes ? 'with other bytes' : `with ${bytes} bytes where ${file.path} has ${file.bytes}`;
  return new Failure(`${file.key} is there already, ${how}`, {
    kind: 'permanent',
    code: 'key-taken',
    hint: 'Nothing is overwritten. Move what lies there away if this one is right, or send this file to another place (--to PREFIX).',
  });
}
