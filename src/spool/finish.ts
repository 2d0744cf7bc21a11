import { existsSync } from 'node:fs';
import { readdir, rm, rmdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as afterCallbacks } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { seal } from '../../lib/ffmpeg/seal.js';
import type { Log } from '../../lib/log.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../lib/mp4/fragments.js';
import { type Sealed, sealFragments } from '../../lib/mp4/seal.js';
import type { Ledger } from '../ledger/ledger.js';
import { BACKFILLED } from '../segment.js';
import { digest, type Spool } from './commit.js';
import { completeCommit } from './recover.js';
import { salvagedStart } from './salvaged-start.js';

/** A closed or abandoned working file of a run, and when it was recorded (UTC ms; `end` unknown if it was cut off). */
export interface WorkingFile {
  camera: string;
  run: string;
  seq: number;
  file: string;
  start: number;
  end?: number;
  /** Which clock they are of; see `ClockSteps.era`. */
  era?: number;
  /** When it was written last, where nothing better says when it was recorded: `start` is then counted back from here. */
  writtenAt?: number;
  /** Fetched from the camera's own recordings: whether something moved then nobody noticed. */
  backfilled?: boolean;
}

const RETRY_MS = 10_000;

/** How much shorter than recorded a sealed file may be: frames at the end have no known duration. */
const TOLERANCE_MS = 2_000;

/** A file without a header that is smaller than this was cut off while its header was being written. */
const SMALLEST = 4_096;

/**
 * Seals working files and commits them to the spool, one at a time: at a full five minutes all cameras finish at once,
 * and sealing them together would take the disk and the processor from the recordings.
 */
export class Finisher {
  /** What a file of a camera, recorded from `start` to `end` (UTC ms), is kept as. */
  kindOf: (camera: string, start: number, end: number) => 'continuous' | 'motion' = () => 'continuous';
  /** When it was that a clock showed a time that was not set yet. */
  rightTime: (time: number) => number = (time) => time;
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Files waiting to be finished: nobody else may take them for abandoned. */
  readonly #known = new Set<string>();
  readonly #salvaging = new Set<Promise<void>>();
  /** Aborted to end the waits between attempts, and then replaced. */
  #tryAgain = new AbortController();
  readonly #spool: Spool;
  readonly #ledger: Ledger;
  readonly #ffmpeg: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #signal: AbortSignal;

  /** `signal` aborts sealing under way; the working files stay and are finished at the next start. */
  constructor(spool: Spool, ledger: Ledger, ffmpeg: string, clock: Clock, log: Log, signal: AbortSignal) {
    this.#spool = spool;
    this.#ledger = ledger;
    this.#ffmpeg = ffmpeg;
    this.#clock = clock;
    this.#log = log;
    this.#signal = signal;
  }

  /** Resolves when the file is in the spool, in quarantine, or left for the next start. Never rejects. */
  async finish(working: WorkingFile): Promise<void> {
    this.#known.add(working.file);
    // Waits between attempts are outside the queue: one file that cannot be saved holds up no other (invariant I7).
    while (!this.#signal.aborted && !(await this.#queue.add(() => this.#attempt(working)))) {
      await this.#clock.sleep(RETRY_MS, AbortSignal.any([this.#signal, this.#tryAgain.signal]));
    }
    this.#known.delete(working.file);
    // The disk takes files again: what waits for that need not wait longer.
    this.#endWaits();
  }

