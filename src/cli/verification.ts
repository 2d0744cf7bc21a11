import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Failure, messageOf } from '../../lib/errors.js';
import type { ObjectReader } from '../../lib/objects/object-reader.js';
import { FolderMarker } from '../../lib/remote/folder-marker.js';
import type { Remote } from '../../lib/remote/remote.js';
import { archiveReader, remoteReader } from '../archive/reader.js';
import { type Expected, nothingYet, PENDING_MS, type Verified } from '../archive/verify/findings.js';
import { type Depth, lookCloser } from '../archive/verify/look-closer.js';
import { verifyArchive } from '../archive/verify/verify-archive.js';
import { verifyDamaged } from '../archive/verify/verify-damaged.js';
import { verifyDisk, verifyIndexListing, verifyListing } from '../archive/verify/verify-recorder.js';
import type { Config } from '../config/schema.js';
import { folderMemory } from '../ledger/folder-memory.js';
import type { Ledger } from '../ledger/ledger.js';
import { indexFolder } from '../segment.js';
import { spoolLayout } from '../spool/layout.js';
import { connectRemote } from '../upload/connect.js';
import type { PlaceOptions } from './archive-place.js';
import type { Context } from './context.js';
import { DeliveredFiles, keptSince } from './delivered-files.js';
import { usage } from './format.js';
import { hintOf, type NotLookedAt } from './not-looked-at.js';
import { ledgerPins } from './pins.js';
import { archiveWriters, type Repaired, repair } from './verify-repair.js';
import { report } from './verify-report.js';

export interface VerifyOptions extends PlaceOptions {
  /** Fingerprint of the recorder's key, as it was noted elsewhere. */
  key?: string[];
  day?: string[];
  camera?: string[];
  checksum?: boolean;
  /** 0 to 1. */
  download?: number;
  repair?: boolean;
}

/** One run of `verify`: each place that can be read, and what was found at all of them. */
export class Verification {
  readonly #context: Context;
  readonly #options: VerifyOptions;
  readonly #config: Config | undefined;
  readonly #ledger: Ledger | undefined;
  readonly #depth: Depth;
  readonly #delivered: DeliveredFiles;
  readonly #into: Verified = nothingYet();
  readonly #places = new Set<string>();
  readonly #notLookedAt: NotLookedAt[] = [];
  /** Which remotes write what is read at each place. */
  readonly #written = new Map<string, readonly string[]>();
  #repaired: Repaired | undefined;
  #unproven: { remote: string; files: number }[] = [];
  #toldAt = 0;

  constructor(context: Context, options: VerifyOptions, config?: Config, ledger?: Ledger) {
    this.#context = context;
    this.#options = options;
    this.#config = config;
    this.#ledger = ledger;
    this.#delivered = new DeliveredFiles(ledger, keptSince(config, context.clock.now()));
    this.#depth = { checksum: options.checksum ?? false, download: options.download ?? 0 };
  }

