import type { Express } from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { createApplication } from '../../src/browse/application.js';
import { PatientWeb } from '../../src/browse/patient-web.js';
import { WebServer } from '../../src/browse/server.js';
import {
  type Answer,
  clip,
  cookieOf,
  DAY,
  LOCAL_TOKEN,
  PASSWORD,
  photo,
  USER,
  WebSite,
} from '../simulators/web-site.js';

interface Route {
  method: string;
  path: string;
}

/** Every route of the application itself, in the order it asks them. */
function routesOf(app: Express): Route[] {
  return app.router.stack.flatMap(({ route }) => {
    if (!route) return [];
    const methods = [...new Set(route.stack.map((layer) => layer.method.toUpperCase()))];
    return [route.path].flat().flatMap((path) => methods.map((method) => ({ method, path: String(path) })));
  });
}

/** What may be asked without signing in. A page holds nothing: it asks the API. */
const PUBLIC = new Set([
  ...['GET /healthz', 'POST /api/v1/login'],
  ...['GET /', 'GET /timeline', 'GET /review', 'GET /photos', 'GET /login'],
]);

/** A request each route answers with something when it is allowed. */
const EXAMPLES: Record<string, string> = {
  '/api/v1/days': '/api/v1/days?camera=gate',
  '/api/v1/days/nearest': '/api/v1/days/nearest?camera=gate',
  '/api/v1/entries': `/api/v1/entries?camera=gate&day=${DAY}`,
  '/api/v1/calendar': `/api/v1/calendar?month=${DAY.slice(0, 7)}`,
  '/api/v1/storage': `/api/v1/storage?camera=gate&day=${DAY}`,
  '/api/v1/media/*key': `/api/v1/media/${photo.key}`,
  '/api/v1/cameras/:camera/motion': '/api/v1/cameras/gate/motion',
  '/api/v1/exports/:id': '/api/v1/exports/20260503T120000Z-00000000',
  '/api/v1/exports/:id/*file': '/api/v1/exports/20260503T120000Z-00000000/clip.mp4',
  '/api/v1/checks/*key': `/api/v1/checks/${clip.key}`,
  '/api/v1/sprites/*key': `/api/v1/sprites/${clip.key}`,
  '/snapshots/:day/:time.jpg': `/snapshots/${DAY}/12-01-07.jpg`,
  '/snapshots/:camera/:day/:time.jpg': `/snapshots/gate/${DAY}/12-01-07.jpg`,
};

