/**
 * The ledger's tables. One SQLite file, WAL, `synchronous=FULL`: what a statement committed survives a power cut.
 * Times are UTC milliseconds. Migrations are appended, never edited: the index in this list is `user_version`.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

  -- One uninterrupted connection to a stream. anchor = wall time of media time 0.
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, camera TEXT NOT NULL, started_at INTEGER NOT NULL,
    anchor INTEGER, ended_at INTEGER, cause TEXT
  ) STRICT;
  CREATE INDEX runs_camera ON runs (camera, started_at);

  -- Every file that ever became part of the archive.
  -- state: committing (renamed into the spool or about to be) -> ready -> removed (the local copy is gone), or lost.
  CREATE TABLE files (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
    kind TEXT NOT NULL, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, crc64nvme TEXT, codecs TEXT, width INTEGER, height INTEGER,
    source TEXT NOT NULL, run TEXT, seq INTEGER, origin TEXT, created_at INTEGER NOT NULL,
    verified_at INTEGER, indexed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX files_time ON files (camera, kind, start);
  CREATE INDEX files_run ON files (run, seq);
  CREATE INDEX files_local ON files (verified_at) WHERE state = 'ready' AND verified_at IS NOT NULL;
  CREATE INDEX files_committing ON files (id) WHERE state = 'committing';
  CREATE INDEX files_to_index ON files (camera, start) WHERE indexed = 0 AND verified_at IS NOT NULL AND kind <> 'index';
  CREATE INDEX files_backlog ON files (camera, start) WHERE state = 'ready' AND verified_at IS NULL;

  -- One row for each file and each remote it has to reach.
  CREATE TABLE deliveries (
    file INTEGER NOT NULL REFERENCES files (id), remote TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, next_attempt_at INTEGER NOT NULL DEFAULT 0, error TEXT,
    verified_at INTEGER, proven_by TEXT, PRIMARY KEY (file, remote)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveries_waiting ON deliveries (remote, next_attempt_at, file DESC) WHERE state = 'waiting';

  CREATE TABLE gaps (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER,
    cause TEXT NOT NULL, detail TEXT, indexed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX gaps_time ON gaps (camera, start);
  CREATE UNIQUE INDEX gaps_open ON gaps (camera) WHERE end IS NULL;
  CREATE INDEX gaps_to_index ON gaps (camera, start) WHERE indexed = 0 AND end IS NOT NULL;

  -- The end of each camera's index chain.
  CREATE TABLE chains (
    camera TEXT PRIMARY KEY, n INTEGER NOT NULL, prev TEXT NOT NULL, shard INTEGER NOT NULL
  ) STRICT;

  -- Every index shard written, and the last one the signature of its day covers.
  CREATE TABLE shards (
    camera TEXT NOT NULL, number INTEGER NOT NULL, day TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    head TEXT NOT NULL, PRIMARY KEY (camera, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX shards_day ON shards (day, camera);
  CREATE TABLE signatures (
    camera TEXT NOT NULL, day TEXT NOT NULL, shard INTEGER NOT NULL, PRIMARY KEY (camera, day)
  ) STRICT, WITHOUT ROWID;
  `,
  // What is asked each minute costs what is there now, not everything there ever was (invariant I8).
  `
  CREATE INDEX files_span ON files (camera, start);
  CREATE INDEX files_end ON files (camera, kind, end);
  CREATE INDEX files_verified ON files (camera, kind, verified_at) WHERE verified_at IS NOT NULL;
  CREATE INDEX files_ready ON files (id, bytes) WHERE state = 'ready';
  DROP INDEX files_backlog;
  CREATE INDEX files_backlog ON files (camera, kind, start, bytes, created_at, verified_at)
    WHERE state = 'ready' AND verified_at IS NULL;
  CREATE INDEX gaps_end ON gaps (camera, end);

  -- Whether a put was ever begun: an object at the key may then be our own.
  ALTER TABLE deliveries ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
  UPDATE deliveries SET begun = 1 WHERE attempts > 0;
  `,
];
