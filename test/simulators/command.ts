import { Readable, Writable } from 'node:stream';
import { type Clock, systemClock } from '../../lib/clock.js';
import { main } from '../../src/cli/program.js';

/** Runs one command line in this process, with nothing of the environment but what is given. */
export async function command(args: readonly string[], env: Record<string, string> = {}, clock: Clock = systemClock) {
  const said = { stdout: '', stderr: '' };
  const into = (stream: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        said[stream] += chunk;
        done();
      },
    });
  const exit = await main(args, {
    ...{ env, stdin: Readable.from([]), stdout: into('stdout'), stderr: into('stderr') },
    ...{ clock, signal: new AbortController().signal },
  });
  return { exit, ...said };
}
