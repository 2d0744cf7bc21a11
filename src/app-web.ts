import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../lib/errors.js';
import { freeBytes, writeFileDurably } from '../lib/files.js';
import { App, type AppOptions } from './app.js';
import { FolderArchive } from './archive/folder-archive.js';
import { LocalArchive } from './archive/local-archive.js';
import { MergedArchive } from './archive/merged-archive.js';
import type { ArchiveSource } from './archive-source.js';
import { WebServer } from './browse/server.js';
import { type Access, loadAccess } from './operate/access.js';
import { statusReport } from './operate/status.js';

export interface StartedApp {
  app: App;
  /** Where the pages are. */
  url: string;
  access: Access;
  run(signal: AbortSignal): Promise<void>;
}

/** The recorder with its pages. Listening already when this resolves; nothing is recorded before `run`. */
export async function startApp(options: AppOptions & { version: string }): Promise<StartedApp> {
  const app = await App.open(options);
  const access = await loadAccess(app.spool.layout.root, options.config.web);
  const web = buildWeb(app, access, options.version);
  const { url } = await web.listen();
  app.add(web);
  const { service } = app.spool.layout;
  return {
    app,
    url,
    access,
    async run(signal) {
      // What `status` needs to ask us; readable by our own user only.
      await writeFileDurably(service, JSON.stringify({ pid: process.pid, url, token: access.localToken }), 0o600);
      try {
        await app.run(signal);
      } finally {
        await rm(service, { force: true });
      }
    },
  };
}

function buildWeb(app: App, access: Access, version: string): WebServer {
  const { config, clock, log } = app.options;
  return new WebServer({
    archive: buildArchive(app),
    status: () => liveStatus(app, version),
    latestPicture: (camera, signal) => app.pictures.latest(camera, signal),
    ...{ site: config.site, timezone: config.timezone, version, clock, log, pages: pagesFolder() },
    listen: parseListen(config.web.listen),
    hosts: config.web.hosts,
    username: access.username,
    passwordHash: access.passwordHash,
    sessionSecret: access.sessionSecret,
    localToken: access.localToken,
  });
}

function buildArchive(app: App): ArchiveSource {
  const { config, clock, log } = app.options;
  const { ready, sent } = app.spool.layout;
  const local = new LocalArchive({ ledger: app.ledger, folders: [sent, ready], clock });
  if (!config.archive) return local;
  const archive = new FolderArchive({
    root: config.archive.path,
    site: config.site,
    onProblem: (problem) => log.warn({ ...problem }, 'a line of the index cannot be read'),
  });
  return new MergedArchive(local, archive, ({ source, error }) =>
    log.warn({ source, error: messageOf(error) }, 'footage could not be looked up'),
  );
}

export async function liveStatus(app: App, version: string) {
  const { config, clock, ffmpeg } = app.options;
  return statusReport({
    ...{ site: config.site, version, now: clock.now(), running: true, ffmpeg, ledger: app.ledger },
    cameras: new Map(Object.keys(config.cameras).map((name) => [name, app.recorder(name)?.state])),
    remotes: new Map(app.uploaders.map((uploader) => [uploader.remoteName, uploader.state])),
    disk: { freeBytes: await freeBytes(config.storage.dir), minFreeBytes: config.storage.min_free },
  });
}

/** `dist/web`, seen from the sources or from `dist` itself. */
function pagesFolder(): string {
  const places = ['../web/index.html', '../dist/web/index.html'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const built = places.filter((place) => place.includes('/dist/')).find((place) => existsSync(place));
  return (built ?? places[1]!).replace(/\/index\.html$/, '');
}

/** `8080`, `127.0.0.1:8080`, `[::1]:8080`, `:8080`. */
export function parseListen(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(text) ?? [];
  return { host: host?.replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(port ?? 8080) };
}
