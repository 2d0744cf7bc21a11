import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** By these a storage folder is told. */
const MARKS = ['ledger.db', 'identity.pem', 'session-secret'];

/** Whether a folder is a recorder's `storage.dir`: with keys, passwords, and footage that the recorder itself sends. */
export function isStorage(folder: string): boolean {
  return MARKS.some((name) => existsSync(join(folder, name)));
}

/** What never leaves the machine, wherever it lies: it signs footage in the recorder's name, or lets somebody in. */
export function isOwnName(name: string): boolean {
  return /^(?:identity\.pem|session-secret|web-password|ledger\.db.*|\.env)$/i.test(name);
}
