import { Failure } from '../../lib/errors.js';
import type { ArchiveSource, ByteRange, LocatedEntry, OpenMedia } from '../archive-source.js';
import { isMedia, type MediaEntry } from '../segment.js';
import { byStart, entryId } from './day.js';
import { cutAbsences, isAbsence } from './gap-cuts.js';
import { together } from './same-file.js';

type LocatedMedia = MediaEntry & { local?: boolean; uploaded?: boolean };

/** Told when one source failed and the others answered without it. */
export type OnSourceProblem = (problem: { source: 'local' | 'archive'; error: unknown }) => void;

/**
 * The recorder's own footage first, and the archive for what the recorder no longer has. Where one of the two fails the other
 * still answers; when both do, the first error is thrown.
 */
export class MergedArchive implements ArchiveSource {
  readonly #local: ArchiveSource;
  readonly #archive: ArchiveSource;
  readonly #onProblem: OnSourceProblem;
  /** Keys that were asked for of which the recorder's own copy is not the file: it was damaged before the ledger was lost. */
  readonly #overruled = new Set<string>();

  constructor(local: ArchiveSource, archive: ArchiveSource, onProblem: OnSourceProblem) {
    this.#local = local;
    this.#archive = archive;
    this.#onProblem = onProblem;
  }

  async cameras(): Promise<string[]> {
    return union(await this.#both((source) => source.cameras()));
  }

  async days(camera: string, month?: string): Promise<string[]> {
    return union(await this.#both((source) => source.days(camera, month)));
  }

  async periods(camera: string, year?: string): Promise<string[]> {
    return union(await this.#both((source) => source.periods(camera, year)));
  }

  async entries(camera: string, day: string): Promise<LocatedEntry[]> {
    const [local, archived] = await this.#both((source) => source.entries(camera, day));
    const media = mergeMedia(local.filter(isMedia), archived.filter(isMedia));
    const own = new Map(local.filter(isMedia).map(({ key, sha256 }) => [key, sha256]));
    for (const { key, sha256 } of media) if ((own.get(key) ?? sha256) !== sha256) this.#overruled.add(key);
    // Both tell of the same gaps, the archive cuts them at midnight: what the recorder says comes first.
    const absences = cutAbsences([...local.filter(isAbsence), ...archived.filter(isAbsence)], media);
    const steps = new Map(
      [...archived, ...local].flatMap((entry) => (entry.type === 'clock' ? [[entryId(entry), entry]] : [])),
    );
    return [...media, ...absences, ...steps.values()].sort(byStart);
  }

  async open(key: string, range?: Partial<ByteRange>): Promise<OpenMedia | undefined> {
    if (this.#overruled.has(key)) return await this.#archive.open(key, range);
    let first: unknown;
    try {
      const found = await this.#local.open(key, range);
      if (found) return found;
    } catch (error) {
      // The file is there and the range is not: the archive has no other answer.
      if (error instanceof Failure && error.code === 'range-not-satisfiable') throw error;
      first = error;
      this.#onProblem({ source: 'local', error });
    }
    const found = await this.#archive.open(key, range);
    if (!found && first) throw first;
    return found;
  }

  /** What lies on this recorder comes from here. */
  async link(key: string): Promise<string | undefined> {
    if (this.#overruled.has(key)) return await this.#archive.link?.(key);
    const local = await this.#local.open(key, { start: 0, end: 0 }).catch(() => undefined);
    local?.stream.destroy();
    return local ? undefined : await this.#archive.link?.(key);
  }

  async frozen(camera: string, day: string): Promise<ReadonlyMap<string, string>> {
    return (await this.#archive.frozen?.(camera, day)) ?? new Map();
  }

  async #both<T>(ask: (source: ArchiveSource) => Promise<T[]>): Promise<[T[], T[]]> {
    const [local, archive] = await Promise.allSettled([ask(this.#local), ask(this.#archive)]);
    if (local.status === 'rejected' && archive.status === 'rejected') throw local.reason;
    return [this.#answer('local', local), this.#answer('archive', archive)];
  }

  #answer<T>(source: 'local' | 'archive', result: PromiseSettledResult<T[]>): T[] {
    if (result.status === 'fulfilled') return result.value;
    this.#onProblem({ source, error: result.reason });
    return [];
  }
}

function union([local, archived]: [string[], string[]]): string[] {
  return [...new Set([...local, ...archived])].sort();
}

function mergeMedia(local: readonly LocatedMedia[], archived: readonly LocatedMedia[]): LocatedMedia[] {
  const byKey = new Map(archived.map((entry) => [entry.key, entry]));
  for (const entry of local) {
    const other = byKey.get(entry.key);
    const both = together(other, entry);
    // The recorder's own copy is not this file.
    if (both.sha256 !== entry.sha256) continue;
    byKey.set(entry.key, {
      ...both,
      local: entry.local ?? true,
      uploaded: Boolean(entry.uploaded || (other?.uploaded && other.sha256 === entry.sha256)),
    });
  }
  return [...byKey.values()];
}
