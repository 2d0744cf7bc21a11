import { signal } from '@preact/signals';
import { spriteLayout } from '../../../src/browse/api.js';
import { sheetUrl, smallPictureUrl } from '../api.js';
import { sleep } from '../clock.js';
import type { Clip } from '../player/plan.js';
import { learnProblem, problemOf } from '../problems.js';
import { session } from '../session.js';

/**
 * A hand that sweeps over a day passes hundreds of files: only where it lingers is anything asked for, one picture first, and then
 * the sheet of the whole file, which from far away takes several times as long.
 */
const [PICTURE_LINGER_MS, SHEET_LINGER_MS] = [50, 120];

/** Keys of clips whose sheet is here, and which pictures of a clip are. */
const sheets = signal<ReadonlySet<string>>(new Set());
const pictures = signal<ReadonlyMap<string, readonly number[]>>(new Map());
/** Addresses of pictures that could not be made. */
const failed = signal<ReadonlySet<string>>(new Set());

/** Whether the sheet of small pictures of a file is here already. */
export function hasSheet(clip: Clip | undefined): boolean {
  return clip !== undefined && sheets.value.has(clip.key);
}

/** Whether small pictures of a file can be had. */
export function mayShow(clip: Clip | undefined): boolean {
  return (
    clip !== undefined &&
    session.value?.capabilities.sprites === true &&
    !clip.frozen &&
    !failed.value.has(sheetUrl(clip.key))
  );
}

/** Why the picture of `time` was asked for and is not there; undefined while it is, or may still come. */
export function unreadable(clip: Clip | undefined, time: number): string | undefined {
  if (!clip || !failed.value.has(smallPictureUrl(clip.key, pictureAt(clip, time)))) return undefined;
  return problemOf(clip.key)?.message ?? 'No picture can be made of this file: it is damaged.';
}

/** Which picture of its sheet shows `time`. */
export function pictureAt(clip: Clip, time: number): number {
  const { stepMs, count } = spriteLayout(clip);
  return Math.min(Math.max(Math.floor((time - clip.start) / stepMs), 0), count - 1);
}

/** Fetches the sheet of `clip`, until `signal` aborts: a browser asks one host for six things at once, and a film may be waiting. */
export async function wantSheet(clip: Clip, signal: AbortSignal): Promise<void> {
  if (hasSheet(clip)) return;
  const isHere = await load(clip, sheetUrl(clip.key), SHEET_LINGER_MS, signal);
  if (isHere) sheets.value = new Set([...sheets.peek(), clip.key]);
}

/** Fetches the one picture of `clip` that shows `time`, where it is not here in any form; until `signal` aborts. */
export async function wantPicture(clip: Clip, time: number, signal: AbortSignal): Promise<void> {
  const index = pictureAt(clip, time);
  if (hasSheet(clip) || pictures.peek().get(clip.key)?.includes(index)) return;
  const isHere = await load(clip, smallPictureUrl(clip.key, index), PICTURE_LINGER_MS, signal);
  if (isHere)
    pictures.value = new Map(pictures.peek()).set(clip.key, [...(pictures.peek().get(clip.key) ?? []), index]);
}

async function load(clip: Clip, address: string, lingerMs: number, signal: AbortSignal): Promise<boolean> {
  if (!session.value?.capabilities.sprites || clip.frozen || failed.peek().has(address)) return false;
  await sleep(lingerMs, signal);
  if (signal.aborted) return false;
  const image = new Image();
  image.src = address;
  signal.addEventListener('abort', () => image.removeAttribute('src'), { once: true });
  try {
    await image.decode();
    return true;
  } catch {
    // A file that cannot be read has no small pictures; the page works without, and says why.
    if (!signal.aborted) await learnFault(clip, address, signal);
    return false;
  }
}

/** Where nobody can tell, such as while the recorder does not answer, the picture is asked for anew the next time. */
async function learnFault(clip: Clip, address: string, signal: AbortSignal): Promise<void> {
  try {
    await learnProblem(clip.key, signal);
    failed.value = new Set([...failed.peek(), address]);
  } catch {
    // Nothing is known of the file.
  }
}

/**
 * How to show the small picture of `time`, `width` pixels wide, as the background of a box; until it is here, the nearest one of the
 * same file. Undefined while there is none.
 */
export function pictureStyle(clip: Clip, time: number, width: number): Record<string, string> | undefined {
  const sheet = spriteLayout(clip);
  const scale = width / sheet.width;
  const height = sheet.height * scale;
  const index = pictureAt(clip, time);
  const [column, row] = [index % sheet.columns, Math.floor(index / sheet.columns)];
  const nearest = nearestOf(pictures.value.get(clip.key) ?? [], index);
  const box = { width: `${width}px`, height: `${height}px` };
  if (nearest !== undefined && (nearest === index || !hasSheet(clip))) {
    return { ...box, backgroundImage: `url("${smallPictureUrl(clip.key, nearest)}")`, backgroundSize: '100% 100%' };
  }
  if (!hasSheet(clip)) return undefined;
  return {
    ...box,
    backgroundImage: `url("${sheetUrl(clip.key)}")`,
    backgroundSize: `${sheet.columns * width}px auto`,
    backgroundPosition: `${-column * width}px ${-row * height}px`,
  };
}

function nearestOf(indices: readonly number[], wanted: number): number | undefined {
  return [...indices].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
}
