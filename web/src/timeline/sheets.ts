import { signal } from '@preact/signals';
import { spriteLayout } from '../../../src/browse/api.js';
import { sheetUrl } from '../api.js';
import { sleep } from '../clock.js';
import type { Clip } from '../player/plan.js';
import { session } from '../session.js';

/** A hand that sweeps over a day passes hundreds of files: only where it lingers is a sheet asked for. */
const LINGER_MS = 120;

const loaded = signal<ReadonlySet<string>>(new Set());
const failed = new Set<string>();

/** Whether the sheet of small pictures of a file is here already. */
export function hasSheet(clip: Clip | undefined): boolean {
  return clip !== undefined && loaded.value.has(clip.key);
}

/** Fetches the sheet of `clip`, until `signal` aborts: a browser asks one host for six things at once, and a film may be waiting. */
export async function wantSheet(clip: Clip, signal: AbortSignal): Promise<void> {
  if (!session.value?.capabilities.sprites || clip.frozen || hasSheet(clip) || failed.has(clip.key)) return;
  await sleep(LINGER_MS, signal);
  if (signal.aborted) return;
  const image = new Image();
  image.src = sheetUrl(clip.key);
  signal.addEventListener('abort', () => image.removeAttribute('src'), { once: true });
  try {
    await image.decode();
    loaded.value = new Set([...loaded.peek(), clip.key]);
  } catch {
    // A file that cannot be read has no small pictures; the page works without.
    if (!signal.aborted) failed.add(clip.key);
  }
}

/** How to show the small picture of `time`, `width` pixels wide, as the background of a box. */
export function pictureStyle(clip: Clip, time: number, width: number): Record<string, string> {
  const sheet = spriteLayout(clip);
  const scale = width / sheet.width;
  const index = Math.min(Math.max(Math.floor((time - clip.start) / sheet.stepMs), 0), sheet.count - 1);
  const [column, row] = [index % sheet.columns, Math.floor(index / sheet.columns)];
  return {
    width: `${width}px`,
    height: `${sheet.height * scale}px`,
    backgroundImage: `url("${sheetUrl(clip.key)}")`,
    backgroundSize: `${sheet.columns * sheet.width * scale}px auto`,
    backgroundPosition: `${-column * width}px ${-row * sheet.height * scale}px`,
  };
}
