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
  // What a remote proved of its copy; until now nothing counted as delivered without its size.
  `
  ALTER TABLE deliveries ADD COLUMN proven TEXT;
  UPDATE deliveries SET proven = 'size' WHERE state = 'verified';
  CREATE INDEX deliveries_unproven ON deliveries (remote) WHERE state = 'unproven';
  `,
  // What is sent next: by urgency (src/upload/order.ts), newest first; the rest by camera, so that each gets its turn.
  `
  ALTER TABLE deliveries ADD COLUMN urgency INTEGER NOT NULL DEFAULT 2;
  ALTER TABLE deliveries ADD COLUMN camera TEXT NOT NULL DEFAULT '';
  UPDATE deliveries SET (camera, urgency) = (
    SELECT camera, CASE kind WHEN 'motion' THEN 0 WHEN 'snapshot' THEN 1 WHEN 'index' THEN 1 ELSE 2 END
    FROM files WHERE id = file);
  DROP INDEX deliveries_waiting;
  CREATE INDEX deliveries_urgent ON deliveries (remote, urgency, file DESC, next_attempt_at)
    WHERE state = 'waiting';
  CREATE INDEX deliveries_backlog ON deliveries (remote, camera, file DESC, next_attempt_at)
    WHERE state = 'waiting' AND urgency = 2;
  CREATE INDEX deliveries_postponed ON deliveries (remote, next_attempt_at)
    WHERE state = 'waiting' AND next_attempt_at > 0;
  CREATE INDEX deliveries_waiting ON deliveries (remote) WHERE state = 'waiting' AND error IS NOT NULL;
  CREATE INDEX deliveries_punctual ON deliveries (remote, verified_at) WHERE state = 'verified' AND urgency = 0;
  `,
  // Where a camera's times jump, because the wall clock was set.
  `
  CREATE TABLE clock_steps (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL,
    indexed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX clock_steps_camera ON clock_steps (camera, id);
  `,
  // What others deliver: what it was called there, and what became of each file, also of those that are no footage.
  `
  ALTER TABLE files ADD COLUMN original TEXT;
  ALTER TABLE files ADD COLUMN dated TEXT;
  -- outcome: stored (file names it), or set-aside (reason says why, kept says where it is).
  CREATE TABLE arrivals (
    id INTEGER PRIMARY KEY, door TEXT NOT NULL, path TEXT NOT NULL, bytes INTEGER NOT NULL, modified_at INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL, outcome TEXT NOT NULL, camera TEXT, key TEXT, known INTEGER NOT NULL, reason TEXT, kept TEXT
  ) STRICT;
  CREATE INDEX arrivals_time ON arrivals (outcome, arrived_at);
  CREATE INDEX arrivals_path ON arrivals (door, path);
  CREATE INDEX arrivals_key ON arrivals (key);
  CREATE INDEX files_original ON files (original) WHERE original IS NOT NULL;
  `,
  // What moved, and when nothing was to be recorded: an off that lasts is known up to its end, and no further.
  `
  CREATE TABLE motion (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER, score REAL
  ) STRICT;
  CREATE INDEX motion_time ON motion (camera, start);
  CREATE INDEX motion_end ON motion (camera, end);
  CREATE TABLE offs (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, reason TEXT NOT NULL,
    lasts INTEGER NOT NULL, indexed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX offs_end ON offs (camera, end);
  CREATE UNIQUE INDEX offs_open ON offs (camera) WHERE lasts = 1;
  CREATE INDEX offs_to_index ON offs (camera, start) WHERE indexed = 0 AND lasts = 0;
  `,
  // What a camera's files take here, and what may be given up first: asked every few seconds.
  `
  CREATE INDEX files_local_camera ON files (camera, verified_at, bytes) WHERE state = 'ready';
  CREATE INDEX files_unsent ON files (kind, start) WHERE state = 'ready' AND verified_at IS NULL;
  `,
  // Copies that came after a put that had failed, and are to be looked at once more.
  `
  CREATE INDEX deliveries_doubted ON deliveries (remote, next_attempt_at) WHERE state = 'doubted';
  `,
  // What was wrong, and who has yet to hear that it began or ended.
  `
  CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, condition TEXT NOT NULL, text TEXT NOT NULL, begun_at INTEGER NOT NULL, ended_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX alerts_open ON alerts (condition) WHERE ended_at IS NULL;
  CREATE TABLE alert_news (
    id INTEGER PRIMARY KEY, target TEXT NOT NULL, alert INTEGER NOT NULL REFERENCES alerts (id), what TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_news_target ON alert_news (target, id);
  `,
  // What cameras were asked to fill of the gaps, from their own recordings.
  `
  -- state: waiting (asked again at next_at) -> done, nothing or impossible.
  CREATE TABLE backfills (
    id INTEGER PRIMARY KEY, camera TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, detail TEXT
  ) STRICT;
  CREATE INDEX backfills_time ON backfills (camera, start);
  `,
  // Which clock a time is of: the last time a camera's clock was set before it was noted. A moment that was twice is told apart by that.
  `
  ALTER TABLE files ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
  DROP INDEX files_end;
  CREATE INDEX files_end ON files (camera, kind, end, era);
  ALTER TABLE gaps ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE offs ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
  UPDATE files SET era = coalesce((SELECT max(id) FROM clock_steps c WHERE c.camera = files.camera), 0);
  UPDATE gaps SET era = coalesce((SELECT max(id) FROM clock_steps c WHERE c.camera = gaps.camera), 0);
  UPDATE offs SET era = coalesce((SELECT max(id) FROM clock_steps c WHERE c.camera = offs.camera), 0);
  UPDATE runs SET era = coalesce((SELECT max(id) FROM clock_steps c WHERE c.camera = runs.camera), 0);
  `,
  // Until when a gap that lasts was seen to last: what a killed recorder knew of it.
  `
  ALTER TABLE gaps ADD COLUMN seen_at INTEGER;
  `,
  // The clock was set during a run: what of its media, before `until_ms`, is dated by which anchor, of which clock.
  `
  CREATE TABLE run_steps (
    run TEXT NOT NULL, until_ms INTEGER NOT NULL, anchor INTEGER NOT NULL, era INTEGER NOT NULL,
    PRIMARY KEY (run, until_ms)
  ) STRICT, WITHOUT ROWID;
  `,
  // What was sent, or was to be, from a local copy that is no longer what was committed.
  `
  CREATE INDEX deliveries_damaged ON deliveries (remote, file) WHERE state = 'damaged';
  `,
];
