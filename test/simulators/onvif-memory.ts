import { systemClock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { OnvifConnection } from '../../lib/onvif/connection.js';
import { connectBare } from './bare-onvif.js';

/** Run as a process of its own: opens a camera and prints how much its memory peak grew, and how it ended. */
const [mode, port] = process.argv.slice(2);
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

// What either needs to run at all is no part of the measure.
await OnvifConnection.open(
  { host: '127.0.0.1', port: 1 },
  { clock: systemClock, signal: new AbortController().signal },
).catch(() => undefined);
const before = peakBytes();
let outcome: string;
if (mode === 'bare') {
  const { outcome: bare } = await connectBare(Number(port), {}, 60_000);
  outcome = bare instanceof Error ? bare.message : bare;
} else {
  const signal = new AbortController().signal;
  const target = { host: '127.0.0.1', port: Number(port) };
  outcome = await OnvifConnection.open(target, { clock: systemClock, signal, deadlineMs: 60_000 }).then(
    () => 'connected',
    (error: unknown) => (error instanceof Failure ? error.code : String(error)),
  );
}
console.log(JSON.stringify({ grownBytes: peakBytes() - before, outcome }));
process.exit(0);
