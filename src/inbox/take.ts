import { existsSync } from 'node:fs';
import { link, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { asideName, copyDurably } from '../../lib/files.js';
import { heldName, readHeldName } from '../../lib/held-names.js';
import type { Log } from '../../lib/log.js';
import { type Inspection, inspectMedia } from '../../lib/media/inspect.js';
import type { ArrivalRow } from '../ledger/arrivals.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Extension, MediaKind } from '../segment.js';
import type { Identifier } from './identify.js';

/** Where footage goes from here, and what is none. */
export interface Shelf {
  commitMedia(file: string, arrival: ShelfEntry): Promise<string>;
  /** Never deletes. Resolves to where the file is now. */
  quarantine(file: string, name: string): Promise<string>;
}

export interface ShelfEntry {
  camera: string;
  kind: MediaKind;
  start: number;
  end: number;
  source: 'inbox';
  extension: Extension;
  original: string;
  dated?: 'arrival';
  codecs?: string[];
  width?: number;
  height?: number;
}

/** A file that came through a door and is not written to any more, as far as the door can tell. */
export interface Offer {
  door: string;
  /** As it was delivered, below the door. */
  path: string;
  /** Where it lies. */
  file: string;
  bytes: number;
  modifiedAt: number;
  /** Its transfer is known to have broken off. */
  broken: boolean;
  /** Whether it may still grow, so that what is not whole is waited for. */
  mayGrow: boolean;
  originals: 'keep' | 'remove';
  identifier: Identifier;
}

/** `unfinished`: not whole yet; `changed`: it was written to after all. Both are offered again. */
export type Taken = 'stored' | 'set-aside' | 'unfinished' | 'changed';

/** What claims to be longer is wrong about itself; the ledger looks back a day for what reaches into a moment. */
const LONGEST_MS = 86_400_000;

/** Takes what was delivered into the spool as it is, or sets it aside where it is not whole. Never discards (invariant I5). */
export class Intake {
  readonly #shelf: Shelf;
  readonly #ledger: Ledger;
  readonly #incoming: string;
  readonly #clock: Clock;
  readonly #log: Log;

  /** `incoming`: a folder on the spool's file system, for copies. */
  constructor(shelf: Shelf, ledger: Ledger, incoming: string, clock: Clock, log: Log) {
    this.#shelf = shelf;
    this.#ledger = ledger;
    this.#incoming = incoming;
    this.#clock = clock;
    this.#log = log;
  }

  /** Rejects with the plain error of the file system; then the file is where it was, or held beside it. */
  async take(offer: Offer): Promise<Taken> {
    if (await this.#wasStored(offer)) return 'stored';
    const found = await inspect(offer);
    if (found.whole === false && offer.mayGrow) return 'unfinished';
    const claimed = await this.#claim(offer);
    if (claimed === undefined) return 'changed';
    const outcome =
      found.whole === false ? await this.#setAside(offer, claimed, found) : await this.#store(offer, claimed, found);
    if (claimed.isCopy && offer.originals === 'remove') await removeUnchanged(offer);
    return outcome;
  }

  /** A kill between the commit and its note must not store the same twice where the original stays. */
  async #wasStored(offer: Offer): Promise<boolean> {
    const key = this.#ledger.arrivals.unnoted(originalOf(offer), offer.bytes);
    if (key === undefined) return false;
    this.#note(offer, { outcome: 'stored', key, known: true });
    if (offer.originals === 'remove') await removeUnchanged(offer);
    return true;
  }

  /** Out of everybody's reach, on the spool's file system. Undefined if it was written to meanwhile. */
  async #claim(offer: Offer): Promise<Claimed | undefined> {
    const { file, originals } = offer;
    const isCopy = originals === 'keep' || !(await isSameDevice(file, this.#incoming));
    if (!isCopy && readHeldName(basename(file))) return { path: file, isCopy };
    const path = isCopy ? asideName(join(this.#incoming, 'copy')) : heldName(file, 'kept');
    if (isCopy) await copyDurably(file, path);
    else await rename(file, path);
    if (isUnchanged(offer, await stat(isCopy ? file : path)) && (await stat(path)).size === offer.bytes)
      return { path, isCopy };
    if (isCopy) await rm(path);
    // Back under its name, unless there is another file by now: then it is judged as it is.
    else
      await link(path, file).then(
        () => unlink(path),
        () => undefined,
      );
    return undefined;
  }

  async #store(offer: Offer, { path: file }: Claimed, found: Inspection): Promise<Taken> {
    const { codecs, width, height, format, durationMs = 0 } = found;
    const {
      camera,
      start,
      end: told,
      known,
      dated,
    } = offer.identifier.identify(offer.path, Math.round(offer.modifiedAt));
    const kind = format === 'jpg' ? 'snapshot' : 'inbox';
    const lengthMs = told === undefined ? durationMs : told - start;
    const end = kind === 'inbox' && lengthMs <= LONGEST_MS ? start + lengthMs : start;
    const key = await this.#shelf.commitMedia(file, {
      ...{ camera, kind, start, end, source: 'inbox', extension: format, original: originalOf(offer) },
      ...{ dated, codecs, width, height },
    });
    this.#note(offer, { outcome: 'stored', camera, key, known });
    const { door, path } = offer;
    if (known) this.#log.info({ door, path, key }, 'delivered file taken in');
    else this.#log.warn({ door, path, key }, 'no rule knows the name of a delivered file; stored by when it came');
    return 'stored';
  }

  async #setAside(offer: Offer, { path: file }: Claimed, { why }: Inspection): Promise<Taken> {
    const reason = why ?? 'it is not whole';
    const kept = await this.#shelf.quarantine(file, basename(offer.path));
    this.#note(offer, { outcome: 'set-aside', known: false, reason, kept });
    this.#log.error(
      { door: offer.door, path: offer.path, reason, kept },
      'a delivered file is not whole; set aside, not uploaded',
    );
    return 'set-aside';
  }

  #note(offer: Offer, row: Pick<ArrivalRow, 'outcome' | 'known' | 'camera' | 'key' | 'reason' | 'kept'>): void {
    const { door, path, bytes, modifiedAt } = offer;
    this.#ledger.arrivals.add({ door, path, bytes, modifiedAt, arrivedAt: this.#clock.now(), ...row });
  }
}

interface Claimed {
  path: string;
  isCopy: boolean;
}

async function inspect({ file, path, broken }: Offer): Promise<Inspection> {
  if (broken) return { format: 'bin', whole: false, why: 'its transfer broke off' };
  return inspectMedia(file, path);
}

/** The door's name, and the path below it. */
function originalOf({ door, path }: Offer): string {
  return `${door}/${path}`;
}

function isUnchanged({ bytes, modifiedAt }: Offer, found: { size: number; mtimeMs: number }): boolean {
  return found.size === bytes && found.mtimeMs === modifiedAt;
}

/** The original of what the spool now holds durably. */
async function removeUnchanged(offer: Offer): Promise<void> {
  if (existsSync(offer.file) && isUnchanged(offer, await stat(offer.file))) await unlink(offer.file);
}

async function isSameDevice(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)]);
  return one.dev === other.dev;
}
