import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { Failure, messageOf } from '../../../lib/errors.js';
import { openBelow } from '../../../lib/objects/below.js';
import type { OpenObject } from '../../../lib/objects/object-reader.js';
import { openRange } from '../../../lib/objects/open-range.js';
import type { ExportManifest } from './manifest.js';

export interface ExportOrder {
  site: string;
  camera: string;
  /** UTC ms; `end` is exclusive. */
  start: number;
  end: number;
  originals: boolean;
}

export interface ExportJob {
  id: string;
  state: 'waiting' | 'working' | 'done' | 'failed';
  /** Of what failed, for people. */
  reason?: string;
  manifest?: ExportManifest;
  /** What can be fetched. */
  files: string[];
}

const ID = /^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$/;

/** Exports that were ordered from the pages, one after another, each in a folder of its own; they stay until somebody removes them. */
export class ExportDesk {
  readonly #folder: string;
  readonly #make: (order: ExportOrder, directory: string, signal: AbortSignal) => Promise<ExportManifest>;
  /** Reading and hashing must not slow recording: one at a time. */
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #jobs = new Map<string, ExportJob>();

  constructor(
    folder: string,
    make: (order: ExportOrder, directory: string, signal: AbortSignal) => Promise<ExportManifest>,
  ) {
    this.#folder = folder;
    this.#make = make;
  }

  /** Resolves to its id once it is ordered. `now` names it. */
  async order(order: ExportOrder, now: number, signal: AbortSignal): Promise<ExportJob> {
    const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
    const id = `${stamp}-${randomBytes(4).toString('hex')}`;
    const directory = join(this.#folder, id);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const job: ExportJob = { id, state: 'waiting', files: [] };
    this.#jobs.set(id, job);
    void this.#queue.add(async () => {
      job.state = 'working';
      try {
        job.manifest = await this.#make(order, directory, signal);
        job.files = await filesOf(directory);
        job.state = 'done';
      } catch (error) {
        job.state = 'failed';
        job.reason = reasonOf(error);
      }
    });
    return job;
  }

  /** Newest first; also those of before the last start. */
  async list(): Promise<ExportJob[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => ID.test(name));
    const jobs = await Promise.all(
      names
        .sort()
        .reverse()
        .map((id) => this.job(id)),
    );
    return jobs.filter((job) => job !== undefined);
  }

  async job(id: string): Promise<ExportJob | undefined> {
    if (!ID.test(id)) return undefined;
    return this.#jobs.get(id) ?? (await kept(join(this.#folder, id), id));
  }

  /** A file of one that is done; nothing else, and nothing elsewhere. */
  async open(id: string, file: string): Promise<OpenObject | undefined> {
    const job = await this.job(id);
    if (job?.state !== 'done' || !job.files.includes(file)) return undefined;
    const handle = await openBelow(join(this.#folder, id), file);
    return handle && (await openRange(handle, undefined));
  }

  /** Resolves when nothing is being made any more. */
  idle(): Promise<void> {
    return this.#queue.onIdle();
  }
}

/** What an earlier process made; what it did not finish cannot be gone on with. */
async function kept(directory: string, id: string): Promise<ExportJob | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as ExportManifest;
    return { id, state: 'done', manifest, files: await filesOf(directory) };
  } catch {
    // No such folder, or no manifest, which is written last.
    const isThere = await readdir(directory).catch(() => undefined);
    return isThere && { id, state: 'failed', reason: 'It was cut short. Order it again.', files: [] };
  }
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
  return files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
}

/** What happened, and what to do about it. */
function reasonOf(error: unknown): string {
  const hint = error instanceof Failure ? error.hint : undefined;
  return hint ? `${messageOf(error).replace(/\.$/, '')}. ${hint}` : messageOf(error);
}
