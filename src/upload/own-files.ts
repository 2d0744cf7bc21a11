import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedConfig } from '../config/load.js';

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

/** The storage folder that a folder lies in, or is. Undefined where none is above it. */
export function storageAbove(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (isStorage(at)) return at;
    if (at === dirname(at)) return undefined;
  }
}

/** Files that a configuration is read from or signs in with, by their real paths: whoever has them has the archive. */
export function ownPaths({ config, origin, secretFiles }: LoadedConfig): ReadonlySet<string> {
  const keys = Object.values(config.remotes).map((remote) => ('key_file' in remote ? remote.key_file : undefined));
  const named = [origin, ...secretFiles, ...keys, config.inbox?.ftp?.tls?.key_file];
  return new Set(named.flatMap((path) => (path !== undefined && existsSync(path) ? [realpathSync(path)] : [])));
}
