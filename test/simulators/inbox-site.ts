import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { configSchema } from '../../src/config/schema.js';
import { Inbox } from '../../src/inbox/inbox.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { inboxConditions, inboxStatus } from '../../src/operate/inbox-status.js';
import { Spool } from '../../src/spool/commit.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { until } from '../peers/until.js';

export const PASSWORD = 'open sesame 1';

interface InboxSettings {
  /** Over a server on a free port with the user `nvr`. */
  ftp?: object;
  /** Over a folder that is watched. */
  folder?: object;
  more?: object;
  minFreeBytes?: number;
  /** Where it had its storage before. */
  dir?: string;
  /** @default the system's */
  clock?: Clock;
}

/** So many times as fast as the system's. */
export const hastyClock = (pace: number): Clock => ({
  ...systemClock,
  monotonic: () => pace * systemClock.monotonic(),
  sleep: (ms, signal) => systemClock.sleep(ms / pace, signal),
});

/** An inbox on the real clock, with a spool behind it, in a temporary place. */
export class InboxSite {
  readonly dir: string;
  readonly lines: string[] = [];
  readonly layout;
  readonly ledger: Ledger;
  readonly inbox: Inbox;
  readonly #stop = new AbortController();
  readonly #hasFtp: boolean;
  #running: Promise<void> | undefined;

  constructor(settings: InboxSettings = {}) {
    this.dir = settings.dir ?? mkdtempSync(join(tmpdir(), 'inbox-'));
    const { ftp, folder, more, clock = systemClock } = settings;
    const { inbox: config } = configSchema.parse({
      inbox: {
        settle: '300ms',
        patience: '1s',
        ...(ftp && { ftp: { listen: '127.0.0.1:0', users: { nvr: { password: PASSWORD } }, ...ftp } }),
        ...(folder && { folders: { nvr: { path: join(this.dir, 'watched'), originals: 'remove', ...folder } } }),
        ...more,
      },
    });
    mkdirSync(join(this.dir, 'watched'), { recursive: true });
    this.#hasFtp = ftp !== undefined;
    this.layout = spoolLayout(join(this.dir, 'storage'));
    createSpool(this.layout);
    this.ledger = new Ledger(this.layout.ledger);
    const log = createLog({ write: (line) => this.lines.push(line) });
    this.inbox = new Inbox({
      ...{ config: config!, timezone: 'UTC', folders: this.layout.inbox, ledger: this.ledger },
      shelf: new Spool(this.layout, 'home', this.ledger, ['far'], clock),
      ...{ minFreeBytes: settings.minFreeBytes ?? 0, clock, log },
    });
  }

  async start(): Promise<this> {
    this.#running = this.inbox.run(this.#stop.signal);
    const isOpen = () => (this.#hasFtp ? this.inbox.ftpAddress !== undefined : existsSync(this.layout.inbox.incoming));
    await until('the inbox is open', isOpen);
    return this;
  }

  get port(): number {
    return this.inbox.ftpAddress!.port;
  }

  /** What is in the spool, by name. */
  get stored(): Map<string, Buffer> {
    const names = readdirSync(this.layout.ready).sort();
    return new Map(names.map((name) => [name, readFileSync(join(this.layout.ready, name))]));
  }

  get setAside(): Buffer[] {
    return readdirSync(this.layout.quarantine).map((name) => readFileSync(join(this.layout.quarantine, name)));
  }

  get problems(): string[] {
    return inboxConditions(inboxStatus(this.ledger, Date.now(), this.inbox.doors)).map(({ text }) => text);
  }

  async halt(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.ledger.close();
  }

  async close(): Promise<void> {
    await this.halt();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
