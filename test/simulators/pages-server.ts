import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/clock.js';
import { Failure } from '../../lib/errors.js';
import { openRange } from '../../lib/objects/open-range.js';
import { hashPassword } from '../../lib/password.js';
import { exportDesk, seeing } from '../../src/app-web.js';
import { periodsOf } from '../../src/archive/day.js';
import type { ArchiveSource } from '../../src/archive-source.js';
import type { StatusReport } from '../../src/browse/api.js';
import { WebServer } from '../../src/browse/server.js';
import { dayOf } from '../../src/segment.js';
import { type Footage, NOW, SITE } from './footage.js';

export const USER = 'admin';
export const PASSWORD = 'open sesame';
/** Whoever has it may look, in frames of other sites too. */
export const LOOKING_TOKEN = 'may-only-look';

export interface PagesServer {
  url: string;
  /** A browser that has this cookie is signed in. */
  cookie: { name: string; value: string; url: string };
  /** What the server answers from now on: tests may change it. */
  status: StatusReport;
  close(): Promise<void>;
}

/** The real server over made footage and the pages built in the folder `pages`; its clock stands at {@link NOW}. */
export async function servePages(footage: Footage, pages: string): Promise<PagesServer> {
  const status = statusReport();
  const archive = archiveOf(footage);
  const cache = await mkdtemp(join(tmpdir(), 'pages-server-'));
  const server = new WebServer({
    archive,
    ...seeing('ffmpeg', join(cache, 'sprites'), () => archive),
    exports: exportDesk(join(cache, 'exports'), () => ({ archive }), { clock: systemClock, version: '0.1.0' }),
    // Says that files may be frozen; nothing is ever fetched from there.
    mediaOrigins: ['https://archive.s3.example'],
    status: () => status,
    latestPicture: (camera) => latestOf(footage, camera),
    site: SITE,
    timezone: 'Europe/Copenhagen',
    version: '0.1.0',
    pages,
    listen: { host: '127.0.0.1', port: 0 },
    username: USER,
    passwordHash: await hashPassword(PASSWORD),
    sessionSecret: 'signs the sessions of the page tests',
    localToken: 'no command of a page test ever needs it',
    hosts: [],
    tokens: { find: (token) => (token === LOOKING_TOKEN ? { name: 'door', scope: 'read' } : undefined) },
    clock: { ...systemClock, now: () => NOW },
  });
  const stop = new AbortController();
  const { url } = await server.listen();
  const running = server.run(stop.signal);
  return {
    url,
    status,
    cookie: { ...(await signIn(url)), url },
    async close() {
      stop.abort();
      await running;
      await rm(cache, { recursive: true });
    },
  };
}

async function signIn(url: string): Promise<{ name: string; value: string }> {
  const response = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: USER, password: PASSWORD }),
  });
  const [name, value] = response.headers.get('set-cookie')!.split(';')[0]!.split('=');
  return { name: name!, value: value! };
}

function archiveOf({ entries, frozen, files }: Footage): ArchiveSource {
  const daysOf = (camera: string) =>
    [...new Set(entries.filter((entry) => entry.camera === camera).map((entry) => dayOf(entry.start)))].sort();
  return {
    cameras: async () => [...new Set(entries.map((entry) => entry.camera))],
    days: async (camera, month = '') => daysOf(camera).filter((day) => day.startsWith(month)),
    periods: async (camera, year) => periodsOf(daysOf(camera), year),
    entries: async (camera, day) =>
      entries
        .filter((entry) => entry.camera === camera && dayOf(entry.start) === day)
        .sort((a, b) => a.start - b.start),
    frozen: async () => frozen,
    open: async (key, range) => {
      if (frozen.has(key)) throw new Failure('The object is frozen.', { kind: 'permanent', code: 'frozen' });
      const file = files.get(key);
      return file === undefined ? undefined : openRange(await open(file), range);
    },
  };
}

async function latestOf({ entries, files }: Footage, camera: string) {
  const snapshots = entries.flatMap((entry) => (entry.type === 'snapshot' && entry.camera === camera ? [entry] : []));
  const latest = snapshots.sort((a, b) => b.start - a.start)[0];
  return latest && { jpeg: await readFile(files.get(latest.key)!), at: latest.start };
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
        motion24h: { deadlineSeconds: 60, sent: 12, late: 1, worstSeconds: 94 },
      },
    ],
    disk: { usedBytes: 23_400_000_000, freeBytes: 87_000_000_000 },
    problems: [
      'Camera yard is not recording: the camera refuses the password.',
      'Nothing has been uploaded to archive for 1 h.',
    ],
  };
}
