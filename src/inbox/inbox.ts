import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { isAsideName } from '../../lib/files.js';
import type { Log } from '../../lib/log.js';
import { runAll, type Service } from '../../lib/service.js';
import type { Config } from '../config/schema.js';
import type { Ledger } from '../ledger/ledger.js';
import { Door } from './door.js';
import { FtpWayIn } from './ftp-way-in.js';
import { Identifier, type NameRules } from './identify.js';
import { Intake, type Shelf } from './take.js';

export interface InboxOptions {
  config: NonNullable<Config['inbox']>;
  /** The site's, where nothing else is said. */
  timezone: string;
  folders: {
    incoming: string;
    ftp: string;
    /** Nothing is taken in from these, wherever a folder's path leads. */
    offLimits: readonly string[];
  };
  shelf: Shelf;
  /** So much of the disk is left free: an FTP client is told that there is no room. */
  minFreeBytes: number;
  ledger: Ledger;
  clock: Clock;
  log: Log;
}

export interface DoorReport {
  name: string;
  waiting: number;
  unfinished: number;
  problem?: string;
}

/** The ways in for what recorders and cameras deliver: folders that are looked through, and a server for each user's. */
export class Inbox implements Service {
  readonly name = 'inbox';
  readonly #options: InboxOptions;
  readonly #intake: Intake;
  readonly #doors: readonly Door[];
  readonly #ftp: FtpWayIn | undefined;

  constructor(options: InboxOptions) {
    const { config, folders, shelf, ledger, clock, log } = options;
    this.#options = options;
    this.#intake = new Intake(shelf, ledger, folders.incoming, clock, log);
    const watched = Object.entries(config.folders).map(([name, folder]) =>
      this.#door(name, folder.path, folder, {
        originals: folder.originals,
        patienceMs: config.patience,
        watched: true,
        tidy: false,
      }),
    );
    const users = Object.entries(config.ftp?.users ?? {}).map(([name, user]) =>
      // Who sends says when it is all; names are only waited for.
      this.#door(`ftp:${name}`, join(folders.ftp, name), user, {
        ...{ originals: 'remove', patienceMs: 0, watched: false, tidy: true },
      }),
    );
    this.#doors = [...watched, ...users];
    this.#ftp = config.ftp && this.#wayIn(config.ftp);
  }

  /** Where the FTP server listens, once it does. */
  get ftpAddress(): { host: string; port: number } | undefined {
    return this.#ftp?.address;
  }

  get doors(): DoorReport[] {
    const doors = this.#doors.map((door) => ({ name: door.doorName, ...door.state }));
    const { problem } = this.#ftp ?? {};
    return [...doors, ...(problem ? [{ name: 'ftp', waiting: 0, unfinished: 0, problem }] : [])];
  }

  async run(signal: AbortSignal): Promise<void> {
    const { incoming } = this.#options.folders;
    await mkdir(incoming, { recursive: true });
    // Copies that a killed recorder left; their originals are where they were.
    for (const name of (await readdir(incoming)).filter(isAsideName)) await rm(join(incoming, name), { force: true });
    for (const user of Object.keys(this.#options.config.ftp?.users ?? {})) {
      await mkdir(join(this.#options.folders.ftp, user), { recursive: true, mode: 0o750 });
    }
    await this.#ftp?.recover();
    await runAll([...this.#doors, ...(this.#ftp ? [this.#ftp] : [])], signal);
  }

  #wayIn(config: NonNullable<InboxOptions['config']['ftp']>): FtpWayIn {
    const { folders, minFreeBytes, clock, log } = this.#options;
    const onStored = (user: string) => this.#doors.find((door) => door.doorName === `ftp:${user}`)?.poke();
    return new FtpWayIn({ config, root: folders.ftp, minFreeBytes, clock, log, onStored });
  }

  #door(
    name: string,
    root: string,
    rules: Omit<NameRules, 'timezone'> & { timezone?: string },
    ways: { originals: 'keep' | 'remove'; patienceMs: number; watched: boolean; tidy: boolean },
  ): Door {
    const { config, timezone, folders, ledger, clock, log } = this.#options;
    const labels = Object.entries(config.cameras).map(([camera, { label, timezone: zone }]) => ({
      ...{ camera, labels: label },
      ...(zone !== undefined && { timezone: zone }),
    }));
    const identifier = new Identifier({ ...rules, timezone: rules.timezone ?? timezone }, labels, config.catch_all);
    return new Door({
      ...{ name, root, offLimits: folders.offLimits, identifier, ...ways, settleMs: config.settle, clock, log },
      take: (offer) => this.#intake.take(offer),
      wasTaken: (path, bytes, modifiedAt) => ledger.arrivals.has(name, path, bytes, modifiedAt),
    });
  }
}
