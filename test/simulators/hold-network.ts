import { CameraNetwork } from './namespaces.js';

/** usage: tsx hold-network.ts CACHE_FOLDER – a network with one camera, whose process ids it prints; never ends by itself. */
const cameras = [{ name: 'only', persona: 'generic' } as const];
const network = await CameraNetwork.start({ cameras, cacheDir: process.argv[2]!, password: 'secret' });
console.log(JSON.stringify(network.processes));
setInterval(() => undefined, 60_000);
