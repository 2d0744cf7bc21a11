import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { freeBytes, writeFileDurably } from '../lib/files.js';
import type { ObjectReader } from '../lib/objects/object-reader.js';
import { App, type AppOptions } from './app.js';
import { AppAlerts } from './app-alerts.js';
import { tellMotion } from './app-motion.js';
import { ExportDesk } from './archive/export/desk.js';
import { makeExport } from './archive/export/make-export.js';
import { LastKnownPictures } from './archive/last-known.js';
import { LocalArchive } from './archive/local-archive.js';
import { MergedArchive } from './archive/merged-archive.js';
import { ObjectArchive } from './archive/object-archive.js';
import { archiveReader } from './archive/reader.js';
import { type Identity, loadIdentity } from './archive/signature.js';
import { Sprites } from './archive/sprites.js';
import { Transcoder } from './archive/transcode.js';
import type { ArchiveSource } from './archive-source.js';
import { spriteLayout } from './browse/api.js';
import { PatientWeb } from './browse/patient-web.js';
import { inboxCameras } from './config/inbox-cameras.js';
import { parseListen } from './config/listen.js';
import { type Access, loadAccess } from './operate/access.js';
import { AuditLog } from './operate/audit.js';
import { Metrics } from './operate/metrics.js';
import { type StatusInput, statusReport } from './operate/status.js';
import { TokenFile } from './operate/tokens.js';
import type { MediaEntry } from './segment.js';

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
  const { version } = options;
  let problemOfPages = (): string | undefined => undefined;
  const alerts: AppAlerts = new AppAlerts(app, async () => (await live()).conditions);
  const live = () => liveStatus(app, version, { pagesProblem: problemOfPages(), untold: alerts.untold });
  const access = await loadAccess(app.spool.layout.root, options.config.web);
  const web = await buildWeb(app, access, version, live);
  problemOfPages = () => web.problem;
  const { url, sideDoor } = await web.listen();
  app.add(web);
  const { service } = app.spool.layout;
  return {
    app,
    url,
    access,
    async run(signal) {
      // What `status` needs to ask us; readable by our own user only.
      await writeFileDurably(
        service,
        JSON.stringify({ pid: process.pid, url: sideDoor, token: access.localToken }),
        0o600,
      );
      try {
        await app.run(signal);
      } finally {
        await rm(service, { force: true });
      }
    },
  };
}

async function buildWeb(
  app: App,
  access: Access,
  version: string,
  status: () => ReturnType<typeof liveStatus>,
): Promise<PatientWeb> {
  const { config, clock, log, ffmpeg } = app.options;
  const { archive, reader, mediaOrigins } = await buildArchive(app);
  const { root } = app.spool.layout;
  const lastKnown = new LastKnownPictures(archive, clock);
  const audit = new AuditLog(join(root, 'audit.ndjson'), clock);
  const identity = await loadIdentity(join(root, 'identity.pem'));
  const deadlineMs = config.upload.deadline;
  const metrics = new Metrics(app.ledger, deadlineMs, () => clock.now());
  const about = () => ({ now: clock.now(), minFreeBytes: config.storage.min_free, deadlineMs });
  return new PatientWeb({
    archive,
    mediaOrigins,
    exports: exportDesk(join(root, 'exports'), () => ({ archive, reader, identity }), { clock, version }),
    ...{ audit, tokens: new TokenFile(join(root, 'tokens.json')) },
    ...seeing(ffmpeg.path, join(root, 'sprites'), () => archive),
    status,
    metrics: async () => ({
      type: metrics.contentType,
      text: await metrics.text({ report: await status(), ...about() }),
    }),
    latestPicture: async (camera, signal) => (await app.pictures.latest(camera, signal)) ?? lastKnown.of(camera),
    motion: (camera, action, forMs) => tellMotion(app.motion, camera, action, forMs),
    ...{ site: config.site, timezone: config.timezone, version, clock, log, pages: pagesFolder() },
    listen: parseListen(config.web.listen),
    hosts: config.web.hosts,
    username: access.username,
    passwordHash: access.passwordHash,
    sessionSecret: access.sessionSecret,
    localToken: access.localToken,
  });
}