describe('the web server', () => {
  let site: WebSite;
  beforeAll(async () => {
    site = await WebSite.start();
  });
  afterAll(() => site.dispose());

  describe('who may ask for what', () => {
    // Its own, because the empty sign-ins of the matrix count as attempts.
    let guarded: WebSite;
    beforeEach(async () => {
      guarded = await WebSite.start();
    });
    afterEach(() => guarded.dispose());

    const send = ({ method, path }: Route, headers: Record<string, string>) => {
      const example = EXAMPLES[path] ?? path;
      expect(example, 'a route with parameters needs an example').not.toMatch(/[:*]/);
      return guarded.ask(example, { method, headers });
    };
    const matrix = async (headers: () => Promise<Record<string, string>>) => {
      const answers: [string, number][] = [];
      for (const route of routesOf(createApplication(site.options).app)) {
        answers.push([`${route.method} ${route.path}`, (await send(route, await headers())).status]);
      }
      return answers;
    };

    it('answers nobody who is not signed in, but for the pages, the sign-in and the health', async () => {
      const strangers: Record<string, string>[] = [
        {},
        { authorization: `Bearer ${LOCAL_TOKEN}x` },
        { authorization: 'Bearer' },
        { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` },
        { cookie: (await guarded.cookie()).slice(0, -1) },
      ];
      for (const headers of strangers) {
        const answers = await matrix(async () => headers);
        expect(answers.length).toBeGreaterThan(12);
        const granted = answers.filter(([, status]) => status !== 401).map(([route]) => route);
        expect(new Set(granted)).toEqual(PUBLIC);
      }
    });

    it.each<[string, () => Promise<Record<string, string>>]>([
      ['a session', async () => ({ cookie: await guarded.cookie() })],
      ['the local token', async () => ({ authorization: `Bearer ${LOCAL_TOKEN}` })],
    ])('answers everything with %s', async (_what, headers) => {
      const refused = (await matrix(headers)).filter(([, status]) => status === 401 || status >= 500);
      expect(refused).toEqual([]);
    });

    it('has nothing but routes and the pages before the gate', () => {
      const { stack } = createApplication(site.options).app.router;
      const gate = stack.findLastIndex(({ route }) => route && PUBLIC.has(`GET ${[route.path].flat()[0]}`));
      const names = stack.slice(0, gate).flatMap(({ route, name }) => (route ? [] : [name]));
      // Headers, host and origin checks only; what comes after are the static pages.
      expect(names).toHaveLength(3);
      expect(
        stack
          .slice(gate + 1)
          .flatMap(({ route, name }) => (route ? [] : [name]))
          .slice(0, 2),
      ).toEqual(['serveStatic', 'serveStatic']);
    });

    it('does not tell strangers what there is', async () => {
      const answers = await Promise.all(
        ['/api/v1/nothing', '/metrics', '/nothing', '/api/v1/days?camera=nobody'].map((path) => site.ask(path)),
      );
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
      expect(JSON.parse(answers[0]!.body)).toEqual({ error: { code: 'sign-in', message: 'Sign in first.' } });
    });

    it('serves the pages and their assets', async () => {
      expect(await site.ask('/timeline?camera=gate')).toMatchObject({
        status: 200,
        body: expect.stringContaining('pages'),
      });
      const asset = await site.ask('/assets/app-1234.js');
      expect(asset).toMatchObject({ status: 200, body: 'export {};' });
      expect(asset.headers['cache-control']).toContain('immutable');
    });
  });

  describe('signing in', () => {
    it('sets a cookie that scripts and other sites never see, and that opens the API', async () => {
      const answer = await site.signIn();
      expect(answer).toMatchObject({ status: 204, body: '' });
      const [cookie, ...others] = answer.headers['set-cookie']!;
      expect(others).toEqual([]);
      expect(cookie).toMatch(/; Max-Age=604800;.*; HttpOnly; SameSite=Strict$/);
      expect(cookie).toContain('; Path=/;');
      const session = await site.ask('/api/v1/session', { headers: { cookie: cookieOf(answer) } });
      expect(JSON.parse(session.body)).toEqual({
        user: USER,
        site: 'home',
        sites: ['home'],
        source: 'recorder',
        capabilities: { recorder: true, sprites: false, transcode: false, storage: false, exports: false },
        timezone: 'Europe/Copenhagen',
        version: '1.2.3',
      });
    });

    it('ends with signing out, for every copy of the cookie', async () => {
      const cookie = await site.cookie();
      const answer = await site.ask('/api/v1/logout', { method: 'POST', headers: { cookie } });
      expect(answer.status).toBe(204);
      expect(answer.headers['set-cookie']![0]).toContain('Expires=Thu, 01 Jan 1970');
      expect((await site.ask('/api/v1/session', { headers: { cookie } })).status).toBe(401);
    });

    it.each([
      ['no body', undefined, 'application/json'],
      ['broken JSON', `{"user":"${USER}","password":"${PASSWORD}`, 'application/json'],
      ['a form', `user=${USER}&password=${PASSWORD}`, 'application/x-www-form-urlencoded'],
      ['other types', '{"user":["warden"],"password":{"$gt":""}}', 'application/json'],
      ['too much', JSON.stringify({ user: USER, password: 'x'.repeat(5_000) }), 'application/json'],
    ])('refuses %s without repeating it', async (_what, body, type) => {
      const fresh = await WebSite.start();
      const answer = await fresh.ask('/api/v1/login', { method: 'POST', headers: { 'content-type': type }, body });
      await fresh.dispose();
      expect([400, 413]).toContain(answer.status);
      expect(JSON.parse(answer.body).error.code).toMatch(/^(invalid-request|too-large)$/);
      expect(answer.body).not.toContain(PASSWORD);
      expect(answer.body).not.toContain('xxx');
    });

    it('makes guessing slow, for one address, even with the right password at last', async () => {
      const fresh = await WebSite.start();
      const guesses = await Promise.all(Array.from({ length: 8 }, (_, n) => fresh.signIn(USER, `guess ${n}`)));
      expect(guesses.map(({ status }) => status).sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      const late = await fresh.signIn();
      expect(late.status).toBe(429);
      expect(JSON.parse(late.body).error).toMatchObject({ code: 'too-many-attempts', hint: expect.any(String) });
      expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
      await fresh.dispose();
    });

    it('does not count what succeeds', async () => {
      for (let n = 0; n < 12; n++) expect((await site.signIn()).status).toBe(204);
    });

    it('is not had without a password, or with secrets anyone can guess', () => {
      const start = (more: object) => () => new WebServer({ ...site.options, ...more });
      expect(start({ passwordHash: '' })).toThrow(expect.objectContaining({ code: 'password-hash-invalid' }));
      expect(start({ passwordHash: PASSWORD })).toThrow(expect.objectContaining({ code: 'password-hash-invalid' }));
      expect(start({ sessionSecret: 'short' })).toThrow(expect.objectContaining({ code: 'secret-too-short' }));
      expect(start({ localToken: '' })).toThrow(expect.objectContaining({ code: 'secret-too-short' }));
    });
  });

  describe('other sites', () => {
    it.each(['evil.example', 'nvr.example.evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'a b'])(
      'are not answered when their name leads here: %j',
      async (host) => {
        for (const path of ['/', '/healthz', '/api/v1/status', '/assets/app-1234.js']) {
          const answer = await site.asOwner(path, { headers: { host } });
          expect(answer).toMatchObject({ status: 421, body: expect.stringContaining('unknown-host') });
        }
      },
    );

    it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '192.168.1.9', '[::1]:8080', '[fe80::1]', 'NVR.example:80'])(
      'names of ours are answered: %s',
      async (host) => {
        expect((await site.asOwner('/api/v1/status', { headers: { host } })).status).toBe(200);
      },
    );

    it.each<Record<string, string>>([
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ])('cannot sign in or out: %o', async (headers) => {
      const cookie = await site.cookie();
      const login = await site.signIn(USER, PASSWORD, headers);
      expect(login).toMatchObject({ status: 403, body: expect.stringContaining('cross-origin') });
      expect(login.headers['set-cookie']).toBeUndefined();
      const logout = await site.ask('/api/v1/logout', { method: 'POST', headers: { ...headers, cookie } });
      expect(logout.status).toBe(403);
      expect((await site.ask('/api/v1/session', { headers: { cookie } })).status).toBe(200);
    });

    it('our own pages can', async () => {
      const headers = { origin: site.url, 'sec-fetch-site': 'same-origin' };
      expect((await site.signIn(USER, PASSWORD, headers)).status).toBe(204);
    });

    it('may not show, script or embed ours', async () => {
      for (const path of ['/', '/api/v1/status', '/nothing', '/latest']) {
        const { headers } = await site.asOwner(path);
        const policy = String(headers['content-security-policy']);
        expect(policy).toMatch(/^default-src 'self';img-src 'self' data: blob:;media-src 'self' blob:;/);
        expect(policy).not.toContain('unsafe');
        expect(policy).toContain("frame-ancestors 'none'");
        expect(headers).toMatchObject({
          'cross-origin-resource-policy': 'same-origin',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
        });
        expect(headers).not.toHaveProperty('x-powered-by');
        expect(headers).not.toHaveProperty('access-control-allow-origin');
      }
    });
  });

  describe('health and failures', () => {
    const health = async (status: () => never | { state: 'ok' | 'degraded' | 'down' }): Promise<Answer> => {
      const report = await site.options.status!();
      const fresh = await WebSite.start({ status: () => ({ ...report, ...status() }) });
      const answer = await fresh.ask('/healthz');
      await fresh.dispose();
      return answer;
    };

    it('tells watchdogs up or down and nothing more', async () => {
      expect(await health(() => ({ state: 'ok' }))).toMatchObject({ status: 200, body: '{"ok":true}' });
      expect(await health(() => ({ state: 'degraded' }))).toMatchObject({ status: 200, body: '{"ok":true}' });
      expect(await health(() => ({ state: 'down' }))).toMatchObject({ status: 503, body: '{"ok":false}' });
      const broken = await health(() => {
        throw new Error('rtsp://admin:hunter2@camera');
      });
      expect(broken).toMatchObject({ status: 503, body: '{"ok":false}' });
    });

    it('keeps the details of an unexpected error for the log', async () => {
      const fresh = await WebSite.start({
        status: () => {
          throw new Error('cannot open /var/lib/hunter2');
        },
      });
      const answer = await fresh.asOwner('/api/v1/status');
      await fresh.dispose();
      expect(answer.status).toBe(500);
      expect(JSON.parse(answer.body).error.code).toBe('internal');
      expect(answer.body).not.toContain('hunter2');
    });

    it('says which port is in use', async () => {
      const port = Number(new URL(site.url).port);
      const second = new WebServer({ ...site.options, clock: systemClock, listen: { host: '127.0.0.1', port } });
      await expect(second.listen()).rejects.toMatchObject({ code: 'port-in-use', hint: expect.any(String) });
    });

    it('is at another port of this machine where its own cannot be had, and ends there as well', async () => {
      const listen = { host: '127.0.0.1', port: Number(new URL(site.url).port) };
      const web = new PatientWeb({ ...site.options, clock: systemClock, listen });
      const { url } = await web.listen();
      expect(url).not.toBe(site.url);
      expect(web.problem).toContain(`ss -ltnp 'sport = :${listen.port}'`);
      const stop = new AbortController();
      const running = web.run(stop.signal);
      expect((await fetch(`${url}/healthz`)).ok).toBe(true);
      stop.abort();
      await running;
      await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    });
  });
});
