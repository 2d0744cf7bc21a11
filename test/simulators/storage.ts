import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, type Log } from '../../lib/log.js';
import type { Machine } from '../../lib/machine.js';
import type { NewFile } from '../../src/ledger/files.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { fileName, type MediaKind, mediaKey } from '../../src/segment.js';
import { type Arrival, Spool } from '../../src/spool/commit.js';
import { createSpool, type SpoolLayout, spoolLayout } from '../../src/spool/layout.js';
import { FakeClock } from './fake-clock.js';

export const MINUTE = 60_000;
export const NOON = Date.UTC(2026, 4, 3, 12);

/** A storage folder with a ledger and an empty spool, in a temporary place. */
export class Storage {
  readonly root = mkdtempSync(join(tmpdir(), 'storage-'));
  readonly layout: SpoolLayout = spoolLayout(this.root);
  readonly clock = new FakeClock(NOON);
  readonly machine: Machine = { boot: 'this one', uptimeMs: () => this.clock.monotonic() };
  readonly lines: string[] = [];
  readonly log: Log = createLog({ write: (line) => this.lines.push(line) });
  ledger: Ledger;
  spool: Spool;

  constructor(readonly remotes: readonly string[] = ['far']) {
    createSpool(this.layout);
    this.ledger = new Ledger(this.layout.ledger);
    this.spool = this.#openSpool();
  }

  /** As a start after a crash finds it. */
  restart(): void {
    this.ledger.close();
    this.ledger = new Ledger(this.layout.ledger);
    this.spool = this.#openSpool();
  }

  #openSpool(): Spool {
    return new Spool(this.layout, 'home', this.ledger, this.remotes, this.clock);
  }

  /** A finished working file. */
  async working(name = 'work.sealed', content = `content of ${name}`): Promise<string> {
    const file = join(this.layout.work, name);
    await writeFile(file, content);
    return file;
  }

  /** Puts a minute of footage into the spool; resolves to its row. */
  async commit(more: Partial<Arrival> = {}, content?: string) {
    const arrival = { ...minute(more.start ?? NOON), ...more };
    const key = await this.spool.commitMedia(
      await this.working('work.sealed', content ?? `at ${arrival.start}`),
      arrival,
    );
    return this.ledger.files.byKey(key)!;
  }

  /** Delivers a file to every remote, as far as the ledger knows. */
  deliver(id: number, at = this.clock.now()): void {
    for (const remote of this.remotes) this.ledger.deliveries.verified(id, remote, at, 'stat');
    this.ledger.files.verified(id, at, undefined);
  }

  close(): void {
    this.ledger.close();
    rmSync(this.root, { recursive: true });
  }
}

export function minute(start: number, camera = 'gate'): Arrival {
  return { camera, kind: 'continuous', start, end: start + MINUTE, source: 'rtsp' };
}

/** A row for the ledger alone, of a file that exists nowhere. */
export function newFile(start: number, more: Partial<NewFile> & { kind?: MediaKind } = {}): NewFile {
  const { camera = 'gate', kind = 'continuous' } = more;
  const parts = { camera, kind, start };
  return {
    ...{ key: mediaKey({ site: 'home', ...parts }), name: fileName(parts), camera, kind, start, end: start + MINUTE },
    ...{ bytes: 1_000, sha256: 'ab'.repeat(32), source: 'rtsp', createdAt: start + MINUTE },
    ...more,
  };
}
