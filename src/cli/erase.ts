import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { carryOut, type ErasePlan, planErase } from '../archive/erase/erase.js';
import { eraseLocal, planLocal, unlistedKeys } from '../archive/erase/local.js';
import { archiveEraser } from '../archive/reader.js';
import { loadIdentity } from '../archive/signature.js';
import { Ledger } from '../ledger/ledger.js';
import { AuditLog } from '../operate/audit.js';
import { spoolLayout } from '../spool/layout.js';
import { openSite } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { count, size, usage } from './format.js';
import { shown } from './moments.js';
import { type SpanOptions, spanOf } from './spans.js';
import { thereFor } from './storage-there.js';
import { sameStore } from './verify-repair.js';

interface EraseOptions extends SpanOptions {
  reason?: string;
  yes?: boolean;
}

/** `nvr-uplink erase`: what somebody has a right to have erased, for good. Without `--yes` it only says what would go. */
export async function erase(context: Context, options: EraseOptions): Promise<number> {
  if (options.reason?.trim() === '')
    throw usage('`--reason` is empty', 'Write why it is erased, as the receipt is to say it, or leave --reason out.');
  const place = await openSite(context, options);
  const wanted = spanOf(options, place.timezone, context.clock.now());
  const eraser = await archiveEraser({ ...options, config: place.config }, context.env, context.clock);
  const layout = place.config && spoolLayout(place.config.storage.dir);
  const ledger =
    place.config && layout && thereFor(place.config, layout.ledger) ? new Ledger(layout.ledger) : undefined;
  try {
    const others = [...(ledger?.cameras() ?? []), ...Object.keys(place.config?.cameras ?? {})];
    await requireCamera({ reader: place.reader, sites: [place.site] }, wanted.camera, others);
    const unlisted = ledger ? unlistedKeys(ledger, wanted) : [];
    const target = { reader: place.reader, eraser, site: place.site, ...wanted, unlisted };
    const plan = await planErase(target);
    const local = ledger && layout ? planLocal(ledger, layout, wanted, plan.files) : undefined;
    const told = summary(plan, local?.rows.length ?? 0);
    if (!options.yes) {
      if (options.json) printJson(context, { dryRun: true, ...told, files: plan.files.map(({ key }) => key) });
      else for (const line of lines(plan, told, place.timezone)) print(context, line);
      return EXIT.ok;
    }
    const by = `command ${userInfo().username}`;
    const span = { from: new Date(wanted.start).toISOString(), to: new Date(wanted.end).toISOString() };
    const event = { action: 'erased', user: by, camera: wanted.camera, ...span, detail: options.reason } as const;
    if (ledger && layout) await new AuditLog(join(layout.root, 'audit.ndjson'), context.clock).note(event);
    if (ledger && layout && local) await eraseLocal(ledger, layout, local);
    const identity =
      layout && existsSync(join(layout.root, 'identity.pem'))
        ? await loadIdentity(join(layout.root, 'identity.pem'))
        : undefined;
    const erasing = { by, reason: options.reason ?? 'not said', now: context.clock.now(), identity };
    const receipts = await carryOut(target, plan, erasing);
    if (options.json) printJson(context, { dryRun: false, ...told, files: plan.files.map(({ key }) => key), receipts });
    else {
      print(context, `Erased: ${sentence(told)}.`);
      for (const key of receipts) print(context, `receipt: ${key}`);
      const remotes = place.config?.remotes ?? {};
      const covered = await sameStore(remotes, place.reader.name);
      print(context, notCovered(Object.keys(remotes).filter((name) => name !== covered)));
    }
    return EXIT.ok;
  } finally {
    ledger?.close();
    eraser.close();
    place.reader.close();
  }
}

interface Summary {
  erased: number;
  bytes: number;
  versions: number;
  indexEntries: number;
  localCopies: number;
}

function summary({ files, versions, shards }: ErasePlan, localCopies: number): Summary {
  return {
    erased: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    versions: [...versions.values()].reduce((sum, all) => sum + all.length, 0),
    indexEntries: shards.reduce((sum, { entries }) => sum + entries.length, 0),
    localCopies,
  };
}

function sentence({ erased, bytes, versions, indexEntries, localCopies }: Summary): string {
  return [
    `${count(erased, 'file')} (${size(bytes)})`,
    count(versions, 'stored version'),
    `${count(indexEntries, 'entry', 'entries')} of the index`,
    count(localCopies, 'local copy', 'local copies'),
  ].join(', ');
}

function lines({ files }: ErasePlan, told: Summary, timezone: string): string[] {
  return [
    ...files.map(({ start, end, key }) => `${shown(start, timezone)} to ${shown(end, timezone)}  ${key}`),
    `Would be erased, for good: ${sentence(told)}. Files go whole: one that only touches the span, too.`,
    'Nothing was changed. Do it with: --yes',
  ];
}

function notCovered(remotes: readonly string[]): string {
  const others = remotes.length > 0 ? `remotes (${remotes.join(', ')}) other than the archive, ` : '';
  return `Not covered: ${others}exports that were handed out, and backups.`;
}
