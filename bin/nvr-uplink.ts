#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';

// What is new is looked through when it is 1 MB, not 16: it holds buffers, and an upload takes 30 MB less. Before anything is loaded,
// since what has grown stays; that is worth 10 MB more, for 0.05 s. Not where cameras are read for months: looking through costs them
// a seventh of their time, and saves 10 MB of 140.
if (!process.argv.includes('run')) setFlagsFromString('--semi-space-growth-factor=1');
const { main } = await import('../src/cli/program.js');
const { systemClock } = await import('../lib/clock.js');

// Which Node we support is ours to say; the SDK's own word on that would stand in the middle of our output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const stop = new AbortController();
// Twenty cameras are asked at once, and all of them listen; Node's warning at ten is about leaks, and this is none.
setMaxListeners(0, stop.signal);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time, whoever asks is serious: what is unfinished is picked up at the next start.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// `nvr-uplink status | head` closes our output early; that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  loadEnvFile: (path) => process.loadEnvFile(path),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: stop.signal,
});
// Everything was stopped; a handle some library still holds is no reason to stay.
setImmediate(() => process.exit());
