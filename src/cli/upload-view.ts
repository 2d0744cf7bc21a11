import { Failure, messageOf } from '../../lib/errors.js';
import type { BatchEvent, BatchFile } from '../upload/batch.js';
import type { Context } from './context.js';
import type { Progress } from './progress.js';

/** How people and programs see an upload go on. */
export interface View {
  event: (event: BatchEvent) => void;
  close: () => void;
}

export async function lineView(
  context: Context,
  { quiet }: { quiet?: boolean },
  remote: string,
  files: readonly BatchFile[],
): Promise<View> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const progress: Progress | undefined = quiet
    ? undefined
    : new (await import('./progress.js')).Progress(context, files.length, bytes);
  const tell = (line: string) => (progress ? progress.say(line) : context.stderr.write(`${line}\n`));
  return {
    close: () => progress?.close(),
    event: (event) => {
      const { key, bytes: whole } = event.file;
      if (event.type === 'started') progress?.start(key, whole);
      else if (event.type === 'progress') progress?.advance(key, event.bytes);
      else {
        if (event.type === 'failed') tell(`${remote}: ${key} failed: ${reason(event.error)}`);
        progress?.end(key);
      }
    },
  };
}

/**
 * For programs, one object a line: `started` and the end of each file (`stored`, `skipped` or `failed`), and of each under way once a second
 * `progress`, with how much of everything is done.
 */
export function jsonView(
  context: Pick<Context, 'stdout' | 'clock'>,
  remote: string,
  files: readonly BatchFile[],
): View {
  const tell = (value: object) => context.stdout.write(`${JSON.stringify(value)}\n`);
  const told = new Map<string, number>();
  const under = new Map<string, number>();
  const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let over = 0;
  return {
    close: () => undefined,
    event: (event) => {
      const { key, bytes } = event.file;
      if (event.type === 'progress') {
        under.set(key, event.bytes);
        const now = context.clock.monotonic();
        if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return;
        told.set(key, now);
        const allDone = over + [...under.values()].reduce((sum, done) => sum + done, 0);
        tell({ event: 'progress', remote, key, bytes: event.bytes, of: bytes, allDone, allBytes });
        return;
      }
      if (event.type !== 'started') {
        told.delete(key);
        under.delete(key);
        over += bytes;
      }
      tell({ event: event.type, remote, ...more(event), key, bytes });
    },
  };
}

const TELL_MS = 1_000;

function more(event: BatchEvent): object {
  if (event.type === 'stored')
    return { ...event.receipt, ...(event.lateMs > 0 && { lookAgainInSeconds: Math.round(event.lateMs / 1_000) }) };
  if (event.type === 'skipped') return { compared: event.compared };
  if (event.type !== 'failed') return {};
  const { error } = event;
  return { error: reason(error), code: error instanceof Failure ? error.code : 'failed' };
}

function reason(error: unknown): string {
  const hint = error instanceof Failure && error.hint ? `. ${error.hint}` : '';
  return `${messageOf(error)}${hint}`;
}
