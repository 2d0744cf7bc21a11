import { existsSync, renameSync } from 'node:fs';
import { Failure, messageOf } from '../../lib/errors.js';
import { openConnection } from './database.js';
import { Ledger } from './ledger.js';

/** Where the ledger says since when it is a new one, in place of one that was damaged. */
export const REBUILT_AT = 'rebuilt-at';

/**
 * Opens the ledger; one that is damaged is set aside, and a new one begun: the spool, what was delivered, and the remotes fill it
 * again (`rescan`, `adoptSent`). `onDamage` is told what was found and where the old file is. Rejects for anything else.
 */
export function openOrRebuild(path: string, now: number, onDamage: (what: string, kept: string) => void): Ledger {
  const damage = existsSync(path) ? damageOf(path) : undefined;
  if (damage === undefined) return new Ledger(path);
  const kept = setAside(path, now);
  onDamage(damage, kept);
  const ledger = new Ledger(path);
  ledger.setMeta(REBUILT_AT, String(now));
  return ledger;
}

/** What SQLite finds wrong with the file; undefined for one that is whole, or that cannot be read at all for another reason. */
function damageOf(path: string): string | undefined {
  let connection: ReturnType<typeof openConnection> | undefined;
  try {
    connection = openConnection(path, 5_000);
    const first = Object.values(connection.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    return first === 'ok' ? undefined : String(first);
  } catch (error) {
    if (error instanceof Failure || !/malformed|not a database|corrupt/i.test(messageOf(error))) return undefined;
    return messageOf(error);
  } finally {
    connection?.close();
  }
}

/** With its log, which is of no use to another file. Never over an older one. */
function setAside(path: string, now: number): string {
  let kept = `${path}.damaged-${now}`;
  for (let n = 2; existsSync(kept); n++) kept = `${path}.damaged-${now}-${n}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix);
  }
  return kept;
}
