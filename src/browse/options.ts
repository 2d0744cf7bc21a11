import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ArchiveSource } from '../archive-source.js';
import type { StatusReport } from './api.js';

export interface WebOptions {
  archive: ArchiveSource;
  /** Everything `/api/v1/status` says; must hold no secret. */
  status(): Promise<StatusReport> | StatusReport;
  /** The newest picture of a camera, `at` in UTC milliseconds; undefined while there is none. */
  latestPicture(camera: string, signal: AbortSignal): Promise<{ jpeg: Buffer; at: number } | undefined>;
  site: string;
  /** IANA zone the pages show times in. */
  timezone: string;
  version: string;
  /** The folder of the built pages. All that is in it can be read without signing in. */
  pages: string;
  listen: { host: string; port: number };
  username: string;
  /** As `hashPassword` of lib/password.ts made it. */
  passwordHash: string;
  /** Signs session cookies; at least 32 characters. A new one ends every session. */
  sessionSecret: string;
  /** Names the pages may be reached by, besides addresses and localhost. */
  hosts: readonly string[];
  /** The bearer token of the commands on this machine: full access; at least 32 characters. */
  localToken: string;
  clock: Clock;
  log?: Log;
}
