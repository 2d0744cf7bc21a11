import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ffmpeg, findFfmpeg } from '../../lib/ffmpeg/find.js';
import { archivePages } from '../app-archive.js';
import { openPlace, type PlaceOptions } from './archive-place.js';
import { type Context, EXIT, print, printJson, version } from './context.js';
import { usage } from './format.js';
import { freePort } from './free-port.js';
import { serviceLog } from './service-log.js';

interface BrowseOptions extends PlaceOptions {
  port?: string;
}

/** `nvr-uplink browse`: what the recorder's pages show, from the archive alone, for whoever has the right to read it. */
export async function browse(context: Context, options: BrowseOptions): Promise<number> {
  const port = portOf(options.port);
  const { reader, sites, timezone } = await openPlace(context, options);
  const scratch = await mkdtemp(join(tmpdir(), 'nvr-uplink-browse-'));
  try {
    const pages = await archivePages({
      ...{ reader, sites, timezone, scratch, version: version(), clock: context.clock },
      ffmpeg: await ffmpegPath(context),
      listen: { host: '127.0.0.1', port: port ?? (await freePort()) },
      log: serviceLog(context, { ...options, quiet: !options.verbose }),
    });
    if (options.json) printJson(context, { event: 'ready', url: pages.url, archive: reader.name, sites });
    else print(context, welcome(pages.url, reader.name, sites));
    await pages.run(context.signal);
    return EXIT.ok;
  } finally {
    reader.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw usage(`--port ${text} is not a port`, 'Write a number from 0 to 65535.');
}

/** Without it there are no small pictures, and H.265 plays only where the browser can. */
async function ffmpegPath({ env, stderr }: Context): Promise<string | undefined> {
  try {
    return ((await findFfmpeg(env.NVR_UPLINK_FFMPEG)) satisfies Ffmpeg).path;
  } catch {
    stderr.write('ffmpeg is not there: no small pictures while dragging, and no transcoding of H.265.\n');
    return undefined;
  }
}

function welcome(url: string, archive: string, sites: readonly string[]): string {
  return [
    '',
    `  Open     ${url}`,
    '           It signs in one browser, once; everybody else is refused.',
    `  Archive  ${archive}: ${sites.join(', ')}   (read only)`,
    '',
    '  Stop with Ctrl-C.',
    '',
  ].join('\n');
}