  async all(): Promise<void> {
    const { archive, remotes, storage, site } = this.#config!;
    if (this.#ledger) {
      this.#places.add('disk');
      const { ready, sent } = spoolLayout(storage.dir);
      await verifyDisk(this.#ledger, [ready, sent], this.#depth.checksum, (key) => this.#concerns(key), this.#into);
    }
    /** The remotes that fill the archive: nothing of them is counted twice. Where it may be one of several, each is looked at. */
    let same: readonly string[] = [];
    if (archive) {
      const reader = await archiveReader(archive);
      const { writers, certain } = await archiveWriters(this.#config!, reader.name);
      if (certain) same = writers;
      this.#written.set(reader.name, writers);
      await this.#attempt(reader.name, () => this.#readAndClose(reader, site, same));
    }
    for (const [name, remote] of Object.entries(remotes)) {
      await this.#remote(name, remote, same.includes(name));
      const files = this.#ledger?.deliveries.unprovenCount(name) ?? 0;
      if (files > 0) this.#unproven.push({ remote: name, files });
    }
  }

  /** `isShown`: the archive stands for it; not for one that can be read itself, and is another place. */
  async #remote(name: string, settings: Config['remotes'][string], isShown: boolean): Promise<void> {
    const reader = await remoteReader(settings);
    if (isShown && (!reader || this.#written.has(reader.name))) return reader?.close();
    if (reader) {
      this.#written.set(reader.name, [name]);
      return await this.#attempt(reader.name, () => this.#readAndClose(reader, this.#config!.site, [name]));
    }
    if ('verify' in settings && settings.verify === false)
      this.#notLookedAt.push({ where: name, reason: `remotes.${name}.verify is false`, meant: true });
    else
      await this.#attempt(
        name,
        () => this.#writable(name, settings),
        (error) => hintOf(error, name),
      );
  }

  /** One place that cannot be looked at keeps none of the others from it, and is no place where all is well. */
  async #attempt(where: string, look: () => Promise<void>, hinted = ({ hint }: Failure) => hint): Promise<void> {
    const before = new Set(this.#places);
    try {
      await look();
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const [name = where] = [...this.#places].filter((place) => !before.has(place));
      this.#places.delete(name);
      const hint = error instanceof Failure ? hinted(error) : undefined;
      this.#notLookedAt.push({ where: name, reason: messageOf(error), hint });
    }
  }

  async #readAndClose(reader: ObjectReader, site: string, of: readonly string[]): Promise<void> {
    try {
      await this.readable(reader, site, of);
    } finally {
      reader.close();
    }
  }

  /** A store that may be read, against its own index and what this recorder delivered: to any of these remotes, or to all where none is named. */
  async readable(reader: ObjectReader, site: string, of: readonly string[] = []): Promise<void> {
    const { clock, signal } = this.#context;
    this.#places.add(reader.name);
    if ((await reader.isThere?.()) === false) {
      const message = 'the folder is not there, and nothing in it was compared; is its disk mounted?';
      this.#into.findings.push({ kind: 'missing', where: reader.name, message });
      return;
    }
    for (const remote of of) await this.#checkFolder(remote);
    const { camera: cameras, day: days, key: signers } = this.#options;
    const depth = this.#depth;
    await verifyArchive(
      {
        ...{ reader, site, cameras, days, signers, depth, now: clock.now(), pendingMs: PENDING_MS, signal },
        delivered: (camera, day) => this.#delivered.media(of, camera, day),
        deliveredIndex: (camera, day) => this.#delivered.index(of, site, camera, day),
        deliveredOf: this.#ledger && this.#delivered.days(),
        pendingShards: (camera) => this.#delivered.pendingShards(camera),
        isKnown: (key) => this.#ledger?.files.byKey(key) !== undefined,
        onDay: (camera, day) => this.#tell(reader.name, camera, day),
      },
      this.#into,
    );
    const look = lookCloser(reader, { checksum: true, download: 0 }, Math.random);
    await verifyDamaged(reader.name, this.#damaged(of), ({ key }) => reader.stat(key), look, this.#into);
  }

  #damaged(of: readonly string[]): Expected[] {
    return this.#delivered.damaged(of).filter(({ key }) => this.#concerns(key));
  }

  /** Throws where another folder lies at its path than was written to: all would be missing there. */
  async #checkFolder(name: string): Promise<void> {
    const settings = this.#config?.remotes[name];
    if (settings?.type !== 'folder' || !this.#ledger) return;
    const memory = { ...folderMemory(this.#ledger, name, settings.path), known: () => undefined };
    await new FolderMarker(settings.path, memory).check(false);
  }

  /** Somewhere may be what nobody knows of. */
  get #isPartial(): boolean {
    return this.#notLookedAt.some(({ meant }) => !meant);
  }

  /** Neither footage, nor anything that tells of some. */
  get sawNothing(): boolean {
    if (this.#isPartial) return false;
    const { checked, findings, gaps, signers, unsigned, erased, young, beginnings } = this.#into;
    return checked + findings.length + gaps.length + signers.size + unsigned + erased + young + beginnings.length === 0;
  }

  /** Days that were asked for, and of which there is nothing, neither here nor at any place. */
  get nothingOn(): string[] {
    // Of a place that could not be looked at nobody knows.
    if (this.#isPartial || this.#into.findings.length > 0) return [];
    const { day: days = [], camera: cameras } = this.#options;
    return days.filter((day) => !this.#into.days.has(day) && !this.#delivered.tellsOf(day, cameras));
  }

  /** Throws a `Failure` `usage` where that is so of all of them: nothing was compared with anything. */
  requireAny(): void {
    const { day: days = [], camera: cameras = [] } = this.#options;
    if (days.length === 0 || this.nothingOn.length < days.length) return;
    const whose = cameras.length > 0 ? ` of ${cameras.join(', ')}` : '';
    const ledger = this.#ledger ? 'the ledger, ' : '';
    throw usage(
      `There is nothing${whose} on ${days.join(', ')}: ${ledger}${[...this.#places].join(', ')}`,
      'Days are those of UTC. Without --day all that there are are verified.',
    );
  }

  /** A store this recorder may only write to: names and sizes of what it delivered there. */
  async #writable(name: string, settings: Config['remotes'][string]): Promise<void> {
    const ledger = this.#ledger;
    if (!ledger) return;
    const { clock, signal } = this.#context;
    const config = this.#config!;
    const { pins, release } = await ledgerPins(config);
    const remote = await connectRemote(name, settings, pins, clock);
    this.#places.add(remote.name);
    this.#written.set(remote.name, [name]);
    if (this.#depth.checksum || this.#depth.download > 0) this.#into.unread.push(remote.name);
    try {
      for (const camera of this.#options.camera ?? ledger.cameras()) {
        for (const day of this.#options.day ?? this.#delivered.days('').days(camera)) {
          this.#tell(remote.name, camera, day);
          const folder = `${config.site}/${camera}/${day.replaceAll('-', '/')}/`;
          const isKnown = (key: string) => ledger.files.byKey(key) !== undefined;
          const delivered = this.#delivered.media([name], camera, day);
          const listing = (below: string, of: readonly Expected[]) => ({
            name: remote.name,
            list: () => (settings.type === 'https' ? oneByOne(remote, of, signal) : remote.list(below, signal)),
          });
          await verifyListing(listing(folder, delivered), folder, delivered, isKnown, this.#into);
          if (delivered.length > 0) this.#into.days.add(day);
          const [below, index] = [
            indexFolder(config.site, camera, day),
            this.#delivered.index([name], config.site, camera, day),
          ];
          await verifyIndexListing(listing(below, index), below, index, this.#into);
        }
      }
      const found = (file: Expected) => listed(remote, file, settings.type, signal);
      await verifyDamaged(remote.name, this.#damaged([name]), found, undefined, this.#into);
    } finally {
      await remote.close();
      release();
    }
  }

  /** What was found, mended as far as this disk can. */
  async repair(ledger: Ledger): Promise<void> {
    const { clock, signal } = this.#context;
    const written = (where: string) => this.#written.get(where) ?? [];
    this.#repaired = await repair({ config: this.#config!, ledger, clock, signal }, this.#into.findings, written);
  }

  #concerns(key: string): boolean {
    const { camera, day } = this.#options;
    const ofCamera = camera === undefined || camera.some((name) => key.includes(`/${name}/`));
    const ofDay = day === undefined || day.some((one) => key.includes(`/${one.replaceAll('-', '/')}/`));
    return ofCamera && ofDay;
  }

  #tell(place: string, camera: string, day: string): void {
    const { clock, stderr } = this.#context;
    const now = clock.monotonic();
    if (this.#options.quiet || this.#options.json || now - this.#toldAt < 1_000) return;
    this.#toldAt = now;
    stderr.write(`${place}: ${camera}, ${day} …\n`);
  }

  /** What came of it, for people or for programs. Resolves to the exit status. */
  report(): number {
    return report(this.#context, this.#options, {
      ...{ verified: this.#into, places: [...this.#places], notLookedAt: this.#notLookedAt },
      ...{ unproven: this.#unproven, repaired: this.#repaired, nothingOn: this.nothingOn },
      copyOf: (key) => this.#copyOf(key),
    });
  }

  /** Where this disk has a file that is lost or damaged elsewhere. */
  #copyOf(key: string): string | undefined {
    const file = this.#ledger?.files.byKey(key);
    if (file?.state !== 'ready' || !this.#config || this.#ledger?.damages.has(file.id)) return undefined;
    const { ready, sent } = spoolLayout(this.#config.storage.dir);
    return [sent, ready].map((folder) => join(folder, file.name)).find((one) => existsSync(one));
  }
}

/** What lies at its key. Who may only write may often list the folder, and not ask for one of it. */
async function listed(remote: Remote, file: Expected, type: string, signal: AbortSignal) {
  const found =
    type === 'https' ? oneByOne(remote, [file], signal) : remote.list(`${posix.dirname(file.key)}/`, signal);
  for await (const object of found) if (object.key === file.key) return object;
  return undefined;
}

/** HTTP knows no listing: each object is asked for by its name. */
async function* oneByOne(remote: Remote, expected: readonly Expected[], signal: AbortSignal) {
  for (const { key } of expected) {
    const found = await remote.stat(key, signal);
    if (found) yield found;
  }
}
