import { open, stat } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.js';

/** Who did what with footage. */
export interface AuditEvent {
  action: 'viewed' | 'exported' | 'erased';
  /** Who signed in, or `token NAME`, or `command USER` of the machine itself. */
  user: string;
  /** Where the request came from; commands have none. */
  address?: string;
  camera?: string;
  /** Of what was viewed. */
  key?: string;
  /** ISO 8601. */
  from?: string;
  to?: string;
  /** More, for people. */
  detail?: string;
}

/** A film is asked for in pieces; one line for all that somebody asks of it in this time. */
const SAME_VIEW_MS = 15 * 60_000;
/** So much of the end is read to tell of the last events. */
const TAIL = 262_144;

/** Append-only: one line of JSON for each event, in a file that only its owner reads. */
export class AuditLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #seen = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Durable once it resolves. Rejects with the error of the file system: what cannot be noted must not happen. */
  async note(event: AuditEvent): Promise<void> {
    if (event.action === 'viewed' && !this.#isNew(event)) return;
    const line = `${JSON.stringify({ at: new Date(this.#clock.now()).toISOString(), ...event })}\n`;
    const writing = this.#writing.catch(() => undefined).then(() => append(this.#path, line));
    this.#writing = writing;
    await writing;
  }

  /** Newest first, at most `limit`; a line that was cut off by a power cut is passed over. */
  async last(limit: number): Promise<({ at: string } & AuditEvent)[]> {
    const size = (await stat(this.#path).catch(() => undefined))?.size ?? 0;
    if (size === 0) return [];
    const handle = await open(this.#path);
    try {
      const bytes = Buffer.alloc(Math.min(size, TAIL));
      await handle.read(bytes, 0, bytes.length, size - bytes.length);
      const lines = bytes
        .toString('utf8')
        .split('\n')
        .slice(size > TAIL ? 1 : 0);
      return lines.flatMap(parsed).reverse().slice(0, limit);
    } finally {
      await handle.close();
    }
  }

  #isNew({ user, address, key }: AuditEvent): boolean {
    const now = this.#clock.monotonic();
    for (const [view, at] of this.#seen) {
      if (now - at < SAME_VIEW_MS) break;
      this.#seen.delete(view);
    }
    const view = JSON.stringify([user, address, key]);
    if (this.#seen.has(view)) return false;
    this.#seen.set(view, now);
    return true;
  }
}

async function append(path: string, line: string): Promise<void> {
  const handle = await open(path, 'a', 0o600);
  try {
    await handle.writeFile(line);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function parsed(line: string): ({ at: string } & AuditEvent)[] {
  try {
    return line === '' ? [] : [JSON.parse(line)];
  } catch {
    // Cut off.
    return [];
  }
}
