#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { systemClock } from '../lib/clock.js';
import { main } from '../src/cli/program.js';

if (existsSync('.env')) process.loadEnvFile('.env');

const stop = new AbortController();
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
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: stop.signal,
});
// Everything was stopped; a handle some library still holds is no reason to stay.
setImmediate(() => process.exit());
