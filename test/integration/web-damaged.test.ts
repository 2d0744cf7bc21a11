import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeing } from '../../src/app-web.js';
import { spriteLayout } from '../../src/browse/api.js';
import type { MediaEntry } from '../../src/segment.js';
import { at, segment, sha256, snapshot } from '../simulators/entries.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';
import { film } from '../simulators/footage.js';
import { DAY, mediaPath, WebSite } from '../simulators/web-site.js';

let dir: string;
let archive: ArchiveFolder;
let site: WebSite;
let entries: Record<
  'whole' | 'half' | 'head' | 'none' | 'gone' | 'noise' | 'longer' | 'scrambled' | 'photo',
  MediaEntry
>;
let bytes: number;

/** Six minutes, each a file of sixty seconds, as the index lists it; what became of it is another matter. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'damaged-'));
  archive = await ArchiveFolder.create();
  const whole = await readFile(await film(dir, 'film.mp4', 60, 5, 0));
  bytes = whole.length;
  const scrambled = Buffer.concat([whole.subarray(0, 20_000), Buffer.alloc(bytes - 20_000, 0x5a)]);
  const of = (minute: number) =>
    segment('gate', at(DAY, `12:0${minute}`), at(DAY, `12:0${minute + 1}`), {
      ...{ bytes, sha256: sha256(whole), codecs: ['avc1.42c01e'], width: 640, height: 360 },
    });
  const photo = { ...snapshot('gate', at(DAY, '12:00:30')), bytes: 9_000 };
  const [w, half, head, none, gone, noise, longer, scr] = [0, 1, 2, 3, 4, 5, 6, 7].map(of) as MediaEntry[];
  entries = {
    ...{ whole: w!, half: half!, head: head!, none: none!, gone: gone!, noise: noise!, longer: longer! },
    ...{ scrambled: scr!, photo },
  };
  await archive.add(Object.values(entries));
  const put = (entry: MediaEntry, data: Buffer) => writeFile(join(archive.root, entry.key), data);
  await put(entries.whole, whole);
  await put(entries.half, whole.subarray(0, Math.floor(bytes / 2)));
  await put(entries.head, whole.subarray(0, 500));
  await put(entries.none, Buffer.alloc(0));
  await rm(join(archive.root, entries.gone.key));
  await put(entries.noise, Buffer.alloc(bytes, 0x5a));
  await put(entries.longer, Buffer.concat([whole, Buffer.alloc(10)]));
  await put(entries.scrambled, scrambled);
  await put(entries.photo, Buffer.alloc(2_000));
  await mkdir(join(dir, 'sheets'));
  site = await WebSite.start({
    archive: archive.source,
    ...seeing('ffmpeg', join(dir, 'sheets'), () => archive.source),
  });
}, 60_000);

afterAll(async () => {
  await site?.dispose();
  await archive?.dispose();
  await rm(dir, { recursive: true });
});

const written = (count: number) => count.toLocaleString('en');

describe('a file that is not whole', () => {
  const ask = async (path: string) => {
    const { status, body } = await site.asOwner(path);
    return { status, error: status === 200 ? undefined : JSON.parse(body).error, length: body.length };
  };
  const codeOf = (name: string) => (name === 'none' ? 'empty' : 'truncated');
  const problem = async ({ key }: MediaEntry) => JSON.parse((await site.asOwner(`/api/v1/checks/${key}`)).body).problem;

  it('is told of with what it has and what it should have, and what to do', async () => {
    expect(await problem(entries.whole)).toBeUndefined();
    expect(await problem(entries.half)).toEqual({
      code: 'truncated',
      message: `This file is cut off: it has ${written(Math.floor(bytes / 2))} of ${written(bytes)} bytes.`,
      hint: expect.stringContaining('verify --repair'),
    });
    expect(await problem(entries.none)).toMatchObject({ message: expect.stringContaining(`0 of ${written(bytes)}`) });
    expect(await problem(entries.gone)).toMatchObject({
      code: 'unknown-key',
      message: expect.stringMatching(/missing/),
    });
    expect(await problem(entries.noise)).toMatchObject({ code: 'media-unsupported' });
    expect(await problem(entries.longer)).toMatchObject({
      code: 'altered',
      message: expect.stringMatching(/bytes, not/),
    });
    expect(await problem(entries.photo)).toMatchObject({ message: expect.stringContaining('2,000 of 9,000 bytes') });
    for (const key of ['home/gate/nothing.mp4', entries.whole.key.replace('1200', '1300'), 'home/index/gate'])
      expect((await ask(`/api/v1/checks/${key}`)).status, key).toBe(404);
  });

  it.each(['', '?picture=29'])('has no small pictures, and why is said (%s)', async (query) => {
    const sprites = (entry: MediaEntry) => ask(`/api/v1/sprites/${entry.key}${query}`);
    expect(await sprites(entries.whole)).toMatchObject({ status: 200 });
    for (const name of ['half', 'head', 'none'] as const)
      expect(await sprites(entries[name]), name).toMatchObject({ status: 422, error: { code: codeOf(name) } });
    expect(await sprites(entries.gone)).toMatchObject({ status: 404, error: { code: 'unknown-key' } });
    expect(await sprites(entries.noise)).toMatchObject({ status: 415, error: { code: 'media-unsupported' } });
    // Of a sheet, the first picture is whole.
    const [status, error] = query ? [415, { code: 'media-damaged' }] : [200, undefined];
    expect(await sprites(entries.scrambled)).toMatchObject({ status, error });
  });

  it('shows the pictures that it has', async () => {
    const { status, length } = await ask(`/api/v1/sprites/${entries.half.key}?picture=5`);
    expect(status).toBe(200);
    expect(length).toBeGreaterThan(1_000);
    expect(spriteLayout(entries.half).count).toBe(30);
  });

  it('is never converted into a film of no bytes', async () => {
    const convert = (entry: MediaEntry, from: number) => ask(`${mediaPath(entry)}?as=h264&from=${from}`);
    expect(await convert(entries.whole, 50)).toMatchObject({ status: 200 });
    for (const name of ['half', 'head', 'none'] as const)
      expect(await convert(entries[name], 50), name).toMatchObject({ status: 422, error: { code: codeOf(name) } });
    expect(await convert(entries.gone, 0)).toMatchObject({ status: 404 });
    expect(await convert(entries.noise, 0)).toMatchObject({ status: 415 });
    expect(await convert(entries.scrambled, 30)).toMatchObject({ status: 415, error: { code: 'media-damaged' } });
    // Nothing is left of those that failed: two at once are the most.
    expect(await convert(entries.whole, 0)).toMatchObject({ status: 200 });
  });

  it('is converted as far as it goes', async () => {
    const made = await site.asOwner(`${mediaPath(entries.half)}?as=h264&from=5`).catch((error: Error) => error);
    // The film breaks off where the file does: as an error of the connection, or as its end.
    if (!(made instanceof Error)) expect([made.status, made.body.length > 1_000]).toEqual([200, true]);
    else expect(made).toMatchObject({ code: 'ECONNRESET' });
  });
});
