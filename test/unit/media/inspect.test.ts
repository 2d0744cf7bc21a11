import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectMedia } from '../../../lib/media/inspect.js';
import { davOf, film, picturesOf } from '../../simulators/films.js';

let dir: string;
const files = new Map<string, string>();
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'media-'));
  for (const name of ['film.mp4', 'film.mkv', 'film.avi', 'film.ts', 'film.mpg', 'photo.jpg', 'film.h264']) {
    files.set(name, film(dir, name));
  }
  const dav = davOf(picturesOf(readFileSync(files.get('film.h264')!)), 10, [2, 12, 30]);
  files.set('film.dav', written('film.dav', dav));
});
afterAll(() => rmSync(dir, { recursive: true }));

const written = (name: string, bytes: Buffer | string) => {
  const path = join(dir, name);
  writeFileSync(path, bytes);
  return path;
};
const bytesOf = (name: string) => readFileSync(files.get(name)!);

describe('a whole file', () => {
  it.each([
    ['film.mp4', 'mp4', { whole: true, durationMs: 2_000, width: 160, height: 120 }],
    ['film.mkv', 'mkv', { whole: true, durationMs: 2_000 }],
    ['film.avi', 'avi', { whole: true, durationMs: 2_000 }],
    ['film.dav', 'dav', { whole: true, durationMs: 2_000 }],
    ['photo.jpg', 'jpg', { whole: true, width: 160, height: 120 }],
    ['film.ts', 'ts', { whole: undefined }],
    ['film.mpg', 'mpg', { whole: undefined }],
  ])('%s is told for what it is', async (name, format, what) => {
    expect(await inspectMedia(files.get(name)!)).toMatchObject({ format, ...what });
  });

  it('is told by what it holds, not by its name', async () => {
    expect(await inspectMedia(written('wrong.avi', bytesOf('film.mkv')))).toMatchObject({ format: 'mkv', whole: true });
    expect(await inspectMedia(files.get('film.h264')!)).toEqual({ format: 'bin', whole: undefined });
  });

  it('of a live recording, whose header knows no lengths', async () => {
    const live = join(dir, 'live.mkv');
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-i',
      files.get('film.mkv')!,
      '-c',
      'copy',
      '-live',
      '1',
      '-f',
      'matroska',
      live,
    ]);
    expect(await inspectMedia(live)).toMatchObject({ format: 'mkv', whole: true });
    const cut = readFileSync(live);
    expect(await inspectMedia(written('live-cut.mkv', cut.subarray(0, cut.length - 100)))).toMatchObject({
      whole: false,
    });
  });

  it('of Dahua is one that ffmpeg plays too', () => {
    const probed = execFileSync('ffprobe', [
      '-v',
      'error',
      '-count_frames',
      '-show_entries',
      'stream=codec_name,nb_read_frames',
      '-of',
      'csv=p=0',
      files.get('film.dav')!,
    ]);
    expect(probed.toString().trim()).toBe('h264,20');
  });
});

describe('a file that is cut off', () => {
  it.each(['film.mp4', 'film.mkv', 'film.avi', 'film.dav', 'photo.jpg'])(
    'is known, wherever it ends: %s',
    async (name) => {
      const whole = bytesOf(name);
      for (const part of [0.999, 0.9, 0.5, 0.1, 0.01]) {
        const cut = whole.subarray(0, Math.floor(whole.length * part));
        const found = await inspectMedia(written(`cut-${name}`, cut));
        expect([part, found.whole, found.why]).toEqual([part, false, expect.any(String)]);
      }
      expect(await inspectMedia(written(`cut-${name}`, whole.subarray(0, -1)))).toMatchObject({ whole: false });
    },
  );

  it('in the middle of a packet of a transport stream too', async () => {
    expect(await inspectMedia(written('cut.ts', bytesOf('film.ts').subarray(0, -5)))).toMatchObject({ whole: false });
  });

  it.each(['clip.mp4', 'clip.dav', 'clip.xyz'])('before its first byte: %s', async (name) => {
    expect(await inspectMedia(written(name, ''))).toMatchObject({ whole: false, why: 'it is empty' });
  });

  it.each(['page.jpg', 'page.mp4', 'zeros.mkv'])('and filled with something else is none: %s', async (name) => {
    const content = name.startsWith('page') ? '<html>busy</html>' : '\0'.repeat(5_000);
    expect(await inspectMedia(written(name, content))).toMatchObject({ whole: false });
  });
});
