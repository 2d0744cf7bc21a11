import { userInfo } from 'node:os';
import Database from 'libsql';
import { Failure, messageOf } from '../../lib/errors.js';
import { MIGRATIONS } from './schema.js';

export type Row = Record<string, unknown>;

/** The few calls we use of libsql's synchronous API; its own typings are `any`. */
export interface Statement {
  run(...values: unknown[]): { changes: number; lastInsertRowid: number };
  get(...values: unknown[]): Row | undefined;
  all(...values: unknown[]): Row[];
}

export interface Connection {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

/** Opens any SQLite file. `busyMs`: how long to wait for another process's lock. */
export function openConnection(path: string, busyMs: number): Connection {
  return new Database(path, { timeout: busyMs }) as unknown as Connection;
}

/** Opens the ledger and brings it to today's schema. Throws a `Failure` for a damaged file, one that may not be written, or a newer schema. */
export function openDatabase(path: string): Connection {
  let connection: Connection | undefined;
  try {
    connection = openConnection(path, 5_000);
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    migrate(connection, path);
    return connection;
  } catch (error) {
    connection?.close();
    if (error instanceof Failure) throw error;
    if (/readonly database/i.test(messageOf(error))) throw unwritable(path, error);
    throw new Failure(`The ledger ${path} cannot be opened: ${messageOf(error)}`, {
      kind: 'permanent',
      code: 'ledger-damaged',
      hint: 'Move the file aside and start again: the ledger is rebuilt from the files in the spool; footage is not touched.',
      cause: error,
    });
  }
}

/** Whole, as far as anybody knows: it must not be called damaged, and be moved away. */
function unwritable(path: string, cause: unknown): Failure {
  return new Failure(`The ledger ${path} may not be written by ${userInfo().username}, not even to be read`, {
    ...{ kind: 'permanent', code: 'ledger-unwritable', cause },
    hint: 'Run this as the user the recorder runs as; where it is that one, its disk is mounted for reading only.',
  });
}

/** Whether SQLite found no room to write. */
export function isDiskFull(error: unknown): boolean {
  return /database or disk is full/i.test(messageOf(error));
}

/** Statements that find the disk full are run once more where `makeRoom` made some. */
export function makingRoom(inner: Connection, makeRoom: () => boolean): Connection {
  const twice = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      if (!isDiskFull(error) || !makeRoom()) throw error;
      return work();
    }
  };
  return {
    prepare: (sql) => {
      const statement = inner.prepare(sql);
      return {
        run: (...values) => twice(() => statement.run(...values)),
        get: (...values) => statement.get(...values),
        all: (...values) => statement.all(...values),
      };
    },
    exec: (sql) => twice(() => inner.exec(sql)),
    close: () => inner.close(),
  };
}

function migrate(connection: Connection, path: string): void {
  if (versionOf(connection) === MIGRATIONS.length) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    migrateLocked(connection, path);
    connection.exec('COMMIT');
  } catch (error) {
    // Closing alone leaves the lock in place until the statements are collected as garbage.
    connection.exec('ROLLBACK');
    throw error;
  }
}

/** The version is asked for again under the lock: `status` and `run` may both have found the old schema. */
function migrateLocked(connection: Connection, path: string): void {
  const version = versionOf(connection);
  if (version > MIGRATIONS.length) {
    throw new Failure(`The ledger ${path} was written by a newer nvr-uplink (schema ${version})`, {
      kind: 'permanent',
      code: 'ledger-newer',
      hint: 'Install the newer version again; going back is not possible.',
    });
  }
  for (const migration of MIGRATIONS.slice(version)) connection.exec(migration);
  connection.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
}

function versionOf(connection: Connection): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}
