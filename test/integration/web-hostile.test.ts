import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { ArchiveSource } from '../../src/archive-source.js';
import { indexKey } from '../../src/segment.js';
import { SLASH, UP } from '../simulators/path-tricks.js';
import { RawClient } from '../simulators/raw-client.js';
import { CANARY, clip, DAY, LOCAL_TOKEN, WebSite } from '../simulators/web-site.js';

const AUTHORIZED = `Authorization: Bearer ${LOCAL_TOKEN}`;

const TARGETS = ['secret.txt', 'etc/hostname', 'home/notes.txt', `${clip.key}`];
const BASES = ['/api/v1/media/', '/api/v1/media/home/', '/', '/assets/', `/snapshots/gate/${DAY}/`, '/latest/'];

function corpus(): string[] {
  const paths: string[] = [];
  for (const base of BASES) {
    for (const up of UP) {
      for (const slash of SLASH) {
        const target = TARGETS[paths.length % TARGETS.length]!;
        const depth = 1 + (paths.length % 7);
        paths.push(base + (up + slash).repeat(depth) + target);
      }
    }
  }
  const absolute = ['/etc/hostname', '%2fetc%2fhostname', 'C:\\secret.txt', 'file:///etc/hostname', '\\\\host\\share'];
  return [...paths, ...BASES.flatMap((base) => absolute.map((path) => base + path))];
}

/** Keys that are no media keys, though they lie in the archive or look much like one. */
const NEAR_KEYS = [
  'home/notes.txt',
  'home',
  'home/',
  indexKey('home', 'gate', Date.parse(DAY), 1),
  `${clip.key}/`,
  `${clip.key}%00`,
  `${clip.key}%00.jpg`,
  `${clip.key}%0a`,
  `${clip.key}.bak`,
  `.${clip.key}`,
  `../${clip.key}`,
  `%2e%2e/${clip.key.slice('home/'.length)}`,
  `./${clip.key}`,
  `/${clip.key}`,
  clip.key.replace('home/', 'home//'),
  clip.key.replace('home/', 'HOME/'),
  clip.key.replace('gate/', 'yard/'),
  clip.key.replace('/03/', '/04/'),
  clip.key.replaceAll('/', '%2f'),
  clip.key.replaceAll('/', '%252f'),
  clip.key.replaceAll('/', '\\'),
  clip.key.replace('gate_', 'gate%5f').replace('%5f', '%255f'),
  clip.key.replace('_continuous', '_index'),
  clip.key.replace('_continuous', '_continuous-1'),
  clip.key.replace('_continuous', '_continuous-02'),
  clip.key.replace('.mp4', '.jpg'),
  clip.key.replace('T12', 'T25'),
  'x'.repeat(6_000),
];

describe('requests of somebody who means harm', () => {
  let site: WebSite;
  let opened: MockInstance<ArchiveSource['open']>;
  beforeAll(async () => {
    site = await WebSite.start();
    opened = vi.spyOn(site.archive.source, 'open');
  });
  afterAll(() => site.dispose());

  const raw = async (...lines: string[]) => {
    const client = await RawClient.connect(site.url);
    client.send(...lines);
    return client.rest();
  };

  const get = (path: string, host = 'localhost') =>
    raw(`GET ${path} HTTP/1.1`, `Host: ${host}`, AUTHORIZED, 'Connection: close');

  it('get no file from outside, however they write the path', async () => {
    const paths = corpus();
    expect(paths.length).toBeGreaterThan(700);
    opened.mockClear();
    for (const path of paths) {
      const answer = await get(path);
      expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer, path).not.toContain(CANARY);
      expect(answer, path).toContain('{"error":{"code":');
    }
    expect(opened).not.toHaveBeenCalled();
  });

  it.each(NEAR_KEYS)('get nothing that is no media file: %s', async (key) => {
    opened.mockClear();
    const answer = await get(`/api/v1/media/${key}`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toContain(CANARY);
    expect(opened).not.toHaveBeenCalled();
    expect(await get(`/api/v1/media/${clip.key}`)).toContain(`\r\n\r\n${clip.key}`);
  });

  it('get no file beside the pages, signed in or not', async () => {
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/../../secret.txt',
    ]) {
      for (const headers of [[AUTHORIZED], []]) {
        const answer = await raw(`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, 'Connection: close');
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
        expect(answer).not.toContain(CANARY);
      }
    }
  });

  it.each([
    ['no name', ['GET /api/v1/status HTTP/1.0']],
    ['an empty name', ['GET /api/v1/status HTTP/1.1', 'Host:']],
    ['a foreign name before ours', ['GET /api/v1/status HTTP/1.1', 'Host: evil.example', 'Host: localhost']],
    ['a user and a name', ['GET /api/v1/status HTTP/1.1', 'Host: localhost@evil.example']],
    ['a path', ['GET /api/v1/status HTTP/1.1', 'Host: evil.example/localhost']],
    ['a proxy that says so', ['GET /api/v1/status HTTP/1.1', 'Host: evil.example', 'X-Forwarded-Host: localhost']],
    ['a whole address', ['GET http://localhost/api/v1/status HTTP/1.1', 'Host: evil.example']],
  ])('are not answered when they name us by %s', async (_how, lines) => {
    const answer = await raw(...lines, AUTHORIZED, 'Connection: close');
    expect(answer).toMatch(/^HTTP\/1\.1 4(21|00) /);
    expect(answer).not.toContain('"state"');
  });

  it('cannot name another as the sender to try more passwords', async () => {
    const fresh = await WebSite.start();
    const answers: number[] = [];
    for (let n = 0; n < 7; n++) {
      const forwarded = { 'x-forwarded-for': `10.0.0.${n}`, forwarded: `for=10.0.0.${n}` };
      answers.push((await fresh.signIn('warden', 'guess', forwarded)).status);
    }
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
    await fresh.dispose();
  });
});
