import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ended, spawnDependent, tail } from '../../lib/child.js';
import { asideName } from '../../lib/files.js';
import { Pictures } from './pictures.js';
import { type ClipPlan, GOP_FRAMES } from './scenes.js';

/** As cameras code their second stream: no B pictures, a keyframe every two seconds. */
function coding({ rate }: ClipPlan): string[] {
  const bits =
    rate === 'variable'
      ? ['-crf', '27', '-maxrate', '700k', '-bufsize', '700k']
      : [...['-b:v', '400k', '-maxrate', '400k', '-bufsize', '400k']];
  return [
    ...['-c:v', 'libx264', '-preset', 'superfast', '-profile:v', 'main', '-bf', '0', '-g', String(GOP_FRAMES)],
    ...['-keyint_min', String(GOP_FRAMES), '-sc_threshold', '0', '-threads', '1', '-aq-mode', '0', ...bits],
  ];
}

/** The clip as an H.264 byte stream: made once, and then found again in `dir` as long as neither plan nor drawing changed. */
export async function encodeClip(plan: ClipPlan, dir: string): Promise<Buffer> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, `${await nameOf(plan)}.h264`);
  const known = await readFile(file).catch(() => undefined);
  if (known) return known;
  const aside = asideName(file);
  try {
    await encode(plan, aside);
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
  return await readFile(file);
}

async function nameOf(plan: ClipPlan): Promise<string> {
  const drawing = await Promise.all(
    ['pictures.ts', 'scenes.ts', 'random.ts'].map((name) => readFile(new URL(name, import.meta.url))),
  );
  const hash = createHash('sha256').update(JSON.stringify([plan, coding(plan)]));
  for (const source of drawing) hash.update(source);
  return `${plan.scene}-${plan.seed}-${hash.digest('hex').slice(0, 16)}`;
}

async function encode(plan: ClipPlan, file: string): Promise<void> {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${plan.width}x${plan.height}`, '-r', String(plan.fps)];
  const args = ['-hide_banner', '-v', 'error', '-y', ...raw, '-i', 'pipe:0', ...coding(plan), '-f', 'h264', file];
  const child = spawnDependent('ffmpeg', args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const stderr = tail(child);
  // An encoder that ends early breaks the pipe; its exit status tells the story.
  const drawn = pipeline(Readable.from(new Pictures(plan).all(), { objectMode: false }), child.stdin!).catch(() => 0);
  const { code } = await ended(child);
  await drawn;
  if (code !== 0) throw new Error(`ffmpeg could not encode ${plan.scene}: ${stderr()}`);
}
