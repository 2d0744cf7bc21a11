import { Transform } from 'node:stream';
import { Failure } from '../../lib/errors.js';

/**
 * Passes on exactly `bytes` bytes; fails with code `file-cut-short` where the file holds fewer than it did when it was opened.
 * Without it the browser would wait for the rest, or take a part of a file for the whole.
 */
export function exactly(bytes: number): Transform {
  let left = bytes;
  const wrong = () => new Failure('A file changed while it was sent.', { kind: 'transient', code: 'file-cut-short' });
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(wrong());
      else done(null, chunk);
    },
    flush(done) {
      done(left === 0 ? null : wrong());
    },
  });
}
