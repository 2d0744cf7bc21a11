/**
 * What an archive holds, and how its keys are written and read. Shared by every stage and by the CDK app.
 * The specification is docs/archive-format.md; it outlives this program.
 */

export type MediaKind = 'continuous' | 'motion' | 'inbox' | 'snapshot';

/** One finished media file (a segment or a snapshot) as the index describes it. Times are UTC milliseconds. */
export interface MediaEntry {
  type: 'segment' | 'snapshot';
  key: string;
  kind: MediaKind;
  camera: string;
  start: number;
  end: number;
  bytes: number;
  /** Hex SHA-256 of the file. */
  sha256: string;
  /** Base64 CRC-64/NVME as S3 prints it; absent until the file was sent. */
  crc64nvme?: string;
  /** RFC 6381 codec strings, video first: `["avc1.640028", "mp4a.40.2"]`. */
  codecs?: string[];
  width?: number;
  height?: number;
  /** Where it came from: `rtsp`, `inbox`, `backfilled`. */
  source: string;
  run?: string;
  /** Position within the run, from 0. */
  seq?: number;
  /** What it was called where it came from: `front/20260503_021230.mp4`. */
  original?: string;
  /** `arrival` where nothing says when it was recorded: `start` is then when it came. */
  dated?: 'arrival';
  /** What moved while it was recorded, by start, cut to the file's own time; absent if nothing did or nobody watched. */
  motion?: MotionSpan[];
}

/** Something moved before a camera. Times are UTC milliseconds. */
export interface MotionSpan {
  start: number;
  end: number;
  /** How sure whoever noticed it was, 0 to 1; absent where they do not say. */
  score?: number;
  /** `motion`, `person` …: what it was, in the words of `MotionKind` (lib/onvif/topics.ts). */
  kind?: string;
  /** Who noticed it, and perhaps where: `onvif`, `analysis/drive`, `external`. */
  source?: string;
}

/** An interval that should have footage and has none. */
export interface GapEntry {
  type: 'gap';
  camera: string;
  start: number;
  end: number;
  cause: GapCause;
  detail?: string;
}

/** An interval in which there was to be no footage, on purpose. */
export interface OffEntry {
  type: 'off';
  camera: string;
  start: number;
  end: number;
  reason: OffReason;
}

/**
 * The recorder's clock was set. Set forward, the time between never was on it; set back, the time between was twice, and what
 * was recorded the second time comes later in the chain. Footage and gaps win over it.
 */
export interface ClockEntry {
  type: 'clock';
  camera: string;
  start: number;
  end: number;
  /** By how much it was set forward; negative: back. */
  byMs: number;
}

export type Entry = MediaEntry | GapEntry | OffEntry | ClockEntry;

/** Whether an entry is of a file; all others are of time without one. */
export function isMedia<Of extends Entry>(entry: Of): entry is Extract<Of, { key: string }> {
  return entry.type === 'segment' || entry.type === 'snapshot';
}

/**
 * Whether all time from this entry to the next is to be accounted for. Of what others deliver nobody knows what there is to come, and a
 * picture is finished long before the film that is recorded meanwhile.
 */
export function isPromised(entry: Entry): boolean {
  if (entry.type === 'snapshot' || entry.type === 'clock') return false;
  return entry.type !== 'segment' || entry.kind !== 'inbox';
}

export const GAP_CAUSES = {
  erased: 'the footage was erased on purpose',
  starting: 'the recorder was starting',
  'recorder-stopped': 'the recorder was stopped',
  'recorder-crashed': 'the recorder was killed or lost power',
  'ledger-lost': "the recorder's ledger was lost, and with it what became of this time",
  unreachable: 'the camera could not be reached',
  'sign-in-refused': 'the camera refused the sign-in',
  silent: 'the camera sent nothing',
  'stream-ended': 'the camera ended the stream',
  'stream-invalid': 'the stream could not be recorded',
  'disk-full': 'the recorder had no disk space',
  'file-damaged': 'a recorded file could not be saved whole, or was damaged before it was uploaded',
  'file-lost': 'a recorded file vanished from the disk before it was uploaded',
  dropped: 'given up before it was uploaded, because the disk was full (storage.when_full)',
  'storage-gone': "the recorder's storage folder was gone",
} as const;

export type GapCause = keyof typeof GAP_CAUSES;

export const OFF_REASONS = {
  mode: 'recording is off in the configuration',
  schedule: 'recording is off by schedule',
  'no-motion': 'nothing moved, and only motion is recorded',
} as const;

