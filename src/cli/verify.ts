import type { Failure } from '../../lib/errors.js';
import { dayBounds } from '../archive/day.js';
import { archiveReader, remoteReader } from '../archive/reader.js';
import { camerasOf } from '../archive/verify/verify-archive.js';
import { inboxCameras } from '../config/inbox-cameras.js';
import { loadConfig, TO_VERIFY } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { Ledger } from '../ledger/ledger.js';
import { spoolLayout } from '../spool/layout.js';
import { isPlaced, openPlace } from './archive-place.js';
import { refuseUnknown } from './camera-in-archive.js';
import type { Context } from './context.js';
import { usage } from './format.js';
import { thereFor } from './storage-there.js';
import { Verification, type VerifyOptions } from './verification.js';

/**
 * `nvr-uplink verify`: disk, ledger and archive held against each other; of an archive named on the command line, that alone against
 * its own index; of a folder that `export` made, what it says of itself. Exit status 3 on any difference.
 */
export async function verify(context: Context, options: VerifyOptions, folder?: string): Promise<number> {
  if (folder !== undefined) return await (await import('./verify-export.js')).verifyExport(context, options, folder);
  const wrong = options.day?.find((day) => !dayBounds(day));
  if (wrong !== undefined) throw usage(`--day ${wrong} is not a day`, 'Write it as 2026-05-03 (UTC).');
  if (isPlaced(options)) {
    if (options.repair)
      throw usage('--repair is for a recorder', 'Use it with the configuration of one, on its machine.');
    return await verifyPlace(context, options);
  }
  const { config } = loadConfig(options.config, context.env, TO_VERIFY);
  const layout = spoolLayout(config.storage.dir);
  const ledger = thereFor(config, layout.ledger) ? new Ledger(layout.ledger) : undefined;
  try {
    if (options.camera) await requireKnown(options.camera, config, ledger);
    const run = new Verification(context, options, config, ledger);
    await run.all();
    if (!ledger && run.sawNothing) throw nothingThere(config.storage.dir);
    run.requireAny();
    if (options.repair && ledger) await run.repair(ledger);
    return run.report();
  } finally {
    ledger?.close();
  }
}

/** An archive with nothing else at hand: no recorder, no ledger, no configuration. */
async function verifyPlace(context: Context, options: VerifyOptions): Promise<number> {
  const { reader, sites } = await openPlace(context, options);
  try {
    if (options.camera) {
      const names = await Promise.all(sites.map((site) => camerasOf(reader, site)));
      refuseUnknown(options.camera, names.flat(), reader.name);
    }
    const run = new Verification(context, options);
    for (const site of sites) await run.readable(reader, site);
    run.requireAny();
    return run.report();
  } finally {
    reader.close();
  }
}

/** A slip of the pen is not to look like a camera of which nothing is missing. Stores are asked only for what nothing here knows: what was recorded before. */
async function requireKnown(cameras: readonly string[], config: Config, ledger: Ledger | undefined): Promise<void> {
  const names = [...Object.keys(config.cameras), ...inboxCameras(config), ...(ledger?.cameras() ?? [])];
  if (cameras.every((camera) => names.includes(camera))) return;
  const archive = config.archive && (await archiveReader(config.archive));
  const remotes = await Promise.all(Object.values(config.remotes).map(remoteReader));
  for (const reader of [archive, ...remotes]) {
    if (reader) names.push(...(await camerasOf(reader, config.site).finally(() => reader.close())));
  }
  refuseUnknown(cameras, names, 'the configuration, the ledger and what can be read of the archive');
}

/** Nothing was lost of what nobody wrote: that is no proof, and most likely the configuration of another recorder. */
function nothingThere(storage: string): Failure {
  return usage(
    `There is nothing to verify: \`storage.dir\` (${storage}) has no ledger, and no footage was found anywhere else`,
    'Nothing was recorded there yet; start with: nvr-uplink run. To verify an archive: --folder DIR, or --bucket NAME',
  );
}
