import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import PQueue from 'p-queue';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { S3Reader } from '../../lib/objects/s3-reader.js';
import { archivePages } from '../../src/app-archive.js';
import type { EntriesReply } from '../../src/browse/api.js';
import { launchChromium } from '../peers/browser.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { film } from '../simulators/footage.js';
import { buildPages, eventually, PHONE, waitForMoment } from '../simulators/pages-browser.js';
import { WEEK_CAMERAS, weekEntries, weekShards } from '../simulators/week.js';

/** Wednesday afternoon. Ceph holds in memory what it holds: one camera has its films of two hours, the others of ten minutes. */
const [FROM, TO] = [Date.UTC(2026, 3, 29, 13), Date.UTC(2026, 3, 29, 15)];
const [SHORT_FROM, SHORT_TO] = [FROM + 30 * 60_000, FROM + 40 * 60_000];

describe('a week of eight cameras in a bucket, looked at without its recorder', () => {
  let dir: string;
  let gateway: Radosgw;
  let reader: S3Reader;
  const listed: string[] = [];
  const named: string[] = [];
  let browser: Browser;
  let url: string;
  let running: Promise<void>;
  const stop = new AbortController();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'week-'));
    gateway = await sharedRadosgw();
    await buildPages(join(dir, 'pages'));
    const bucket = await gateway.createBucket();
    await fill(bucket, await readFile(await film(dir, 'film.mp4', 300, 1, 30)));
    reader = new S3Reader({ ...gateway.access, bucket });
    const [list, names] = [reader.list.bind(reader), reader.names.bind(reader)];
    reader.names = (folder) => {
      named.push(folder);
      return names(folder);
    };
    reader.list = (folder) => {
      listed.push(folder);
      return list(folder);
    };
    const pages = await archivePages({
      ...{ reader, sites: ['home'], timezone: 'Europe/Copenhagen', version: '0.1.0', scratch: dir, ffmpeg: 'ffmpeg' },
      ...{ listen: { host: '127.0.0.1', port: 0 }, clock: systemClock, log: createLog({ write: () => undefined }) },
      pages: join(dir, 'pages'),
    });
    url = pages.url;
    running = pages.run(stop.signal);
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    stop.abort();
    await running;
    reader?.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function fill(Bucket: string, bytes: Buffer): Promise<void> {
    const client = new S3Client({ ...gateway.access, forcePathStyle: true });
    const queue = new PQueue({ concurrency: 16 });
    const put = (Key: string, Body: Buffer | string) =>
      queue.add(() => client.send(new PutObjectCommand({ Bucket, Key, Body })));
    for (const camera of WEEK_CAMERAS) {
      const entries = weekEntries(camera, { film: bytes });
      for (const { key, text } of weekShards(camera, entries)) void put(key, text);
      const [from, to] = camera === 'gate' ? [FROM, TO] : [SHORT_FROM, SHORT_TO];
      for (const entry of entries)
        if (entry.type === 'segment' && entry.start >= from && entry.start < to) void put(entry.key, bytes);
    }
    await queue.onIdle();
    client.destroy();
  }

  let origin: string;
  let cookies: Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>;

  it('opens by its link alone, and shows every camera', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.getByText('The archive of home').waitFor();
    await eventually(() => page.locator('.card').count()).toBe(8);
    origin = new URL(page.url()).origin;
    cookies = await context.cookies();
    await context.close();
  });

  it('a day of a camera costs one listing, and the browser less than 200 kB', async () => {
    const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
    const reply = await fetch(`${origin}/api/v1/entries?camera=shed&day=2026-04-28`, { headers });
    const text = await reply.text();
    // The pages opened before still look for pictures of other days.
    expect(listed.filter((folder) => folder.includes('shed/2026/04/28'))).toHaveLength(1);
    expect(text.length).toBeLessThan(200_000);
    expect((JSON.parse(text) as EntriesReply).entries.length).toBeGreaterThan(270);
  });

  it('a day on the timeline costs that listing, and no look at other days; the calendar one for each month in sight', async () => {
    const context = await browser.newContext();
    await context.addCookies(cookies);
    const page = await context.newPage();
    // The wall that was opened before may still look for a picture, through all days: this waits for the same look.
    const headers = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
    await fetch(`${origin}/latest?camera=drive`, { headers });
    const ofDrive = (folders: readonly string[]) => folders.filter((folder) => folder.includes('index/drive'));
    const before = [listed.length, named.length] as const;
    await page.goto(`${origin}/timeline?camera=drive&t=2026-04-29T13:31:00Z`);
    await page.waitForSelector('video.front');
    // The local day of Copenhagen touches two of UTC.
    const days = ['28', '29'].map((day) => `home/index/drive/2026/04/${day}/`);
    expect(ofDrive(listed.slice(before[0])).sort()).toEqual(days);
    expect(ofDrive(named.slice(before[1]))).toEqual([]);
    await page.locator('.day').click();
    await eventually(() => page.locator('.month .marked').count()).toBe(4);
    // The first of April began in March there.
    expect(ofDrive(named.slice(before[1])).sort()).toEqual(['home/index/drive/2026/03', 'home/index/drive/2026/04']);
    await context.close();
  });

  it('pushes nothing about that is seen already while the timeline opens', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addCookies(cookies);
    const page = await context.newPage();
    await page.addInitScript(`
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });`);
    // The list of cameras comes late, as from afar: the page is painted before.
    await page.route('**/api/v1/cameras*', async (route) => {
      await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))');
      await route.continue();
    });
    await page.goto(`${origin}/timeline?camera=drive&t=2026-04-29T13:31:00Z`);
    await page.waitForSelector('video.front');
    expect(await page.evaluate('window.shift')).toBeLessThan(0.02);
    await context.close();
  });

  it('shows small pictures of what lies in the bucket', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.addCookies(cookies);
    const page = await context.newPage();
    await page.goto(`${origin}/timeline?camera=gate&t=2026-04-29T13:31:00Z&span=2h`);
    await page.waitForSelector('video.front');
    const box = (await page.getByRole('slider').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
    await page.locator('.tip-picture').waitFor();
    await context.close();
  });

  it.each([['a desktop', { viewport: { width: 1280, height: 800 } }] as const, ['a phone', PHONE] as const])(
    'on %s every page opens, and a moment is found by hand',
    async (_, screen) => {
      const context = await browser.newContext(screen);
      await context.addCookies(cookies);
      const page = await context.newPage();
      const answers: number[] = [];
      page.on('response', (one) => one.url().includes('/api/v1/media/') && answers.push(one.status()));
      await page.goto(`${origin}/review?camera=gate&day=2026-04-29`);
      await page.locator('.event').first().waitFor();
      await page.goto(`${origin}/photos`);
      await page.getByText('No photos yet.').waitFor();
      await page.goto(`${origin}/timeline?camera=gate&t=2026-04-29T13:31:00Z&span=1h`);
      await waitForMoment(page, /^15:31:00$/);
      const box = (await page.getByRole('slider').boundingBox())!;
      const y = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width * 0.3, y);
      await page.mouse.down();
      for (const share of [0.4, 0.6, 0.9]) await page.mouse.move(box.x + box.width * share, y);
      await page.mouse.up();
      // 15:01 to 16:01 are in sight; the film follows when the hand lets go.
      await waitForMoment(page, /^15:5[45]:/);
      // Through the process that shows the pages: the bucket is far, and browsers open it anew at every jump.
      expect(new Set(answers)).toEqual(new Set([206]));
      await context.close();
    },
  );
});
