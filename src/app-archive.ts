import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { ObjectReader } from '../lib/objects/object-reader.js';
import { ParallelReader } from '../lib/objects/parallel-reader.js';
import { hashPassword } from '../lib/password.js';
import { exportDesk, linkOrigins, pagesFolder, seeing } from './app-web.js';
import { LastKnownPictures } from './archive/last-known.js';
import { ObjectArchive } from './archive/object-archive.js';
import { WebServer } from './browse/server.js';

export interface ArchivePagesOptions {
  reader: ObjectReader;
  /** At least one. */
  sites: readonly string[];
  timezone: string;
  version: string;
  /** For small pictures; whoever gives it removes it. */
  scratch: string;
  ffmpeg?: string;
  /** Of this machine alone: nobody is asked for a password. */
  listen: { host: '127.0.0.1' | '::1'; port: number };
  /** The folder of the built pages. @default that of this program */
  pages?: string;
  clock: Clock;
  log: Log;
}

const secret = () => randomBytes(32).toString('base64url');

/**
 * The pages over an archive, with no recorder. Listening already when this resolves; `url` signs one browser in, once. Rejects
 * where the archive cannot be read from, before anybody is told that it can.
 */
export async function archivePages(options: ArchivePagesOptions) {
  const { reader, sites, ffmpeg, scratch, clock, log } = options;
  // The browser sits on this machine and the bucket at the end of a long line: media come through here, and sooner (docs/architecture.md).
  const near = reader.link ? new ParallelReader(reader, clock) : reader;
  const archives = new Map(
    sites.map((site) => {
      const onProblem = (problem: object) => log.warn({ ...problem }, 'a line of the index cannot be read');
      return [site, new ObjectArchive({ reader: near, site, onProblem })];
    }),
  );
  const [first, ...others] = [...archives];
  const archiveOf = (key: string) => archives.get(key.slice(0, key.indexOf('/'))) ?? first![1];
  // The wall asks every few seconds, and each look costs a listing for every month without footage.
  const lastKnown = new Map([...archives].map(([site, archive]) => [site, new LastKnownPictures(archive, clock)]));
  const ticket = secret();
  const server = new WebServer({
    ...{ site: first![0], archive: first![1], otherSites: new Map(others), ticket },
    ...(ffmpeg !== undefined && seeing(ffmpeg, join(scratch, 'sprites'), archiveOf)),
    exports: exportDesk(join(scratch, 'exports'), (site) => ({ archive: archives.get(site)!, reader }), options),
    mediaOrigins: await linkOrigins(reader),
    latestPicture: (camera, _signal, site) => lastKnown.get(site)!.of(camera),
    ...{
      timezone: options.timezone,
      version: options.version,
      pages: options.pages ?? pagesFolder(),
      listen: options.listen,
      hosts: [],
    },
    // Nobody knows the password, so that the ticket is the only way in.
    ...{
      username: 'viewer',
      passwordHash: await hashPassword(secret()),
      sessionSecret: secret(),
      localToken: secret(),
    },
    ...{ clock, log },
  });
  const { url } = await server.listen();
  return { url: `${url}/open?ticket=${ticket}`, run: (signal: AbortSignal) => server.run(signal) };
}
