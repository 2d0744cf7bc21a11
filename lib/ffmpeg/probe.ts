import ffmpegCommand from 'fluent-ffmpeg';
import { Failure, messageOf } from '../errors.js';
import { redact } from '../redact.js';

export interface Probe {
  durationMs: number;
  codecs: string[];
}

/**
 * What a media file holds, for files of unknown origin. The only use of fluent-ffmpeg (archived upstream since May 2025,
 * its maintainer advises plain command lines): its `ffprobe`, on local files.
 */
export function probe(file: string): Promise<Probe> {
  return new Promise((resolve, reject) => {
    ffmpegCommand.ffprobe(`file:${file}`, (error: unknown, data) => {
      if (error) {
        const message = redact(messageOf(error));
        reject(new Failure(`${file} is not playable: ${message}`, { kind: 'permanent', code: 'media-damaged' }));
        return;
      }
      const seconds = Number(data.format.duration);
      resolve({
        durationMs: Number.isFinite(seconds) ? Math.round(seconds * 1000) : 0,
        codecs: data.streams.map((stream) => stream.codec_name ?? 'unknown'),
      });
    });
  });
}
