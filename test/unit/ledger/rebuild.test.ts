import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConnection } from '../../../src/ledger/database.js';
import { openOrRebuild, REBUILT_AT } from '../../../src/ledger/rebuild.js';
import { adoptSent } from '../../../src/spool/adopt-sent.js';
import { NOON, newFile, Storage } from '../../simulators/storage.js';

let storage: Storage;
let told: string[][];
beforeEach(() => {
  storage = new Storage();
  told = [];
});
afterEach(() => storage.close());

const open = () => {
  storage.ledger = openOrRebuild(storage.layout.ledger, NOON, (...what) => told.push(what));
  return storage.ledger;
};

/** Changes bytes in the middle of the file, as a bad sector or a bit flip does. */
function damage(at: number, bytes = 2_000): void {
  const connection = openConnection(storage.layout.ledger, 5_000);
  // What is in its log still would mend the file.
  connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
  connection.close();
  storage.ledger.close();
  const content = readFileSync(storage.layout.ledger);
  content.fill(0xa5, at, at + bytes);
  writeFileSync(storage.layout.ledger, content);
}

describe('a ledger', () => {
  it('that is whole is opened as it is', async () => {
    const { id } = await storage.commit();
    storage.ledger.close();
    expect(open().files.byId(id)).toBeDefined();
    expect(told).toEqual([]);
  });

  it.each([
    ['at its beginning', 0],
    ['somewhere in it', 40_000],
  ])(
    'damaged %s is set aside, and begun anew; nothing that lies here is lost or sent as something else (38)',
    async (_, at) => {
      for (let n = 0; n < 200; n++) storage.ledger.files.begin(newFile(NOON + n * 1_000));
      damage(at);
      const before = readFileSync(storage.layout.ledger);
      const ledger = open();
      expect(told).toHaveLength(1);
      expect(readFileSync(told[0]![1]!).equals(before)).toBe(true);
      expect(ledger.meta(REBUILT_AT)).toBe(String(NOON));
      expect(ledger.files.committing()).toEqual([]);
      expect(await adoptSent(storage.spool, ledger, storage.log, new AbortController().signal)).toBe(0);
      // Again, and neither of the old ones is written over.
      damage(0);
      open();
      expect(readdirSync(storage.root).filter((name) => /ledger\.db\.damaged-\d+(-2)?$/.test(name))).toHaveLength(2);
    },
  );

  it('that is locked or of a newer program is not taken for damaged', () => {
    storage.ledger.close();
    const other = openOrRebuild(storage.layout.ledger, NOON, () => undefined);
    other.transaction(() => {
      const again = openOrRebuild(storage.layout.ledger, NOON, (...what) => told.push(what));
      again.close();
    });
    expect(told).toEqual([]);
    storage.ledger = other;
  });
});
