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
  /** Remotes that are configured no more, and still owed files. */
  abandoned?: AbandonedRemote[];
  /** Where there is one. */
  inbox?: InboxStatus;
  disk: DiskStatus;
  /** Sentences for a person: everything that keeps `state` from being `ok`. */
  problems: string[];
}

export interface CameraStatus {
  name: string;
  recording: boolean;
  /** Why not, when it is not recording. */
  reason?: string;
  /** Nothing is to be recorded now. */
  off?: boolean;
  /** When that ends, ISO 8601; null where nothing says that it does. */
  offUntil?: string | null;
  /** Its pictures come and are not kept now: nothing moves, and only motion is recorded. */
  idle?: boolean;
  /** What the owner should know of how it is recorded. */
  note?: string;
  lastFrameAt: string | null;
  lastVerifiedUploadAt: string | null;
  backlog: { files: number; bytes: number; oldestAt: string | null };
  /** How many gaps, and how many seconds are missing, in the last 24 hours. */
  gaps24h: number;
  gapSeconds24h: number;
  /** What was recorded in the last 24 hours and is gone all the same; absent from older recorders. */
  lost24h?: { cause: 'dropped' | 'file-damaged' | 'file-lost'; seconds: number }[];
  /** A recorder or the camera itself brings its files; nothing is recorded here. */
  delivered?: boolean;
  /** What notices motion before it; absent where nothing does. */
  motion?: {
    moving: boolean;
    /** When something moved last, ISO 8601. */
    lastAt: string | null;
    sources: { name: string; working: boolean; reason: string | null }[];
    /** Something depends on it at present: what is recorded, or pictures. */
    needed: boolean;
  };
}

export interface RemoteStatus {
  name: string;
  /** `paused`: the configuration says so. */
  state: 'idle' | 'sending' | 'waiting' | 'refused' | 'paused';
  reason: string | null;
  /** When the next attempt is due, ISO 8601. */
  retryAt?: string | null;
  /** Files that are there, and count as delivered once they were looked at again (`settle`): how many, and when the first is due. */
  lookAgain?: { files: number; firstAt: string | null };
  /** Motion recordings delivered in the last 24 hours: how many, and how many later than the deadline. */
  motion24h: { deadlineSeconds: number; sent: number; late: number; worstSeconds: number | null };
}

export interface AbandonedRemote {
  name: string;
  files: number;
  bytes: number;
  /** When the oldest of the files begins. */
  oldestAt: string | null;
}

