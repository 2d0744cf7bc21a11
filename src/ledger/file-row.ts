import type { MediaEntry, MediaKind } from '../segment.js';
import type { Row } from './database.js';

export type FileState = 'committing' | 'ready' | 'removed' | 'lost';

/** A file of the archive as this recorder knows it. Index shards are files too, of kind `index`. */
export interface FileRow {
  id: number;
  key: string;
  /** Its name in the spool. */
  name: string;
  state: FileState;
  kind: MediaKind | 'index';
  camera: string;
  start: number;
  end: number;
  bytes: number;
  sha256: string;
  crc64nvme?: string;
  codecs?: string[];
  width?: number;
  height?: number;
  source: string;
  run?: string;
  seq?: number;
  /** The working file it was made from, removed once this row is `ready`. */
  origin?: string;
  /** What it was called where it came from. */
  original?: string;
  dated?: 'arrival';
  /** Which clock its times are of; see `ClockSteps.era`. */
  era: number;
  createdAt: number;
  /** When the copy on every remote was verified. */
  verifiedAt?: number;
}

/** The era that goes on where none is given. */
export type NewFile = Omit<FileRow, 'id' | 'state' | 'verifiedAt' | 'crc64nvme' | 'era'> & { era?: number };

/** What {@link fileRow} reads. */
export const COLUMNS =
  'id, key, name, state, kind, camera, start, end, bytes, sha256, crc64nvme, codecs, width, height, source, run, seq, origin, original, dated, era, created_at, verified_at';

export function fileRow(row: Row): FileRow {
  const optional = <T>(value: unknown) => (value === null ? undefined : (value as T));
  const codecs = optional<string>(row.codecs);
  return {
    id: row.id as number,
    key: row.key as string,
    name: row.name as string,
    state: row.state as FileState,
    kind: row.kind as FileRow['kind'],
    camera: row.camera as string,
    start: row.start as number,
    end: row.end as number,
    bytes: row.bytes as number,
    sha256: row.sha256 as string,
    crc64nvme: optional(row.crc64nvme),
    codecs: codecs === undefined ? undefined : (JSON.parse(codecs) as string[]),
    width: optional(row.width),
    height: optional(row.height),
    source: row.source as string,
    run: optional(row.run),
    seq: optional(row.seq),
    origin: optional(row.origin),
    original: optional(row.original),
    dated: optional(row.dated),
    era: row.era as number,
    createdAt: row.created_at as number,
    verifiedAt: optional(row.verified_at),
  };
}

/** The index entry of a media file; what moved while it was recorded is told by `Motion.within`. */
export function mediaEntry(file: FileRow): MediaEntry {
  return {
    type: file.kind === 'snapshot' ? 'snapshot' : 'segment',
    key: file.key,
    kind: file.kind as MediaKind,
    camera: file.camera,
    start: file.start,
    end: file.end,
    bytes: file.bytes,
    sha256: file.sha256,
    crc64nvme: file.crc64nvme,
    codecs: file.codecs,
    width: file.width,
    height: file.height,
    source: file.source,
    run: file.run,
    seq: file.seq,
    original: file.original,
    dated: file.dated,
  };
}
