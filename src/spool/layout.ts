import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where everything lies below `storage.dir`. All of it must be on one file system: files move by rename. */
export interface SpoolLayout {
  root: string;
  ledger: string;
  lock: string;
  /** How to reach the running service: address and token, readable by its owner only. */
  service: string;
  /** `work/{camera}/{run}/000000.mp4`: being recorded, and not yet footage. */
  work: string;
  /** Finished files waiting for upload. Flat, and nothing else is in here: it is what the uploader watches. */
  ready: string;
  /** Uploaded and verified; kept until retention frees them. */
  sent: string;
  /** Index shards on their way into the spool. */
  index: string;
  /** Files nobody can make sense of; never deleted by us. */
  quarantine: string;
}

export function spoolLayout(root: string): SpoolLayout {
  return {
    root,
    ledger: join(root, 'ledger.db'),
    lock: join(root, 'lock.db'),
    service: join(root, 'service.json'),
    work: join(root, 'work'),
    ready: join(root, 'spool'),
    sent: join(root, 'sent'),
    index: join(root, 'index'),
    quarantine: join(root, 'quarantine'),
  };
}

/** Creates the folders that are missing. Throws the plain error of the file system. */
export function createSpool(layout: SpoolLayout): void {
  mkdirSync(layout.root, { recursive: true, mode: 0o750 });
  for (const folder of [layout.work, layout.ready, layout.sent, layout.index, layout.quarantine])
    mkdirSync(folder, { recursive: true });
}
