import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../../lib/errors.js';
import { asideName, renameDurably } from '../../../lib/files.js';
import { type Cut, type CutPart, cut, fits } from '../../../lib/mp4/cut.js';
import type { Complete } from '../../../lib/mp4/header.js';
import { readMoov } from '../../../lib/mp4/remote-file.js';
import { readSealed } from '../../../lib/mp4/sealed.js';
import type { ArchiveSource } from '../../archive-source.js';
import { readMedia } from '../read-media.js';
import type { LocatedMedia } from '../span-entries.js';
import { checkedBytes } from './checked-bytes.js';
import type { ManifestClip } from './manifest.js';

export interface ClipsOptions {
  archive: ArchiveSource;
  segments: readonly LocatedMedia[];
  start: number;
  end: number;
  directory: string;
  onStep?: (what: string, bytes: number) => void;
  signal: AbortSignal;
}

interface Piece extends CutPart {
  segment: LocatedMedia;
}

/** Writes the clips: one, unless the camera's way to encode changed in between. Files that cannot be cut are named. */
export async function writeClips(options: ClipsOptions): Promise<{ clips: ManifestClip[]; uncut: string[] }> {
  const films: Piece[][] = [];
  const uncut: string[] = [];
  for (const segment of options.segments) {
    options.signal.throwIfAborted();
    const file = await headerOf(options.archive, segment);
    if (!file) {
      uncut.push(segment.key);
      continue;
    }
    const piece = {
      segment,
      file,
      fromMs: Math.max(0, options.start - segment.start),
      toMs: options.end - segment.start,
    };
    const film = films.at(-1);
    if (film && fits(film[0]!.file, file)) film.push(piece);
    else films.push([piece]);
  }
  const clips: ManifestClip[] = [];
  for (const [index, film] of films.entries()) {
    const name = films.length > 1 ? `clip-${index + 1}.mp4` : 'clip.mp4';
    clips.push(await writeClip(options, name, film));
  }
  return { clips, uncut };
}

async function headerOf(archive: ArchiveSource, { key, bytes }: LocatedMedia): Promise<Complete | undefined> {
  try {
    return readSealed(await readMoov(readMedia(archive, key), bytes));
  } catch (error) {
    if (error instanceof Failure && error.code === 'media-unsupported') return undefined;
    throw error;
  }
}

async function writeClip(options: ClipsOptions, file: string, film: readonly Piece[]): Promise<ManifestClip> {
  const made = cut(film);
  const sha256 = await writeBytes(options, file, film, made);
  const iso = (time: number) => new Date(Math.round(time)).toISOString();
  let at = made.header.length;
  const parts = made.parts.map((part, index) => {
    const { segment } = film[index]!;
    const { start: from, end: to } = made.pieces[index]!;
    const copied = { from, to, at };
    at += to - from;
    const [begins, ends] = [iso(segment.start + part.startMs), iso(segment.start + part.endMs)];
    return { key: segment.key, begins, ends, frames: part.frames, atMs: Math.round(part.atMs), copied };
  });
  const frames = parts.reduce((sum, part) => sum + part.frames, 0);
  return { file, bytes: made.bytes, sha256, begins: parts[0]!.begins, ends: parts.at(-1)!.ends, frames, parts };
}

/** Resolves to the SHA-256. */
async function writeBytes(
  { archive, directory, onStep, signal }: ClipsOptions,
  file: string,
  film: readonly Piece[],
  { header, pieces }: Cut,
): Promise<string> {
  const path = join(directory, file);
  const aside = asideName(path);
  const hash = createHash('sha256');
  let done = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      done += chunk.length;
      onStep?.(file, done);
      next(null, chunk);
    },
  });
  async function* bytes(): AsyncGenerator<Buffer> {
    yield header;
    for (const [index, { start, end }] of pieces.entries()) {
      yield* checkedBytes(archive, film[index]!.segment, start, end);
    }
  }
  try {
    await pipeline(bytes, counting, createWriteStream(aside, { flags: 'wx' }), { signal });
    await renameDurably(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return hash.digest('hex');
}
