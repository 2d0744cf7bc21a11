import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import type { EntriesReply, SessionReply, StatusReport } from '../../src/browse/api.js';
import { dayOf } from '../../src/segment.js';
import { type Footage, NOW, SITE } from './footage.js';

export const PASSWORD = 'open sesame';

export interface PagesServer {
  url: string;
  status: StatusReport;
  close(): Promise<void>;
}

/** Serves the built pages and the API they read, over made footage; the clock stands at {@link NOW}. */
export async function servePages(footage: Footage, needsLogin = false): Promise<PagesServer> {
  const app = express();
  const status = statusReport();
  let signedIn = !needsLogin;
  app.use((_request, response, next) => {
    response.set({ 'Content-Security-Policy': "default-src 'self'", Date: new Date(NOW).toUTCString() });
    next();
  });
  app.use(express.static('dist/web', { index: false }));
  app.get(['/', '/login', '/timeline', '/photos'], (_request, response) => {
    response.sendFile(join(process.cwd(), 'dist/web/index.html'));
  });
  app.post('/api/v1/login', express.json(), (request, response) => {
    signedIn = (request.body as { password?: string }).password === PASSWORD;
    if (signedIn) response.status(204).end();
    else response.status(401).json({ error: { code: 'wrong-password', message: 'Wrong user or password.' } });
  });
  app.use((_request, response, next) => {
    if (signedIn) next();
    else response.status(401).json({ error: { code: 'sign-in', message: 'Sign in first.' } });
  });
  app.get('/api/v1/session', (_request, response) => {
    response.json({
      user: needsLogin ? 'admin' : null,
      site: SITE,
      timezone: 'Europe/Copenhagen',
      version: '0.1.0',
    } satisfies SessionReply);
  });
  app.get('/api/v1/status', (_request, response) => void response.json(status));
  serveFootage(app, footage);
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    status,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function serveFootage(app: express.Express, { entries, files }: Footage): void {
  const cameras = [...new Set(entries.map((entry) => entry.camera))];
  app.get('/api/v1/cameras', (_request, response) => void response.json({ cameras }));
  app.get('/api/v1/days', ({ query }, response) => {
    const mine = entries.filter((entry) => entry.camera === query.camera);
    response.json({ camera: query.camera, days: [...new Set(mine.map((entry) => dayOf(entry.start)))].sort() });
  });
  app.get('/api/v1/entries', ({ query }, response) => {
    const mine = entries.filter((entry) => entry.camera === query.camera && dayOf(entry.start) === query.day);
    const reply: EntriesReply = { camera: String(query.camera), day: String(query.day), now: NOW, entries: mine };
    response.json(reply);
  });
  const snapshots = entries
    .flatMap((entry) => (entry.type === 'snapshot' ? [entry] : []))
    .sort((a, b) => b.start - a.start);
  app.get('/api/v1/photos', ({ query }, response) => {
    const older = snapshots.filter(
      (one) => (!query.camera || one.camera === query.camera) && one.start < Number(query.before ?? Infinity),
    );
    const page = older.slice(0, Number(query.limit));
    response.json({
      photos: page.map((one) => ({ camera: one.camera, at: one.start, url: `/api/v1/media/${one.key}` })),
      ...(page.length < older.length ? { before: page.at(-1)!.start } : {}),
    });
  });
  app.get('/latest', ({ query }, response) => {
    const latest = snapshots.find((one) => one.camera === query.camera);
    if (!latest) return void response.status(404).json({ error: { code: 'no-picture', message: 'No picture yet.' } });
    response.sendFile(files.get(latest.key)!, {
      lastModified: false,
      headers: { 'Last-Modified': new Date(latest.start).toUTCString() },
    });
  });
  app.get('/api/v1/media/*key', ({ params }, response) => {
    const file = files.get((params.key as unknown as string[]).join('/'));
    if (file) response.sendFile(file);
    else response.status(404).json({ error: { code: 'unknown-key', message: 'There is no such file.' } });
  });
}

function statusReport(): StatusReport {
  const iso = (age: number) => new Date(NOW - age).toISOString();
  return {
    state: 'degraded',
    site: SITE,
    at: iso(0),
    version: '0.1.0',
    ffmpeg: { path: '/usr/bin/ffmpeg', version: '5.1.9' },
    cameras: [
      {
        name: 'front',
        recording: true,
        lastFrameAt: iso(900),
        lastVerifiedUploadAt: iso(3_610_000),
        backlog: { files: 11, bytes: 412_300_000, oldestAt: iso(3_600_000) },
        gaps24h: 1,
        gapSeconds24h: 15,
      },
      {
        name: 'yard',
        recording: false,
        reason: 'The camera at 192.168.1.21 refuses the password. Check cameras.yard.password.',
        lastFrameAt: iso(240_000),
        lastVerifiedUploadAt: null,
        backlog: { files: 0, bytes: 0, oldestAt: null },
        gaps24h: 2,
        gapSeconds24h: 2640,
      },
    ],
    remotes: [
      {
        name: 'archive',
        state: 'waiting',
        reason: 'The server closed the connection.',
        retryAt: new Date(NOW + 42_000).toISOString(),
      },
    ],
    disk: { usedBytes: 23_400_000_000, freeBytes: 87_000_000_000 },
    problems: [
      'Camera yard is not recording: the camera refuses the password.',
      'Nothing has been uploaded to archive for 1 h.',
    ],
  };
}
