import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { nearestThere } from '../../lib/files.js';
import { linkedFolders } from '../config/apart.js';
import { ConfigFailure, faultLine } from '../config/faults.js';
import { inboxCameras } from '../config/inbox-cameras.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { type Machine, warningsOf } from '../config/warnings.js';
import { Ledger } from '../ledger/ledger.js';
import { abandonedProblem } from '../operate/conditions.js';
import { spoolLayout } from '../spool/layout.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';

/** `nvr-uplink config validate`: every fault at once, or what the file amounts to, and what cannot have been meant on this machine. */
export async function validate(context: Context, options: GlobalOptions): Promise<number> {
  const { config, origin } = loadConfig(options.config, context.env);
  const linked = linkedFolders(config);
  if (linked.length > 0) throw new ConfigFailure(origin, linked);
  const cameras = [...new Set([...Object.keys(config.cameras), ...inboxCameras(config)])];
  const remotes = Object.keys(config.remotes);
  const abandoned = abandonedRemotes(config.storage.dir, remotes);
  const warnings = warningsOf(config, await thisMachine(config));
  if (options.json) {
    printJson(context, { valid: true, origin, site: config.site, cameras, remotes, abandoned, warnings });
    return EXIT.ok;
  }
  print(context, `${origin} is valid.`);
  print(context, `  site     ${config.site}`);
  print(context, `  cameras  ${cameras.join(', ') || 'whichever deliver to the inbox'}`);
  print(context, `  remotes  ${remotes.join(', ') || 'none: footage stays on this disk only'}`);
  print(context, `  storage  ${config.storage.dir}`);
  for (const warning of warnings) print(context, `  !${faultLine(warning).slice(1)}`);
  for (const one of abandoned) print(context, `  ! ${abandonedProblem(one)}`);
  return EXIT.ok;
}

/** The disk is that of the folder, or of the nearest one above it that is there. */
async function thisMachine({ storage, remotes }: Config): Promise<Machine> {
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  const at = nearestThere(storage.dir);
  const { blocks, bsize } = await statfs(at);
  const disk = statSync(at).dev;
  // Of one that is not there nobody knows: its disk may not be mounted.
  const folders = Object.values(remotes).flatMap((remote) => (remote.type === 'folder' ? [remote.path] : []));
  const sameDisk = new Set(folders.filter((path) => deviceOf(path) === disk));
  const keys = Object.values(remotes).flatMap((remote) =>
    'key_file' in remote && remote.key_file ? [remote.key_file] : [],
  );
  const seen = [...folders, ...keys].map((path) => [path, deviceOf(path)] as const);
  const unseen = new Map(seen.filter((one): one is [string, 'missing' | 'hidden'] => typeof one[1] === 'string'));
  return { addresses, sameDisk, unseen, ...(blocks > 0 && { diskBytes: blocks * bsize }) };
}

function deviceOf(path: string): number | 'missing' | 'hidden' {
  try {
    return statSync(path).dev;
  } catch (error) {
    return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '') ? 'hidden' : 'missing';
  }
}

/** Valid as it is, the configuration may have dropped a remote that files still wait for. */
function abandonedRemotes(storage: string, remotes: readonly string[]) {
  const { ledger: path } = spoolLayout(storage);
  if (!existsSync(path)) return [];
  const ledger = new Ledger(path);
  try {
    return ledger.owed.abandoned(remotes).map(({ remote, files, bytes }) => ({ name: remote, files, bytes }));
  } finally {
    ledger.close();
  }
}