export type OffReason = keyof typeof OFF_REASONS;

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether `text` can name a site or a camera: it becomes part of every key, so only `a-z 0-9 -`, at most 63. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

const pad = (value: number, width = 2) => String(value).padStart(width, '0');

/** `YYYYMMDDThhmmssZ`, cut to the second. */
export function compactTime(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** `YYYY-MM-DD` of the UTC day. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export interface KeyParts {
  site: string;
  camera: string;
  /** UTC milliseconds; keys hold whole seconds. */
  start: number;
  kind: MediaKind;
  /** 1, or 2, 3 … for another file of the same camera, second and kind (invariant I2). */
  copy?: number;
  /** Of what was delivered in another format than ours; it keeps its bytes. */
  extension?: Extension;
}

/** What footage may be called. `bin` is what nobody knows, and keeps all the same. */
export const EXTENSIONS = ['mp4', 'jpg', 'mkv', 'avi', 'dav', 'ts', 'mpg', 'bin'] as const;

export type Extension = (typeof EXTENSIONS)[number];

/** `{camera}_{YYYYMMDD}T{hhmmss}Z_{kind}[-{copy}].{extension}`: unique within a site, so the spool is a flat folder. */
export function fileName(parts: Omit<KeyParts, 'site'>): string {
  const { camera, start, kind, copy = 1, extension = usualExtension(kind) } = parts;
  const suffix = copy > 1 ? `-${copy}` : '';
  return `${camera}_${compactTime(start)}_${kind}${suffix}.${extension}`;
}

function usualExtension(kind: MediaKind): Extension {
  return kind === 'snapshot' ? 'jpg' : 'mp4';
}

/** The layout `uplink`: `{site}/{camera}/{YYYY}/{MM}/{DD}/` + {@link fileName}. */
export function mediaKey(parts: KeyParts): string {
  const day = dayOf(parts.start).replaceAll('-', '/');
  return `${parts.site}/${parts.camera}/${day}/${fileName(parts)}`;
}

const FILE_NAME =
  /^(?<camera>[a-z0-9-]+)_(?<y>\d{4})(?<mo>\d\d)(?<d>\d\d)T(?<h>\d\d)(?<mi>\d\d)(?<s>\d\d)Z_(?<kind>continuous|motion|inbox|snapshot)(?:-(?<copy>\d+))?\.(?<extension>mp4|jpg|mkv|avi|dav|ts|mpg|bin)$/;

/** Reads back what {@link fileName} wrote; undefined for any other name. */
export function parseFileName(name: string): Omit<Required<KeyParts>, 'site'> | undefined {
  const groups = FILE_NAME.exec(name)?.groups;
  if (!groups) return undefined;
  const { camera, y, mo, d, h, mi, s, kind, copy, extension } = groups as Record<string, string>;
  // Only what was delivered may be in another format than ours.
  if (kind !== 'inbox' && extension !== usualExtension(kind as MediaKind)) return undefined;
  const start = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  return {
    ...{ camera: camera!, start, kind: kind as MediaKind, copy: copy ? Number(copy) : 1 },
    extension: extension as Extension,
  };
}

/** Reads back what {@link mediaKey} wrote; undefined for any other key, or one whose folders contradict its name. */
export function parseMediaKey(key: string): Required<KeyParts> | undefined {
  const slash = key.indexOf('/');
  const parts = parseFileName(key.slice(key.lastIndexOf('/') + 1));
  if (slash < 1 || !parts) return undefined;
  const full = { site: key.slice(0, slash), ...parts };
  return mediaKey(full) === key ? full : undefined;
}

/** `{site}/index/{camera}/{YYYY}/{MM}/{DD}/`: one listing of it is one camera's day. */
export function indexFolder(site: string, camera: string, day: string): string {
  return `${site}/index/${camera}/${day.replaceAll('-', '/')}/`;
}

/** The key of one index shard: `{hh}-{seq}.ndjson` in the folder of the UTC day and hour of `time`. */
export function indexKey(site: string, camera: string, time: number, seq: number): string {
  return `${indexFolder(site, camera, dayOf(time))}${pad(new Date(time).getUTCHours())}-${pad(seq, 6)}.ndjson`;
}

/** The source of files that were found without a row in the ledger: a remote may hold them already. */
export const ADOPTED = 'adopted';

/** The source of what was fetched from a camera's own recordings afterwards. */
export const BACKFILLED = 'backfilled';
