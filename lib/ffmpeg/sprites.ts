import { runChild } from '../child.js';
import { Failure } from '../errors.js';
import { redact } from '../redact.js';

/** One JPEG of the frames of a small MP4, scaled and laid out row by row. Throws a `Failure` `media-damaged`. */
export async function spriteSheet(
  ffmpeg: string,
  film: Buffer,
  { width, height, columns, count }: { width: number; height: number; columns: number; count: number },
  signal: AbortSignal,
): Promise<Buffer> {
  const rows = Math.ceil(count / columns);
  const input = ['-hide_banner', '-v', 'error', '-threads', '1', '-f', 'mp4', '-i', 'pipe:0'];
  const filter = `scale=${width}:${height},setsar=1,tile=${columns}x${rows}:nb_frames=${count}`;
  const output = [
    '-map',
    '0:v:0',
    '-vf',
    filter,
    '-frames:v',
    '1',
    '-threads',
    '1',
    '-q:v',
    '6',
    '-f',
    'mjpeg',
    'pipe:1',
  ];
  const result = await runChild(ffmpeg, [...input, ...output], signal, { input: film });
  if (result.stdout.length > 2 && result.stdout.readUInt16BE(0) === 0xffd8) return result.stdout;
  signal.throwIfAborted();
  throw new Failure(`No pictures could be made: ${redact(result.stderr.split('\n').at(-1) ?? '')}`, {
    kind: 'permanent',
    code: 'media-damaged',
  });
}
