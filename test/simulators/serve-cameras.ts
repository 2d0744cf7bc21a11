import { startSimulator } from '../../lib/simulator/simulator.js';

/**
 * usage: tsx serve-cameras.ts ADDRESS CACHE_FOLDER NAME… – serves small simulated cameras that can be discovered, prints
 * one line of JSON once they listen, and ends on SIGTERM. For tests that need them in a process or a network of their own.
 */
const [address, cacheDir, ...names] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const size = { width: 160, height: 90, loopMs: 1_600, gopFrames: 12, fps: 15, rateBps: 200_000 };
const simulator = await startSimulator(
  {
    cameras: names.map((name) => ({ name })),
    ...{
      host: address!,
      cacheDir: cacheDir!,
      discovery: true,
      username: 'admin',
      password: 'secret',
      main: size,
      sub: size,
    },
  },
  stop.signal,
);
console.log(JSON.stringify(simulator.cameras.map(({ name, mainUrl, onvifUrl }) => ({ name, mainUrl, onvifUrl }))));
await simulator.run(stop.signal);
