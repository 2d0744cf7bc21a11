import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { segmentArguments } from '../../../src/recording/arguments.js';

export const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=10'];
export const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-pix_fmt', 'yuv420p', '-bf', '0'];
export const AAC = ['-c:a', 'aac', '-b:a', '48k'];

const SEGMENTS = segmentArguments({ segmentMs: 4_000, audio: 'aac' });

/** How the recorder has ffmpeg write its files. */
export const RECORDED = SEGMENTS[SEGMENTS.indexOf('-segment_format_options') + 1]!;

/** Records as the recorder does, from ffmpeg's own test sources, and returns the n-th file. */
export function record(dir: string, args: readonly string[], n: number, options = RECORDED): string {
  mkdirSync(dir, { recursive: true });
  const segments = [
    '-f',
    'segment',
    '-segment_time',
    '4',
    '-segment_format',
    'mp4',
    '-segment_format_options',
    options,
  ];
  ffmpeg(...args, '-t', '9', ...segments, join(dir, '%d.mp4'));
  return join(dir, `${n}.mp4`);
}

export function ffmpeg(...args: readonly string[]): string {
  return execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
}

/** The reference: what ffmpeg makes of the same file. */
export function sealWithFfmpeg(from: string, to: string): void {
  ffmpeg('-i', from, '-map', '0', '-c', 'copy', '-movflags', '+faststart', to);
}

/** Packets (decoding order) and their contents' hashes, by stream; the last packet of each without its duration. */
export function contents(file: string): Record<string, string[]> {
  const probe = ['-v', 'error', '-show_entries', 'packet=stream_index,pts,dts,duration,flags,size', '-of', 'csv=p=0'];
  const packets = execFileSync('ffprobe', [...probe, file], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const hashes = ffmpeg('-i', file, '-map', '0', '-c', 'copy', '-f', 'framehash', '-');
  const comments = hashes.split('\n').filter((line) => line.startsWith('#') && !line.startsWith('#software'));
  const frames = hashes.split('\n').filter((line) => !line.startsWith('#'));
  return { comments, ...byStream('packets', packets.split('\n'), 3), ...byStream('frames', frames, 3) };
}

/**
 * A sample's duration is the time until the next one. For the last, ffmpeg writes its own guess (a whole AAC frame, the average
 * of the video) where the source says something else; ours keeps what the source says.
 */
function byStream(name: string, lines: readonly string[], duration: number): Record<string, string[]> {
  const found: Record<string, string[][]> = {};
  for (const line of lines.filter(Boolean)) {
    const fields = line.split(',').map((field) => field.trim());
    const stream = `${name} of ${fields[0]}`;
    found[stream] = [...(found[stream] ?? []), fields];
  }
  for (const stream of Object.values(found)) stream.at(-1)![duration] = 'guessed';
  return Object.fromEntries(Object.entries(found).map(([key, rows]) => [key, rows.map((row) => row.join(','))]));
}
