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
  /** `backfill/{camera}/`: being fetched from a camera's own recordings; what is cut off is fetched again. */
  backfill: string;
  /** Finished files waiting for upload. Flat, and nothing else is in here: it is what the uploader watches. */
  ready: string;
  /** Uploaded and verified; kept until retention frees them. */
  sent: string;
  /** Index shards on their way into the spool. */
  index: string;
  /** What others deliver: `incoming/` for copies on their way into the spool, `ftp/{user}/` for what a user sends. */
  inbox: {
    incoming: string;
    ftp: string;
    /** Where our own files are, from which nothing is ever taken in. */
    offLimits: readonly string[];
  };
  /** Files nobody can make sense of; never deleted by us. */
  quarantine: string;
}

export function spoolLayout(root: string): SpoolLayout {
  const [work, ready, sent] = [join(root, 'work'), join(root, 'spool'), join(root, 'sent')];
  const [index, quarantine] = [join(root, 'index'), join(root, 'quarantine')];
  const inbox = join(root, 'inbox');
  const [incoming, ftp] = [join(inbox, 'incoming'), join(inbox, 'ftp')];
  return {
    root,
    ledger: join(root, 'ledger.db'),
    lock: join(root, 'lock.db'),
    service: join(root, 'service.json'),
    ...{ work, backfill: join(root, 'backfill'), ready, sent, index },
    inbox: { incoming, ftp, offLimits: [root, work, ready, sent, index, quarantine, inbox, incoming, ftp] },
    quarantine,
  };
}

/** Creates the folders that are missing. Throws the plain error of the file system. */
export function createSpool(layout: SpoolLayout): void {
  mkdirSync(layout.root, { recursive: true, mode: 0o750 });
  for (const folder of [layout.work, layout.ready, layout.sent, layout.index, layout.quarantine])
    mkdirSync(folder, { recursive: true });
}
