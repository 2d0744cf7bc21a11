import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { ExportDesk } from '../../src/archive/export/desk.js';
import type { ExportManifest } from '../../src/archive/export/manifest.js';
import { createApplication } from '../../src/browse/application.js';
import { OPERATIONS } from '../../src/browse/routes/openapi.js';
import { AuditLog } from '../../src/operate/audit.js';
import { TokenFile } from '../../src/operate/tokens.js';
import { until } from '../peers/until.js';
import { clip, DAY, LOCAL_TOKEN, mediaPath, photo, USER, WebSite } from '../simulators/web-site.js';

describe('programs that ask the recorder', () => {
  let dir: string;
  let site: WebSite;
  let tokens: TokenFile;
  let [read, full] = ['', ''];
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tokens-'));
    tokens = new TokenFile(join(dir, 'tokens.json'));
    read = await tokens.create('wall', 'read', Date.now());
    full = await tokens.create('police', 'full', Date.now());
    const make = async ({ camera }: { camera: string }, directory: string) => {
      if (camera === 'yard') throw new Error('nothing there');
      for (const name of ['clip.mp4', 'verify.html', 'manifest.json'])
        await writeFile(join(directory, name), `{"is":"${name}"}`);
      return { is: 'manifest.json' } as unknown as ExportManifest;
    };
    site = await WebSite.start({
      tokens: new TokenFile(join(dir, 'tokens.json')),
      audit: new AuditLog(join(dir, 'audit.ndjson'), systemClock),
      exports: new ExportDesk(join(dir, 'exports'), make),
    });
  });
  afterAll(async () => {
    await site.dispose();
    await rm(dir, { recursive: true });
  });

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const json = { 'content-type': 'application/json' };
  const order = JSON.stringify({ camera: 'gate', from: clip.start, to: clip.end });
  const post = (token: string, body = order) =>
    site.ask('/api/v1/exports', { method: 'POST', headers: { ...bearer(token), ...json }, body });

  it('look with a read-only token, in the header or, to embed pictures, in the address', async () => {
    for (const path of ['/api/v1/cameras', '/latest', `/snapshots/gate/${DAY}/12-01-07.jpg`, mediaPath(photo)]) {
      expect((await site.ask(path, { headers: bearer(read) })).status, path).toBe(200);
      expect((await site.ask(`${path}?token=${read}`)).status, path).toBe(200);
      expect((await site.ask(path)).status, path).toBe(401);
    }
  });

  it('show the latest picture and the photos in other sites, and nothing else of ours', async () => {
    const framed = { 'sec-fetch-dest': 'iframe', accept: 'text/html' };
    const policyOf = async (path: string, headers = {}) =>
      String((await site.ask(path, { headers })).headers['content-security-policy']);
    for (const path of ['/latest', '/photos']) {
      const page = await site.ask(`${path}?token=${read}`, { headers: framed });
      expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<!doctype html>') });
      expect(page.headers['content-security-policy']).toContain('frame-ancestors *');
      expect(page.headers).not.toHaveProperty('x-frame-options');
      for (const token of [full, LOCAL_TOKEN, `${read}x`, ''])
        expect(await policyOf(`${path}?token=${token}`, framed), token).toContain("frame-ancestors 'none'");
    }
    for (const path of ['/', '/timeline', '/review', '/login'])
      expect(await policyOf(`${path}?token=${read}`, framed), path).toContain("frame-ancestors 'none'");
    // A picture of another site's page: browsers would not show it there, were it ours alone.
    const picture = await site.ask(`/latest?token=${read}`, { headers: { 'sec-fetch-dest': 'image' } });
    expect(picture.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const ours = await site.ask('/latest', { headers: bearer(read) });
    expect(ours.headers['cross-origin-resource-policy']).toBe('same-origin');
  });

  it('do nothing else with it, and nothing at all with a full token in an address', async () => {
    expect(JSON.parse((await post(read)).body).error.code).toBe('read-only');
    expect((await site.ask('/api/v1/audit', { headers: bearer(read) })).status).toBe(403);
    expect((await site.ask(`/api/v1/audit?token=${read}`)).status).toBe(403);
    expect((await site.ask(`/latest?token=${full}`)).status).toBe(401);
    expect((await site.ask(`/latest?token=${LOCAL_TOKEN}`)).status).toBe(401);
    const inAddress = await site.ask(`/api/v1/exports?token=${full}`, { method: 'POST', headers: json, body: order });
    expect(inAddress.status).toBe(401);
  });

  it('are hashes at rest, in a file for its owner alone', async () => {
    const text = await readFile(join(dir, 'tokens.json'), 'utf8');
    expect(text).not.toContain(read.slice(5));
    expect((await stat(join(dir, 'tokens.json'))).mode & 0o777).toBe(0o600);
    expect(tokens.find(`${read}x`)).toBeUndefined();
    expect(tokens.find(tokens.list()[0]!.hash)).toBeUndefined();
    await expect(tokens.create('wall', 'full', 0)).rejects.toMatchObject({ code: 'usage' });
  });

  it('are refused from the next request on once a token is revoked', async () => {
    const gone = await tokens.create('gone', 'read', Date.now());
    expect((await site.ask('/api/v1/cameras', { headers: bearer(gone) })).status).toBe(200);
    expect(await tokens.revoke('gone')).toBe(true);
    expect((await site.ask('/api/v1/cameras', { headers: bearer(gone) })).status).toBe(401);
    expect(await tokens.revoke('gone')).toBe(false);
  });

  it('reach each route by the roles that may, and no other', async () => {
    const cookie = await site.cookie();
    const roles: [string, Record<string, string>][] = [
      ['nobody', {}],
      ['read', bearer(read)],
      ['full', bearer(full)],
      ['session', { cookie }],
    ];
    const { stack } = createApplication(site.options).app.router;
    const all = stack.flatMap(({ route }) =>
      [route?.path ?? []].flat().flatMap((path) => route!.stack.map(({ method }) => `${method.toUpperCase()} ${path}`)),
    );
    const refused: Record<string, string[]> = {};
    for (const [role, headers] of roles) {
      refused[role] = [];
      for (const route of new Set(all)) {
        const [method, path] = route.split(' ') as [string, string];
        // Signing in and out would change who asks.
        if (/log(?:in|out)$/.test(path)) continue;
        const example = path
          .replace('*key', clip.key)
          .replace(':id', 'x')
          .replace('*file', 'y')
          .replace(/:camera|:day|:time/g, 'z');
        const { status } = await site.ask(example, { method, headers });
        if (status === 401 || status === 403) refused[role]!.push(route);
      }
    }
    const behind = refused.nobody!;
    const open = [...new Set(all)].filter((route) => !behind.includes(route) && !/log(?:in|out)$/.test(route));
    // The pages, which hold nothing, and whether it is alive.
    expect(open.filter((route) => /api|latest|snapshots/.test(route))).toEqual([]);
    expect(open.every((route) => route.startsWith('GET /'))).toBe(true);
    expect(behind.length).toBeGreaterThan(18);
    expect(new Set(refused.read)).toEqual(
      new Set(['POST /api/v1/cameras/:camera/motion', 'POST /api/v1/exports', 'GET /api/v1/audit']),
    );
    expect(refused.full).toEqual([]);
    expect(refused.session).toEqual([]);
  });

  it('find every route of the API described, with what it takes', async () => {
    const { body } = await site.ask('/api/v1/openapi.json', { headers: bearer(read) });
    const { paths, openapi } = JSON.parse(body);
    expect(openapi).toBe('3.1.0');
    const { stack } = createApplication(site.options).app.router;
    const routes = stack.flatMap(({ route }) =>
      [route?.path ?? []].flat().flatMap((path) => route!.stack.map((layer) => `${layer.method} ${path}`)),
    );
    const api = new Set(
      routes.filter((route) => route.includes('/api/v1/')).map((route) => route.replace(/[:*](\w+)/g, '{$1}')),
    );
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    expect(new Set(described)).toEqual(api);
    expect(OPERATIONS).toHaveLength(described.length);
    expect(paths['/api/v1/entries'].get.parameters).toContainEqual(
      expect.objectContaining({ name: 'day', in: 'query', required: true }),
    );
    expect(paths['/api/v1/photos'].get.parameters.find(({ name }: { name: string }) => name === 'limit').required).toBe(
      false,
    );
    expect(paths['/api/v1/exports'].post.requestBody.content['application/json'].schema).toMatchObject({
      required: ['camera', 'from', 'to'],
      properties: { originals: { type: 'boolean' } },
    });
  });

  it('order exports, fetch their files and nothing beside them, and are noted', async () => {
    const { status, body } = await post(full);
    const { id } = JSON.parse(body);
    expect(status).toBe(202);
    const ask = async (path: string) => site.ask(`/api/v1/exports${path}`, { headers: bearer(read) });
    await until('the export', async () => JSON.parse((await ask(`/${id}`)).body).state === 'done');
    expect(JSON.parse((await ask('')).body).exports[0]).toMatchObject({
      id,
      files: ['clip.mp4', 'manifest.json', 'verify.html'],
    });
    const page = await ask(`/${id}/verify.html`);
    expect(page).toMatchObject({ status: 200, body: '{"is":"verify.html"}' });
    // It must not run as a page of ours.
    expect(page.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringContaining('attachment'),
    });
    for (const path of [
      `/${id}/../../audit.ndjson`,
      `/${id}/%2e%2e/%2e%2e/tokens.json`,
      `/${id}/..%2f..%2ftokens.json`,
      `/..%2f/clip.mp4`,
      `/${id}/nothing`,
      '/x/clip.mp4',
    ]) {
      const answer = await ask(path);
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('hash');
    }
    const failed = JSON.parse((await post(full, JSON.stringify({ camera: 'yard', from: 1, to: 2 }))).body);
    await until('its failure', async () => JSON.parse((await ask(`/${failed.id}`)).body).state === 'failed');
    for (const wrong of [
      { camera: 'gate', from: 2, to: 2 },
      { camera: 'gate', from: 0, to: 86_400_001 },
      { camera: '../x', from: 1, to: 2 },
      { camera: 'gate', from: '1', to: 2 },
      [],
    ]) {
      expect((await post(full, JSON.stringify(wrong))).status, JSON.stringify(wrong)).toBe(400);
    }
    const foreign = await site.ask('/api/v1/exports', {
      method: 'POST',
      headers: { ...bearer(full), ...json, origin: 'http://evil.example' },
      body: order,
    });
    expect(foreign.status).toBe(403);

    const cookie = await site.cookie();
    for (let n = 0; n < 3; n++) await site.ask(mediaPath(clip), { headers: { cookie, range: `bytes=${n}-${n}` } });
    const { events } = JSON.parse((await site.ask('/api/v1/audit?limit=50', { headers: bearer(full) })).body);
    const seen = events.map(({ action, user, key, camera }: Record<string, string>) =>
      [action, user, key ?? camera].join(' '),
    );
    expect(seen).toContain('exported token police yard');
    expect(seen).toContain('exported token police gate');
    // Three pieces of one film are one view.
    expect(seen.filter((line: string) => line === `viewed ${USER} ${clip.key}`)).toHaveLength(1);
    expect(events[0].at >= events.at(-1).at).toBe(true);
    expect((await stat(join(dir, 'audit.ndjson'))).mode & 0o777).toBe(0o600);
    // A process that starts anew knows them still.
    const again = new ExportDesk(join(dir, 'exports'), async () => Promise.reject(new Error('unused')));
    expect(await again.job(id)).toMatchObject({ state: 'done', manifest: { is: 'manifest.json' } });
    expect(await again.job(failed.id)).toMatchObject({ state: 'failed' });
  });
});
