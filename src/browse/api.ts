import type { LocatedEntry } from '../archive-source.js';

/** What the pages read from `/api/v1`. Times are UTC milliseconds unless they are strings (ISO 8601). */

export type State = 'ok' | 'degraded' | 'down';

/** `status --json` prints exactly this (design.md §11). */
export interface StatusReport {
  state: State;
  site: string;
  /** ISO 8601 of the moment this was true. */
  at: string;
  version: string;
  ffmpeg?: { path: string; version: string };
  cameras: CameraStatus[];
  remotes: RemoteStatus[];
  disk: DiskStatus;
  /** Sentences for a person: everything that keeps `state` from being `ok`. */
  problems: string[];
}

export interface CameraStatus {
  name: string;
  recording: boolean;
  /** Why not, when it is not recording. */
  reason?: string;
  lastFrameAt: string | null;
  lastVerifiedUploadAt: string | null;
  backlog: { files: number; bytes: number; oldestAt: string | null };
  /** How many gaps, and how many seconds are missing, in the last 24 hours. */
  gaps24h: number;
  gapSeconds24h: number;
}

export interface RemoteStatus {
  name: string;
  state: 'idle' | 'sending' | 'waiting' | 'refused';
  reason: string | null;
  /** When the next attempt is due, ISO 8601. */
  retryAt?: string | null;
}

export interface DiskStatus {
  /** Bytes our files take, bytes free on that disk. */
  usedBytes: number;
  freeBytes: number;
}

/** GET /healthz, without signing in: 200, or 503 when the state is `down`. */
export interface HealthReply {
  ok: boolean;
}

/** POST /api/v1/login: 204 and a session cookie; 401 `wrong-password`; 429 `too-many-attempts` for a minute. */
export interface LoginRequest {
  user: string;
  password: string;
}

/** GET /api/v1/cameras */
export interface CamerasReply {
  cameras: string[];
}

/** GET /api/v1/days?camera= */
export interface DaysReply {
  camera: string;
  /** `YYYY-MM-DD`, UTC, oldest first. */
  days: string[];
}

/** GET /api/v1/entries?camera=&day= */
export interface EntriesReply {
  camera: string;
  day: string;
  /** The server's clock, so that "now" on the page does not depend on the laptop's. */
  now: number;
  entries: LocatedEntry[];
}

/** GET /api/v1/session */
export interface SessionReply {
  user: string | null;
  site: string;
  timezone: string;
  version: string;
}

/** GET /api/v1/photos?camera=&before=&limit=: of all cameras when none is named; `limit` 1 to 500, 50 when left out. */
export interface PhotosReply {
  /** Newest first. A few more than `limit` where several were taken at one moment; may be empty though `before` is there. */
  photos: { camera: string; at: number; url: string }[];
  /** Pass as `before` for the next page; absent on the last one. */
  before?: number;
}

/**
 * GET or HEAD /latest?camera= answers the newest JPEG; `Last-Modified` is when it was taken, and how the pages learn, by
 * HEAD, whether there is a newer one; `X-Taken-At` is the same as ISO 8601 with milliseconds. 404 while there is none. Any
 * further parameter is ignored (`&at=` keeps pictures apart in the browser).
 */

/** Every error of the API. */
export interface ErrorReply {
  error: { code: string; message: string; hint?: string };
}