/** Small pictures and transcoding, which need ffmpeg. */
export function seeing(ffmpeg: string, folder: string, archiveOf: (key: string) => ArchiveSource) {
  const sheets = new Sprites({ ffmpeg, folder, layout: spriteLayout });
  const transcoder = new Transcoder(ffmpeg);
  return {
    sprites: (segment: MediaEntry, signal: AbortSignal, picture?: number) => {
      const archive = archiveOf(segment.key);
      if (picture === undefined) return sheets.sheet(archive, segment, signal);
      return sheets.picture(archive, segment, picture, signal);
    },
    transcode: (segment: MediaEntry, fromMs: number, signal: AbortSignal) =>
      transcoder.film(archiveOf(segment.key), segment, fromMs, signal),
  };
}

/** Exports ordered from the pages, in `folder`. */
export function exportDesk(
  folder: string,
  sourceOf: (site: string) => { archive: ArchiveSource; reader?: ObjectReader; identity?: Identity },
  { clock, version }: { clock: Clock; version: string },
): ExportDesk {
  return new ExportDesk(folder, (order, directory, signal) =>
    makeExport({
      ...{ ...order, ...sourceOf(order.site), directory, clock, signal },
      program: `nvr-uplink ${version}`,
    }),
  );
}

async function buildArchive(
  app: App,
): Promise<{ archive: ArchiveSource; reader?: ObjectReader; mediaOrigins: string[] }> {
  const { config, clock, log } = app.options;
  const { ready, sent } = app.spool.layout;
  const local = new LocalArchive({ ledger: app.ledger, folders: [sent, ready], clock, isRunning: true });
  if (!config.archive) return { archive: local, mediaOrigins: [] };
  const reader = await archiveReader(config.archive);
  const archive = new ObjectArchive({
    reader,
    site: config.site,
    onProblem: (problem) => log.warn({ ...problem }, 'a line of the index cannot be read'),
  });
  const merged = new MergedArchive(local, archive, ({ source, error }) =>
    log.warn({ source, error: messageOf(error) }, 'footage could not be looked up'),
  );
  return { archive: merged, reader, mediaOrigins: await linkOrigins(reader).catch(() => []) };
}

/** Where browsers may be sent to for media. Rejects where there are no credentials to sign addresses with. */
export async function linkOrigins(reader: ObjectReader): Promise<string[]> {
  return reader.link ? [new URL(await reader.link('any')).origin] : [];
}

/** `about`: what the app itself does not know: why the pages are not where they should be, and who cannot be told of problems. */
export async function liveStatus(app: App, version: string, about: Pick<StatusInput, 'pagesProblem' | 'untold'> = {}) {
  const { config, clock, ffmpeg } = app.options;
  return statusReport({
    ...{ site: config.site, version, now: clock.now(), running: true, ffmpeg, ledger: app.ledger },
    cameras: new Map(Object.keys(config.cameras).map((name) => [name, app.recorder(name)?.state])),
    motion: new Map([...app.motion].map(([name, one]) => [name, { ...one.watch.state, needed: one.isNeeded() }])),
    remotes: new Map(app.uploaders.map((uploader) => [uploader.remoteName, uploader.state])),
    inbox: app.inbox && { doors: app.inbox.doors, cameras: inboxCameras(config) },
    disk: { freeBytes: await freeBytes(config.storage.dir), minFreeBytes: config.storage.min_free },
    deadlineMs: config.upload.deadline,
    mqttProblem: app.hearing?.problem,
    ...about,
  });
}

/** `dist/web`, seen from the sources or from `dist` itself. */
export function pagesFolder(): string {
  const places = ['../web/index.html', '../dist/web/index.html'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const built = places.filter((place) => place.includes('/dist/')).find((place) => existsSync(place));
  return (built ?? places[1]!).replace(/\/index\.html$/, '');
}
