import type { Connection } from './database.js';

/** A copy that a remote was seen to have, or a try that failed. Times are UTC milliseconds. */
export interface DeliveryTold {
  remote: string;
  camera: string;
  kind: string;
  bytes: number;
  /** When its footage was over. */
  end: number;
  /** Something moved while it was recorded. */
  isMotion: boolean;
  source: string;
}

export interface Recorded {
  camera: string;
  kind: string;
  ms: number;
  files: number;
  bytes: number;
}

/** What figures are made of. Whatever is asked costs what is new or waiting, never what there ever was (invariant I8). */
export class Tallies {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  /** Up to which file everything is settled: what is still on its way into the spool may yet be forgotten. */
  settledFile(): number {
    const row = this.#db
      .prepare(
        `SELECT coalesce((SELECT min(id) - 1 FROM files WHERE state = 'committing'), (SELECT max(id) FROM files), 0) AS id`,
      )
      .get()!;
    return row.id as number;
  }

  /** Files that came into the spool after one and up to another, index shards left out. */
  recorded(after: number, upTo: number): Recorded[] {
    return this.#db
      .prepare(
        `SELECT camera, kind, sum(end - start) AS ms, count(*) AS files, sum(bytes) AS bytes FROM files
         WHERE id > ? AND id <= ? AND kind <> 'index' GROUP BY camera, kind`,
      )
      .all(after, upTo)
      .map((row) => row as unknown as Recorded);
  }

  /** How many files wait for a remote: of what moved, of pictures and the index, of the rest. Read from an index alone. */
  waiting(remote: string): { motion: number; small: number; rest: number } {
    const count = (urgency: number) =>
      this.#db
        .prepare("SELECT count(*) AS count FROM deliveries WHERE remote = ? AND state = 'waiting' AND urgency = ?")
        .get(remote, urgency)!.count as number;
    return { motion: count(0), small: count(1), rest: count(2) };
  }

  /** A delivery as it is told of. */
  delivery(file: number, remote: string): DeliveryTold | undefined {
    const row = this.#db
      .prepare(
        `SELECT f.camera, f.kind, f.bytes, f.end, f.source, d.urgency FROM deliveries d JOIN files f ON f.id = d.file
         WHERE d.file = ? AND d.remote = ?`,
      )
      .get(file, remote);
    if (!row) return undefined;
    const { urgency, ...told } = row;
    return { remote, isMotion: urgency === 0, ...(told as unknown as Omit<DeliveryTold, 'remote' | 'isMotion'>) };
  }
}
