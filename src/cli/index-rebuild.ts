import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Rebuilt, rebuildIndex } from '../archive/rebuild-index.js';
import { PENDING_MS } from '../archive/verify/findings.js';
import { Identifier } from '../inbox/identify.js';
import { LAYOUTS } from '../inbox/layouts.js';
import { isName } from '../segment.js';
import { openRebuildPlace, type PlaceOptions } from './archive-place.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { count, size, usage } from './format.js';

interface RebuildOptions extends PlaceOptions {
  camera?: string;
  layout?: string;
  dryRun?: boolean;
  all?: boolean;
}

/** `nvr-uplink index rebuild`: lists media that no index lists. Exit status 3 where something could not be read. */
export async function indexRebuild(context: Context, options: RebuildOptions): Promise<number> {
  const { layout = 'auto', camera } = options;
  if (layout !== 'auto' && !layout.includes('{') && !LAYOUTS.some((name) => name === layout)) {
    throw usage(`--layout ${layout} is not known`, `Known are: auto, ${LAYOUTS.join(', ')}, or a template with {…}`);
  }
  if (camera !== undefined && !isName(camera))
    throw usage(`--camera ${camera} is not a camera's name`, 'Names are of a-z, 0-9 and "-", and it may be a new one.');
  const place = await openRebuildPlace(context, options);
  const scratch = await mkdtemp(join(tmpdir(), 'nvr-uplink-index-'));
  const writer = options.dryRun ? undefined : await place.writer();
  try {
    const identifier = new Identifier({ layout, camera, timezone: place.timezone }, [], 'unknown');
    const result = await rebuildIndex({
      ...{ reader: place.reader, site: place.site, now: context.clock.now(), signal: context.signal },
      pendingMs: options.all ? 0 : PENDING_MS,
      readForeign: (path, writtenAt) => {
        const found = identifier.identify(path, writtenAt);
        return found.known ? found : undefined;
      },
      put: async (key, text) => {
        if (!writer) return;
        const file = join(scratch, 'shard');
        await writeFile(file, text);
        await writer.put(key, file, context.signal);
      },
      onFile: teller(context, options),
    });
    report(context, options, place.reader.name, result);
    return result.unread.length + result.frozen.length > 0 ? EXIT.degraded : EXIT.ok;
  } finally {
    await writer?.close();
    place.reader.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function teller({ clock, stderr }: Context, { quiet, json }: RebuildOptions) {
  let toldAt = clock.monotonic();
  return (key: string, bytes: number) => {
    if (quiet || json || clock.monotonic() - toldAt < 1_000) return;
    toldAt = clock.monotonic();
    stderr.write(`reading ${key} (${size(bytes)}) …\n`);
  };
}

function report(context: Context, { json, dryRun }: RebuildOptions, where: string, result: Rebuilt): void {
  if (json) {
    printJson(context, { ...result, dryRun: dryRun ?? false });
    return;
  }
  const { listed, bytes, shards, known, unread, frozen, young } = result;
  for (const key of unread) print(context, `${key}: its name tells neither camera nor time`);
  for (const key of frozen) print(context, `${key}: frozen; thaw it first: nvr-uplink restore`);
  const done = dryRun ? 'would be listed' : 'listed';
  print(
    context,
    `${where}: ${count(listed, 'file')} ${done} in ${count(shards, 'shard')}, ${size(bytes)} read; listed already: ${known}.`,
  );
  if (young > 0)
    print(
      context,
      `${count(young, 'file')} younger than 2 h left to the recorder that may be about to list them; --all lists them too.`,
    );
  if (unread.length > 0)
    print(context, 'Say how they are named: --layout TEMPLATE, and of which camera they are: --camera NAME');
}
