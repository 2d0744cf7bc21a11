import { systemClock } from '../../lib/clock.js';
import { discoverReport } from '../../lib/onvif/discovery.js';

/** usage: tsx discover-json.ts WAIT_MS – prints what discovery finds on the networks of this process. */
const signal = new AbortController().signal;
const report = await discoverReport({ clock: systemClock, signal, waitMs: Number(process.argv[2]) });
console.log(JSON.stringify(report));
