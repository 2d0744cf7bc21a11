import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Five minutes of 720p at 2 Mbit/s, a keyframe every two seconds: twenty seconds encoded, and those fifteen times. */
export async function makeFilm(dir: string): Promise<string> {
  const [short, film] = [join(dir, 'short.mp4'), join(dir, 'film.mp4')];
  const rate = ['-b:v', '2M', '-minrate', '2M', '-maxrate', '2M', '-bufsize', '2M', '-nal-hrd', 'cbr'];
  await run('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=15:duration=20,noise=alls=12:allf=t'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=300:duration=20', '-c:v', 'libx264', '-preset', 'veryfast'],
    ...['-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '30', ...rate, '-c:a', 'aac', '-b:a', '48k', short],
  ]);
  await run('ffmpeg', [
    ...['-v', 'error', '-stream_loop', '14', '-i', short, '-c', 'copy', '-movflags', '+faststart', film],
  ]);
  return film;
}

/** A snapshot of the same camera. */
export async function makePhoto(dir: string): Promise<string> {
  const photo = join(dir, 'photo.jpg');
  const picture = 'testsrc2=size=1280x720,noise=alls=12';
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', picture, '-frames:v', '1', '-q:v', '5', photo]);
  return photo;
}