  #endWaits(): void {
    const waits = this.#tryAgain;
    this.#tryAgain = new AbortController();
    waits.abort();
  }

  /**
   * Finishes what a run left in its folder without a word: files cut off by SIGKILL or a power cut. When they were is
   * read from the files themselves (media time) and the run's anchor. Never rejects.
   */
  salvage(leftover: { camera: string; run: string; directory: string }): Promise<void> {
    const salvaging = this.#salvageOnce(leftover).finally(() => this.#salvaging.delete(salvaging));
    this.#salvaging.add(salvaging);
    return salvaging;
  }

  async #salvageOnce({ camera, run, directory }: { camera: string; run: string; directory: string }): Promise<void> {
    try {
      this.#dateAnchor(run);
      for (const name of (await readdir(directory)).sort()) {
        const file = join(directory, name);
        const seq = /^(\d+)\.(?:mp4|sealed)$/.exec(name)?.[1];
        if (this.#known.has(file.replace(/\.sealed$/, '.mp4'))) continue;
        if (seq === undefined || name.endsWith('.sealed')) await rm(file, { force: true });
        else
          await this.finish({ camera, run, seq: Number(seq), file, ...(await this.#timeOf(run, Number(seq), file)) });
      }
      await this.#queue.onIdle();
      await removeIfEmpty(directory);
    } catch (error) {
      this.#log.error(
        { camera, directory, error: messageOf(error) },
        'salvaging failed; tried again at the next start',
      );
    }
  }

  /** Of a run that was killed before the clock was set. */
  #dateAnchor(run: string): void {
    const { anchor, era = 0 } = this.#ledger.runs.get(run) ?? {};
    if (anchor === undefined) return;
    const right = this.rightTime(anchor);
    if (right !== anchor) this.#ledger.runs.anchor(run, right, era);
  }

  async #timeOf(run: string, seq: number, file: string): Promise<Pick<WorkingFile, 'start' | 'era' | 'writtenAt'>> {
    const mediaMs = (await firstMediaTime(file)) ?? 0;
    const known = salvagedStart(this.#ledger, run, seq, mediaMs);
    if (known) return known;
    // Killed within the first seconds. When the file was made says little: ffmpeg looks at a stream for up to five seconds
    // before it writes what it has. From then on it writes each group of pictures when it is whole.
    const writtenAt = this.rightTime((await stat(file)).mtimeMs);
    return { start: writtenAt, writtenAt };
  }

  /** Resolves when nothing is being finished at this moment. What waits for its next attempt gets that first. */
  async idle(): Promise<void> {
    this.#endWaits();
    await afterCallbacks();
    await Promise.all(this.#salvaging);
    await this.#queue.onIdle();
  }

  /** Whether the file is done with, one way or the other. Never rejects. */
  async #attempt(working: WorkingFile): Promise<boolean> {
    if (this.#signal.aborted) return true;
    try {
      await this.#finishOnce(working).catch((error: unknown) => this.#giveUp(working, error));
      return true;
    } catch (error) {
      if (this.#signal.aborted) return true;
      const { camera } = working;
      // A full or failing disk: the working file is safe where it is.
      this.#log.error({ camera, error: messageOf(error) }, `finishing failed, retry in ${RETRY_MS / 1000} s`);
      return false;
    }
  }

  async #finishOnce(working: WorkingFile): Promise<void> {
    if (await this.#isCommitted(working)) {
      await rm(working.file, { force: true });
      return;
    }
    const sealed = sealedName(working.file);
    try {
      const media = (await this.#seal(working, sealed)) ?? (await this.#sealWithFfmpeg(working, sealed));
      if (media) await this.#commit(working, sealed, media);
      else await rm(working.file, { force: true });
    } catch (error) {
      // On a full disk, half a copy would keep the recordings from the space it takes.
      await rm(sealed, { force: true });
      throw error;
    }
  }

  /** Undefined if the file is not as ffmpeg records it, or nothing in it is whole. */
  async #seal({ camera, file }: WorkingFile, sealed: string): Promise<Sealed | undefined> {
    try {
      return await sealFragments(file, sealed, this.#signal);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'media-unsupported')) throw error;
      this.#log.debug({ camera, file, error: messageOf(error) }, 'not a file we can seal ourselves');
      return undefined;
    }
  }

  /** ffmpeg knows more kinds of files, and needs three times the processor. Undefined if there is nothing to keep. */
  async #sealWithFfmpeg({ camera, file, end }: WorkingFile, sealed: string): Promise<Sealed | undefined> {
    const { headerEnd, count, wholeEnd } = await scanFragments(file);
    const { size } = await stat(file);
    if (count === 0) {
      if (end !== undefined || (headerEnd === 0 && size > SMALLEST)) {
        throw damaged(`${file} holds no whole group of pictures in ${size} bytes`);
      }
      // Nothing but a header: the run ended before its first group of pictures was whole. The gap says so.
      return undefined;
    }
    if (size > wholeEnd) await truncate(file, wholeEnd);
    this.#log.warn({ camera, file }, 'ffmpeg is asked to finish a file');
    await seal(this.#ffmpeg, file, sealed, this.#signal);
    const media = await describeMp4(sealed);
    if (!media) throw damaged(`sealing ${file} kept no video`);
    return { ...media, ...(await digest(sealed)) };
  }

  /** By an earlier recorder, or by an attempt that failed after its last step: a second commit would double the footage. */
  async #isCommitted({ run, seq }: WorkingFile): Promise<boolean> {
    const file = this.#ledger.files.byOrigin(run, seq);
    if (file?.state === 'committing') return await completeCommit(this.#spool, this.#ledger, file);
    return file !== undefined;
  }

  async #commit(working: WorkingFile, sealed: string, media: Sealed): Promise<void> {
    const recorded = (working.end ?? working.start) - working.start;
    if (media.durationMs < recorded - TOLERANCE_MS) {
      throw damaged(`sealing ${working.file} kept ${media.durationMs} of ${Math.round(recorded)} ms`);
    }
    const { camera, run, seq, file: origin, writtenAt, backfilled } = working;
    const { codecs, width, height } = media;
    const start = writtenAt === undefined ? working.start : Math.round(writtenAt - media.durationMs);
    const end = working.end ?? start + media.durationMs;
    const arrival = {
      camera,
      kind: backfilled ? 'continuous' : this.kindOf(camera, start, end),
      start,
      end,
      source: backfilled ? BACKFILLED : 'rtsp',
      run,
      seq,
      era: working.era,
      codecs,
      width,
      height,
      origin,
    } as const;
    const key = await this.#spool.commitMedia(sealed, arrival, media);
    this.#log.info({ camera, key }, 'segment finished');
  }

  /** For what no further attempt can mend: the file is set aside, and its time is a gap. Rethrows anything else. */
  async #giveUp({ camera, file, start, end, era }: WorkingFile, error: unknown): Promise<void> {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(file);
    const isDamaged = error instanceof Failure && error.code === 'media-damaged';
    if (this.#signal.aborted || !(isGone || isDamaged)) throw error;
    const kept = isGone ? undefined : await this.#spool.quarantine(file);
    const cause = isGone ? 'file-lost' : 'file-damaged';
    if (end !== undefined) this.#ledger.gaps.add(camera, start, end, cause, messageOf(error), era);
    this.#log.error({ camera, kept, error: messageOf(error) }, 'a recorded file could not be saved whole');
  }
}

function sealedName(working: string): string {
  return working.replace(/\.mp4$/, '.sealed');
}

function damaged(message: string): Failure {
  return new Failure(message, { kind: 'permanent', code: 'media-damaged' });
}

async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length === 0) await rmdir(directory);
}
