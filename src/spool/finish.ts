import { readdir, rm, rmdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { seal } from '../../lib/ffmpeg/seal.js';
import type { Log } from '../../lib/log.js';
import { describeMp4 } from '../../lib/mp4/describe.js';
import { firstMediaTime, scanFragments } from '../../lib/mp4/fragments.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Spool } from './commit.js';

/** A closed or abandoned working file of a run, and when it was recorded (UTC ms; `end` unknown if it was cut off). */
export interface WorkingFile {
  camera: string;
  run: string;
  seq: number;
  file: string;
  start: number;
  end?: number;
}

const RETRY_MS = 10_000;

/** How much shorter than recorded a sealed file may be: frames at the end have no known duration. */
const TOLERANCE_MS = 2_000;

/**
 * Seals working files and commits them to the spool, one at a time: at a full five minutes all cameras finish at once,
 * and sealing them together would take the disk and the processor from the recordings.
 */
export class Finisher {
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Files waiting to be finished: nobody else may take them for abandoned. */
  readonly #known = new Set<string>();
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
    await this.#queue.add(() => this.#untilDone(working));
    this.#known.delete(working.file);
  }

  /**
   * Finishes what a run left in its folder without a word: files cut off by SIGKILL or a power cut. When they were is
   * read from the files themselves (media time) and the run's anchor. Never rejects.
   */
  async salvage({ camera, run, directory }: { camera: string; run: string; directory: string }): Promise<void> {
    try {
      for (const name of (await readdir(directory)).sort()) {
        const file = join(directory, name);
        const seq = /^(\d+)\.mp4$/.exec(name)?.[1];
        if (seq === undefined) await rm(file, { force: true });
        else if (!this.#known.has(file)) {
          await this.finish({ camera, run, seq: Number(seq), file, start: await this.#startOf(run, file) });
        }
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

  async #startOf(run: string, file: string): Promise<number> {
    const mediaMs = (await firstMediaTime(file)) ?? 0;
    const row = this.#ledger.runs.get(run);
    if (row?.anchor !== undefined) return row.anchor + mediaMs;
    // Killed within the first seconds: the file was created when the first frame came.
    const { birthtimeMs, mtimeMs } = await stat(file);
    return Math.round(Math.min(birthtimeMs || mtimeMs, mtimeMs));
  }

  /** Resolves when nothing is being finished any more. */
  idle(): Promise<void> {
    return this.#queue.onIdle();
  }

  async #untilDone(working: WorkingFile): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await this.#finishOnce(working);
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        if (error instanceof Failure && error.code === 'media-damaged') {
          await this.#giveUp(working, error);
          return;
        }
        // A full or failing disk: the working file is safe where it is.
        this.#log.error(
          { camera: working.camera, error: messageOf(error) },
          `finishing failed, retry in ${RETRY_MS / 1000} s`,
        );
        await this.#clock.sleep(RETRY_MS, this.#signal);
      }
    }
  }

  async #finishOnce(working: WorkingFile): Promise<void> {
    const done = this.#ledger.files.byOrigin(working.run, working.seq);
    if (done && done.state !== 'committing') {
      await rm(working.file, { force: true });
      return;
    }
    const { count, wholeEnd } = await scanFragments(working.file);
    if (count === 0) {
      // Nothing but a header: the run ended before its first group of pictures was whole. The gap says so.
      await rm(working.file, { force: true });
      return;
    }
    if ((await stat(working.file)).size > wholeEnd) await truncate(working.file, wholeEnd);
    const sealed = working.file.replace(/\.mp4$/, '.sealed');
    await seal(this.#ffmpeg, working.file, sealed, this.#signal);
    await this.#commit(working, sealed);
  }

  async #commit(working: WorkingFile, sealed: string): Promise<void> {
    const media = await describeMp4(sealed);
    const recorded = (working.end ?? working.start) - working.start;
    if (!media || media.durationMs < recorded - TOLERANCE_MS) {
      throw new Failure(`sealing ${working.file} kept ${media?.durationMs ?? 0} of ${Math.round(recorded)} ms`, {
        kind: 'permanent',
        code: 'media-damaged',
      });
    }
    const { camera, run, seq, start, file: origin } = working;
    const { codecs, width, height } = media;
    const end = working.end ?? start + media.durationMs;
    const key = await this.#spool.commitMedia(sealed, {
      ...{ camera, kind: 'continuous', start, end, source: 'rtsp', run, seq },
      ...{ codecs, width, height, origin },
    });
    this.#log.info({ camera, key }, 'segment finished');
  }

  async #giveUp(working: WorkingFile, error: Failure): Promise<void> {
    const kept = await this.#spool.quarantine(working.file);
    await rm(working.file.replace(/\.mp4$/, '.sealed'), { force: true });
    if (working.end) this.#ledger.gaps.add(working.camera, working.start, working.end, 'file-damaged', error.message);
    this.#log.error({ camera: working.camera, kept, error: error.message }, 'a recorded file could not be saved whole');
  }
}

async function removeIfEmpty(directory: string): Promise<void> {
  if ((await readdir(directory)).length === 0) await rmdir(directory);
}
