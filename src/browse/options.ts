import type { Readable } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import type { ArchiveSource, OpenMedia } from '../archive-source.js';
import type { MediaEntry } from '../segment.js';
import type { ExportReply, StatusReport } from './api.js';

export type ExportView = ExportReply;

export interface ExportOrder {
  site: string;
  camera: string;
  start: number;
  end: number;
  originals: boolean;
}

export interface AuditEvent {
  action: 'viewed' | 'exported' | 'erased';
  user: string;
  address?: string;
  camera?: string;
  key?: string;
  from?: string;
  to?: string;
}

export interface WebOptions {
  archive: ArchiveSource;
  /** Further sites, by name; `archive` is of `site`. */
  otherSites?: ReadonlyMap<string, ArchiveSource>;
  /** Everything `/api/v1/status` says; must hold no secret. Left out, there is no recorder, only an archive. */
  status?(): Promise<StatusReport> | StatusReport;
  /** Figures for Prometheus; must hold no secret. Left out, there is no recorder. */
  metrics?(): Promise<{ type: string; text: string }>;
  /** The sheet of small pictures of a segment, or one of them, `picture`; rejects with `unknown-key`, `unknown-picture` or `frozen`. */
  sprites?(segment: MediaEntry, signal: AbortSignal, picture?: number): Promise<Buffer>;
  /** Any file as H.264; rejects with `unknown-key`, `frozen` or `busy`. */
  transcode?(segment: MediaEntry, fromMs: number, signal: AbortSignal): Promise<{ stream: Readable; startMs: number }>;
  /** Makes exports and keeps them. */
  exports?: {
    order(order: ExportOrder, now: number, signal: AbortSignal): Promise<ExportView>;
    list(): Promise<ExportView[]>;
    job(id: string): Promise<ExportView | undefined>;
    open(id: string, file: string): Promise<OpenMedia | undefined>;
  };
  /** Notes who looked at what. What it cannot note is refused. */
  audit?: {
    note(event: AuditEvent): Promise<void>;
    last(limit: number): Promise<(AuditEvent & { at: string })[]>;
  };
  /** Whose token it is: one of the API, beside the local one. */
  tokens?: { find(token: string): { name: string; scope: 'read' | 'full' } | undefined };
  /** Origins browsers may be sent to for media, e.g. `https://bucket.s3.eu-west-1.amazonaws.com`. */
  mediaOrigins?: readonly string[];
  /** The newest picture of a camera, `at` in UTC milliseconds; undefined while there is none. */
  latestPicture(camera: string, signal: AbortSignal, site: string): Promise<{ jpeg: Buffer; at: number } | undefined>;
  /** Somebody tells of motion before a camera. `unknown`: there is no such camera; `closed`: it does not listen to others. */
  motion?(camera: string, action: 'start' | 'stop' | 'pulse', forMs: number | undefined): 'told' | 'unknown' | 'closed';
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
  /** `/open?ticket=` signs in whoever brings it first; at least 32 characters. Left out, only the password does. */
  ticket?: string;
  /** Signs session cookies; at least 32 characters. A new one ends every session. */
  sessionSecret: string;
  /** Names the pages may be reached by, besides addresses and localhost. */
  hosts: readonly string[];
  /** The bearer token of the commands on this machine: full access; at least 32 characters. */
  localToken: string;
  clock: Clock;
  log?: Log;
}
