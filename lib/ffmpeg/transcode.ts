import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ended, spawnDependent, stopChild, tail } from '../child.js';
import { systemClock } from '../clock.js';
import { Failure } from '../errors.js';
import { redact } from '../redact.js';

/** A film of any codec as H.264 and AAC in fragmented MP4, which plays while it is made. `signal` ends it. */
export function toH264(ffmpeg: string, film: Readable, signal: AbortSignal): Readable {
  const input = ['-hide_banner', '-v', 'error', '-f', 'mp4', '-i', 'pipe:0', '-map', '0:v:0', '-map', '0:a:0?'];
  const picture = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-pix_fmt', 'yuv420p', '-g', '60'];
  const output = ['-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4', 'pipe:1'];
  const child = spawnDependent(ffmpeg, [...input, ...picture, ...output], { stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = () => stopChild(child, systemClock);
  signal.addEventListener('abort', stop);
  const stderr = tail(child);
  const stdout = child.stdout!;
  // ffmpeg may end before it has read everything; how it ended tells the story.
  void pipeline(film, child.stdin!).catch(() => undefined);
  void ended(child)
    .then(({ code }) => {
      signal.removeEventListener('abort', stop);
      if (code !== 0 && !signal.aborted) stdout.destroy(failed(stderr()));
    })
    .catch((error: unknown) => stdout.destroy(error as Error));
  return stdout;
}

function failed(stderr: string): Failure {
  const last = redact(stderr.split('\n').at(-1) ?? '');
  return new Failure(`It could not be transcoded: ${last}`, { kind: 'permanent', code: 'media-damaged' });
}
