import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../lib/clock.js';
import { hashPassword } from '../../lib/password.js';
import type { StatusReport } from '../../src/browse/api.js';
import type { WebOptions } from '../../src/browse/options.js';
import { WebServer } from '../../src/browse/server.js';
import type { MediaEntry } from '../../src/segment.js';
import { at, gap, segment, snapshot } from './entries.js';
import { ArchiveFolder } from './folder-archive.js';

export const USER = 'warden';
export const PASSWORD = 'correct horse';
export const LOCAL_TOKEN = 'local-token-local-token-local-token';
/** Stands in files beside the archive and the pages, where no request may reach. */
export const CANARY = 'CANARY-7d1f';
export const DAY = '2026-05-03';

export const clip = segment('gate', at(DAY, '12:00'), at(DAY, '12:05'));
export const large = segment('gate', at(DAY, '12:05'), at(DAY, '12:10'));
export const empty = segment('gate', at(DAY, '12:10'), at(DAY, '12:15'), { bytes: 0 });
export const photo = snapshot('gate', at(DAY, '12:01:07'));
export const LARGE_BYTES = 64_000_000;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** An address of this machine. */
  from?: string;
}

/** A recorder's web server on loopback, over an archive folder with one day of two cameras. */
export class WebSite {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(
    readonly root: string,
    readonly archive: ArchiveFolder,
    readonly options: WebOptions,
    readonly url: string,
    server: WebServer,
  ) {
    this.#running = server.run(this.#stop.signal);
  }

  static async start(more: Partial<WebOptions> = {}): Promise<WebSite> {
    const root = await mkdtemp(join(tmpdir(), 'web-'));
    const archive = await filledArchive();
    const options = { ...(await siteOptions(root, archive)), ...more };
    const server = new WebServer(options);
    const { url } = await server.listen();
    return new WebSite(root, archive, options, url, server);
  }

  /** Sends `path` as it stands: `fetch` would tidy it up. */
  async ask(path: string, { method = 'GET', headers = {}, body, from }: Asking = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.url);
    return new Promise((resolve, reject) => {
      const of = { hostname, port, path, method, headers, agent: false, ...(from && { localAddress: from }) };
      const request = send(of, (response) => {
        text(response)
          .then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
          .catch(reject);
      });
      request.on('error', reject).end(body);
    });
  }

  asOwner(path: string, { headers, ...more }: Asking = {}): Promise<Answer> {
    return this.ask(path, { ...more, headers: { authorization: `Bearer ${LOCAL_TOKEN}`, ...headers } });
  }

  signIn(user = USER, password = PASSWORD, headers: Record<string, string> = {}, from?: string): Promise<Answer> {
    return this.ask('/api/v1/login', {
      ...(from && { from }),
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ user, password }),
    });
  }

  /** The `Cookie` header of a new session. */
  async cookie(): Promise<string> {
    return cookieOf(await this.signIn());
  }

  /** Resolves when the server has stopped. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.archive.dispose();
    await rm(this.root, { recursive: true, force: true });
  }
}

export function cookieOf({ headers }: Answer): string {
  return headers['set-cookie']![0]!.split(';')[0]!;
}

export function mediaPath({ key }: MediaEntry): string {
  return `/api/v1/media/${key}`;
}

async function filledArchive(): Promise<ArchiveFolder> {
  const archive = await ArchiveFolder.create();
  await archive.add([
    clip,
    large,
    empty,
    photo,
    snapshot('yard', at(DAY, '12:01')),
    gap('yard', at(DAY), at(DAY, '01:00')),
  ]);
  await truncate(join(archive.root, large.key), LARGE_BYTES);
  await truncate(join(archive.root, empty.key), 0);
  await writeFile(join(archive.root, 'home', 'notes.txt'), CANARY);
  return archive;
}

async function siteOptions(root: string, { source }: ArchiveFolder): Promise<WebOptions> {
  const pages = join(root, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(pages, 'index.html'), '<!doctype html><title>pages</title>');
  await writeFile(join(pages, 'assets', 'app-1234.js'), 'export {};');
  await writeFile(join(root, 'secret.txt'), CANARY);
  return {
    archive: source,
    status: () => STATUS,
    latestPicture: async (camera) =>
      camera === 'gate' ? { jpeg: Buffer.from('newest'), at: at(DAY, '12:34:56') + 789 } : undefined,
    ...{ site: 'home', timezone: 'Europe/Copenhagen', version: '1.2.3', pages },
    listen: { host: '127.0.0.1', port: 0 },
    username: USER,
    passwordHash: await hashPassword(PASSWORD),
    sessionSecret: 'session-secret-session-secret-session',
    hosts: ['nvr.example'],
    localToken: LOCAL_TOKEN,
    clock: systemClock,
  };
}

export const STATUS: StatusReport = {
  state: 'ok',
  site: 'home',
  at: `${DAY}T12:00:00.000Z`,
  version: '1.2.3',
  cameras: [],
  remotes: [],
  disk: { usedBytes: 1, freeBytes: 2 },
  problems: [],
};
