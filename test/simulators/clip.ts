import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seal } from '../../lib/ffmpeg/seal.js';

const run = promisify(execFile);

/** A few seconds of moving pictures and a tone: as a recording leaves it, and sealed. One keyframe a second. */
export interface Clip {
  /** Fragmented, each fragment one group of pictures; as a run writes it, its time begins at {@link startMs}. */
  fragmented: string;
  sealed: string;
  startMs: number;
  durationMs: number;
  remove(): Promise<void>;
}

export async function makeClip(seconds = 4): Promise<Clip> {
  const dir = await mkdtemp(join(tmpdir(), 'clip-'));
  const [fragmented, sealed] = [join(dir, 'fragmented.mp4'), join(dir, 'sealed.mp4')];
  const startMs = 30_000;
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10', '-f', 'lavfi', '-i', 'sine=frequency=300'],
    ...['-t', String(seconds), '-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-g', '10'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '48k', '-output_ts_offset', String(startMs / 1000)],
    ...['-movflags', '+frag_keyframe+empty_moov+default_base_moof+frag_discont', '-avoid_negative_ts', 'disabled'],
    fragmented,
  ]);
  await seal('ffmpeg', fragmented, sealed, new AbortController().signal);
  return { fragmented, sealed, startMs, durationMs: seconds * 1000, remove: () => rm(dir, { recursive: true }) };
}