/** What came into the inbox within 24 hours. */
export interface InboxStatus {
  doors: { name: string; waiting: number; unfinished: number; problem?: string }[];
  stored24h: number;
  bytes24h: number;
  /** Of the stored ones: no rule knows their names. */
  unknown24h: number;
  /** Not whole, kept and not uploaded. */
  setAside24h: number;
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

/**
 * Wherever a request names a `camera`, or none, it may also name its `site=`: one of `SessionReply.sites`, the first of them when
 * left out.
 */

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

/**
 * GET /api/v1/days/nearest?to=YYYY-MM-DD or ?from=, &camera=&limit=: the newest days, those up to `to`, newest first, or those from `from` on, oldest
 * first; of all cameras when none is named, `limit` 1 to 366, 31 when left out. Costs the listings of the months it comes to, whatever else there is.
 */
export interface NearestDaysReply {
  /** UTC days with anything in them, and whose. */
  days: { day: string; cameras: string[] }[];
}

/** GET /api/v1/calendar?month=YYYY-MM&camera=: UTC days with anything in them, of one camera or of all. One listing a camera. */
export interface CalendarReply {
  month: string;
  cameras: { camera: string; days: string[] }[];
}

/**
 * GET /api/v1/entries?camera=&day=
 *
 * `local` and `uploaded` tell where a file is: only `local` is not off the premises yet. `motion` of a segment are the spans in
 * which something moved.
 */
export interface EntriesReply {
  camera: string;
  day: string;
  /** The server's clock, so that "now" on the page does not depend on the laptop's. */
  now: number;
  entries: LocatedEntry[];
}

/**
 * GET /api/v1/storage?camera=&day=: which files of the day must be thawed before they can be read. Costs a listing of its own, so
 * ask after the entries are drawn, and only where `capabilities.storage`.
 */
export interface StorageReply {
  camera: string;
  day: string;
  /** `storage` is S3's class: `GLACIER`, `DEEP_ARCHIVE`. */
  frozen: { key: string; storage: string }[];
}

/**
 * GET or HEAD /api/v1/media/{key}
 *
 * - The file, whole or by one range; or, from a recorder whose archive is in a bucket, 302 to an address there that is good for an hour. A `<video>`
 *   follows it and seeks there. On its `error` ask again with `?via=server`: then the bytes come through here, or an `ErrorReply`
 *   says why not: 404 `unknown-key`, 409 `frozen`. `GET /api/v1/checks/{key}` says what is wrong with a file that does not play.
 * - `?at=SECONDS` says where a player that is about to open the file will jump to: from a bucket far away, what it is going to want there is
 *   fetched meanwhile. It changes nothing of the answer.
 * - `?as=h264&from=SECONDS` (GET, where `capabilities.transcode`): that file from there on as H.264, made while it is sent. It
 *   knows no ranges: seek by asking for another `from`; its time 0 is the last keyframe at or before `from`, told in
 *   `X-Starts-At` (UTC ms). 503 `busy` while others are transcoding; where there is nothing to show from there on, as for
 *   sprites below.
 */

/**
 * GET /api/v1/checks/{key}: what keeps a file from being shown, without reading all of it. No `problem` where none is seen.
 */
export interface CheckReply {
  key: string;
  /**
   * For people, and by `code`: `unknown-key` (it is missing), `frozen`, `truncated` (fewer bytes than the index lists), `empty` (none), `altered` (more),
   * `media-unsupported` (no film that can be read).
   */
  problem?: { code: string; message: string; hint?: string };
}

/**
 * GET /api/v1/sprites/{key of a segment} (where `capabilities.sprites`): one JPEG of small pictures, laid out as
 * {@link spriteLayout} says, row by row. Each shows the last keyframe at or before its moment. Never changes.
 * Where none can be made, 404 `unknown-key`, 409 `frozen`, 422 `truncated`, `empty` or `altered`, 415 `media-unsupported` or `media-damaged`.
 * `?picture=INDEX`: that one alone, twice as wide and high, and from a bucket far away there long before the sheet is.
 */
export interface SpriteLayout {
  /** Of one picture. */
  width: number;
  height: number;
  columns: number;
  count: number;
  /** From one picture to the next; the first is of the segment's start. */
  stepMs: number;
}

const SPRITE_WIDTH = 160;
const SPRITE_COLUMNS = 10;
/** So many pictures at most, however long the segment. */
const SPRITE_MOST = 60;

export function spriteLayout(segment: { start: number; end: number; width?: number; height?: number }): SpriteLayout {
  const lengthMs = Math.max(1, segment.end - segment.start);
  const stepMs = Math.max(lengthMs <= 60_000 ? 2_000 : 10_000, Math.ceil(lengthMs / SPRITE_MOST));
  const count = Math.ceil(lengthMs / stepMs);
  const shape = segment.width && segment.height ? segment.height / segment.width : 9 / 16;
  // Encoders want even numbers.
  const height = Math.max(2, Math.round((SPRITE_WIDTH * shape) / 2) * 2);
  return { width: SPRITE_WIDTH, height, columns: Math.min(SPRITE_COLUMNS, count), count, stepMs };
}

/** What can be done here; pages hide the rest. */
export interface Capabilities {
  /** There is a recorder: status, live pictures. */
  recorder: boolean;
  sprites: boolean;
  transcode: boolean;
  /** Files may be frozen; `/api/v1/storage` tells which. */
  storage: boolean;
  exports: boolean;
}

/** GET /api/v1/session */
export interface SessionReply {
  user: string | null;
  site: string;
  /** All there are; `site` is the first. */
  sites: readonly string[];
  /** `archive`: the pages read a bucket or folder, and no recorder is near. */
  source: 'recorder' | 'archive';
  capabilities: Capabilities;
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

/**
 * POST /api/v1/exports with an {@link ExportRequest}, by a session or a full token: 202 and the export, which is made by and by.
 * GET /api/v1/exports, GET /api/v1/exports/{id} tell how it stands; GET /api/v1/exports/{id}/{file} is one of its files.
 */
export interface ExportRequest {
  camera: string;
  site?: string;
  /** UTC ms; `to` is exclusive. */
  from: number;
  to: number;
  /** The recorded files as well, so that every byte can be proved. @default false */
  originals?: boolean;
}

export interface ExportReply {
  /** Begins with when it was ordered. */
  id: string;
  state: 'waiting' | 'working' | 'done' | 'failed';
  /** Of what failed, for people. */
  reason?: string;
  /** Of what is done: where the film really begins, what is missing (src/archive/export/manifest.ts). */
  manifest?: unknown;
  files: readonly string[];
}

export interface ExportsReply {
  /** Newest first. */
  exports: ExportReply[];
}

/** GET /api/v1/audit?limit=, by a session or a full token: who viewed and exported what, newest first. */
export interface AuditReply {
  events: { at: string; action: string; user: string; address?: string; camera?: string; key?: string }[];
}

/** Every error of the API. */
export interface ErrorReply {
  error: { code: string; message: string; hint?: string };
}
