import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConnection, openDatabase } from '../../../src/ledger/database.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MIGRATIONS } from '../../../src/ledger/schema.js';
import { NOON, newFile } from '../../simulators/storage.js';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ledger-'));
  path = join(dir, 'ledger.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

const version = () => {
  const connection = openConnection(path, 0);
  const found = connection.prepare('PRAGMA user_version').get()!.user_version;
  connection.close();
  return found;
};

describe('the ledger file', () => {
  it('is brought from the first schema to the newest with what it holds', () => {
    const old = openConnection(path, 0);
    old.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1;`);
    old.exec(`INSERT INTO files (id, key, name, state, kind, camera, start, end, bytes, sha256, source, created_at)
      VALUES (7, 'k', 'n', 'ready', 'continuous', 'gate', 1, 2, 3, 'x', 'rtsp', 4);
      INSERT INTO deliveries (file, remote, state, attempts) VALUES (7, 'far', 'waiting', 2)`);
    old.close();
    const ledger = new Ledger(path);
    expect(ledger.files.backlog('gate')).toMatchObject({ files: 1, bytes: 3 });
    // An earlier version had tried to send it: what lies at its key may be ours.
    expect(ledger.deliveries.newestOf('far', 'gate', 0, new Set())).toMatchObject({ attempts: 2, begun: true });
    ledger.close();
    expect(version()).toBe(MIGRATIONS.length);
  });

  it('stays as it was when a migration fails', () => {
    const old = openConnection(path, 0);
    old.exec(`${MIGRATIONS[0]}; CREATE TABLE files_end (x); PRAGMA user_version = 1;`);
    old.close();
    expect(() => openDatabase(path)).toThrow(/files_end/);
    expect(version()).toBe(1);
    const fixed = openConnection(path, 0);
    fixed.exec('DROP TABLE files_end');
    fixed.close();
    openDatabase(path).close();
    expect(version()).toBe(MIGRATIONS.length);
  });

  it('is not touched when a newer program wrote it', () => {
    openDatabase(path).close();
    const newer = openConnection(path, 0);
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    expect(() => new Ledger(path)).toThrow(expect.objectContaining({ code: 'ledger-newer', kind: 'permanent' }));
    expect(version()).toBe(MIGRATIONS.length + 1);
  });

  it('says what to do when it is damaged', () => {
    writeFileSync(path, 'not a database, and longer than its header would be'.repeat(40));
    expect(() => new Ledger(path)).toThrow(
      expect.objectContaining({ code: 'ledger-damaged', hint: expect.stringContaining('Move the file aside') }),
    );
  });

  it('survives a power cut after a commit: WAL, synchronous, and can be read by another process meanwhile', () => {
    const ledger = new Ledger(path);
    const reader = new Ledger(path);
    ledger.transaction(() => {
      ledger.files.begin(newFile(NOON));
      expect(reader.files.committing()).toEqual([]);
    });
    expect(reader.files.committing()).toHaveLength(1);
    reader.close();
    ledger.close();
    const connection = openDatabase(path);
    expect(connection.prepare('PRAGMA journal_mode').get()!.journal_mode).toBe('wal');
    expect(connection.prepare('PRAGMA synchronous').get()!.synchronous).toBe(2);
    expect(connection.prepare('PRAGMA foreign_keys').get()!.foreign_keys).toBe(1);
    connection.close();
  });
});
