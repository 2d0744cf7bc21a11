import { existsSync } from 'node:fs';
import { Failure, messageOf } from '../../lib/errors.js';
import { type Connection, openConnection } from '../ledger/database.js';

/** `status` looks whether somebody holds it, and must not keep a recorder that starts at that moment from running. */
const LOOK_MS = 250;

/** Held while this process runs. The operating system releases it even after SIGKILL: there is no stale lock. */
export interface InstanceLock {
  release(): void;
}

/**
 * Makes sure that only one recorder uses a storage folder. The lock is SQLite's own exclusive lock on a database of its
 * own (POSIX and Windows file locks through a library that knows them), so that `status` can still read the ledger.
 * Throws a `Failure` with code `already-running`.
 */
export function acquireLock(path: string): InstanceLock {
  let connection: Connection | undefined;
  try {
    connection = openConnection(path, LOOK_MS);
    connection.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE;');
    connection.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL); BEGIN EXCLUSIVE; DELETE FROM holder;');
    connection.prepare('INSERT INTO holder VALUES (?)').run(process.pid);
    const held = connection;
    return { release: () => release(held) };
  } catch (error) {
    connection?.close();
    // Not just "lock": that is in the name of the file.
    if (!/database is locked/i.test(messageOf(error))) throw error;
    throw new Failure('Another nvr-uplink is running on this storage folder', {
      kind: 'permanent',
      code: 'already-running',
      hint: 'See what it does with `nvr-uplink status`, or give this one a `storage.dir` of its own.',
      cause: error,
    });
  }
}

/** Whether a recorder runs on this storage folder; undefined where that cannot be told. */
export function isHeld(path: string): boolean | undefined {
  if (!existsSync(path)) return false;
  let connection: Connection | undefined;
  try {
    connection = openConnection(path, 0);
    connection.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return /database is locked/i.test(messageOf(error)) ? true : undefined;
  } finally {
    connection?.close();
  }
}

function release(held: Connection): void {
  // Closing alone leaves the lock in place until the statements are collected as garbage.
  held.exec('ROLLBACK; PRAGMA locking_mode = NORMAL; SELECT count(*) FROM holder;');
  held.close();
}
