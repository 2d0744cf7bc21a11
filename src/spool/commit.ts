import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../lib/clock.js';
import { fsyncDirectory, renameDurably } from '../../lib/files.js';
import type { FileRow } from '../ledger/files.js';
import type { Ledger } from '../ledger/ledger.js';
import { ADOPTED, type Extension, fileName, type MediaKind, mediaKey, parseFileName } from '../segment.js';
import type { SpoolLayout } from './layout.js';

/** A finished file on its way into the spool. Times are UTC milliseconds. */
export interface Arrival {
  camera: string;
  kind: MediaKind;
  start: number;
  end: number;
  source: string;
  run?: string;
  seq?: number;
  codecs?: string[];
  width?: number;
  height?: number;
  /** The working file `file` was made from; deleted once the spool holds the result. */
  origin?: string;
  /** Of what was delivered: the format it is in, what it was called, and whether its time is that of its arrival. */
  extension?: Extension;
  original?: string;
  dated?: 'arrival';
  /** Which clock `start` and `end` are of, where that is not the clock as it is now; see `ClockSteps.era`. */
  era?: number;
}

/** The one door into the spool (invariants I2, I3). */
export class Spool {
  /** Told of each file that is from now on to be uploaded. */
  onReady: (() => void) | undefined;
  readonly layout: SpoolLayout;
  readonly #site: string;
  readonly #ledger: Ledger;
  readonly #remotes: readonly string[];
  readonly #clock: Clock;

  constructor(layout: SpoolLayout, site: string, ledger: Ledger, remotes: readonly string[], clock: Clock) {
    this.layout = layout;
    this.#site = site;
    this.#ledger = ledger;
    this.#remotes = remotes;
    this.#clock = clock;
  }

  /**
   * Moves a finished media file into the spool under a key of its own: intent row → fsync file → rename → fsync folder →
   * `ready` row with its deliveries. Killed anywhere in between, `recover` completes it or starts it over.
   * `file` must be on the spool's file system; it is read unless its size and SHA-256 (hex) are `known`. Returns the key.
   */
  async commitMedia(file: string, arrival: Arrival, known?: { bytes: number; sha256: string }): Promise<string> {
    const { bytes, sha256 } = known ?? (await digest(file));
    const { id, name, key } = this.#begin({ ...arrival, bytes, sha256 });
    await renameDurably(file, join(this.layout.ready, name));
    this.ready(id, arrival);
    if (arrival.origin && arrival.origin !== file) await rm(arrival.origin, { force: true });
    return key;
  }

  /**
   * Takes a media file that lies in the spool without a row into the ledger: the ledger was lost or restored from an
   * older copy. Its name says camera, time and kind.
   */
  async adopt(name: string, durationMs: number): Promise<void> {
    const parts = parseFileName(name)!;
    const { bytes, sha256 } = await digest(join(this.layout.ready, name));
    const { camera, kind, start } = parts;
    const key = mediaKey({ site: this.#site, ...parts });
    const row = { key, name, camera, kind, start, end: start + durationMs, bytes, sha256, source: ADOPTED };
    this.ready(this.#ledger.files.begin({ ...row, createdAt: this.#clock.now() }), row);
  }

  /**
   * Another object already has this file's key on a remote: the file gets the next free one (invariant I2). False where it has one
   * already: two remotes may find the key taken at once.
   */
  async rekey(file: FileRow): Promise<boolean> {
    if (file.kind === 'index') throw new Error(`the index shard ${file.key} exists on the remote with other content`);
    const { camera, kind, start } = file;
    const from = join(this.layout.ready, file.name);
    // Upwards only: the keys before are free in the ledger, and taken on the remote.
    const { copy: used = 1, extension } = parseFileName(file.name) ?? {};
    const moved = this.#ledger.transaction(() => {
      const now = this.#ledger.files.byId(file.id);
      if (now?.key !== file.key || now.state !== 'ready') return undefined;
      const free = this.#freeName({ camera, kind, start, extension }, used + 1);
      this.#ledger.files.rename(file.id, free.key, free.name, from);
      this.#ledger.deliveries.startOver(file.id);
      return free;
    });
    if (!moved) return false;
    await renameDurably(from, join(this.layout.ready, moved.name));
    this.ready(file.id);
    return true;
  }

  /** The file is in the spool: from now on it is footage, and owed to every remote. */
  ready(id: number, footage?: Pick<Arrival, 'camera' | 'kind' | 'start' | 'end' | 'era'>): void {
    this.#ledger.transaction(() => {
      this.#ledger.files.setState(id, 'ready');
      this.#ledger.deliveries.add(id, this.#remotes);
      if (!footage || footage.kind === 'snapshot') return;
      const { camera, start, end, era } = footage;
      this.#ledger.gaps.fill(camera, start, end, era);
      this.#ledger.offs.fill(camera, start, end, era);
    });
    this.onReady?.();
  }

  now(): number {
    return this.#clock.now();
  }

  /** Out of the waiting folder, once every remote holds a verified copy. */
  async moveToSent(name: string): Promise<void> {
    const sent = join(this.layout.sent, name);
    try {
      await rename(join(this.layout.ready, name), sent);
    } catch (error) {
      // A rescan and the uploader may both have seen that it is verified.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !existsSync(sent)) throw error;
    }
    await fsyncDirectory(this.layout.sent);
  }

  /** Back to those that wait: whether a remote holds it is not known any more. */
  async takeBack(name: string): Promise<void> {
    await renameDurably(join(this.layout.sent, name), join(this.layout.ready, name));
  }

  /** Puts a file nobody can make sense of where people find it. Never deletes. */
  async quarantine(file: string, name = basename(file)): Promise<string> {
    for (let copy = 1; ; copy++) {
      const target = join(this.layout.quarantine, `${this.#clock.now()}-${copy}-${name}`);
      if (existsSync(target)) continue;
      await rename(file, target);
      return target;
    }
  }

  #begin(arrival: Arrival & { bytes: number; sha256: string }): { id: number; name: string; key: string } {
    return this.#ledger.transaction(() => {
      const { name, key } = this.#freeName(arrival);
      const id = this.#ledger.files.begin({ ...arrival, key, name, createdAt: this.#clock.now() });
      return { id, name, key };
    });
  }

  #freeName(
    { camera, kind, start, extension }: Pick<Arrival, 'camera' | 'kind' | 'start' | 'extension'>,
    first = 1,
  ): { name: string; key: string } {
    for (let copy = first; ; copy++) {
      const parts = { site: this.#site, camera, kind, start, copy, extension };
      const [key, name] = [mediaKey(parts), fileName(parts)];
      // The disk is asked as well: a ledger restored from an older copy does not know all that lies there.
      const lies = [this.layout.ready, this.layout.sent].some((folder) => existsSync(join(folder, name)));
      if (!lies && !this.#ledger.files.keyTaken(key)) return { key, name };
    }
  }
}

/** Size and hex SHA-256 of a file, read once. */
export async function digest(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}
