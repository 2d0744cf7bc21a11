import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MediaEntry } from '../../src/segment.js';
import { at, type Footage } from '../simulators/footage.js';
import { eventually, PagesBrowser, waitForMoment } from '../simulators/pages-browser.js';
import { type PagesServer, servePages } from '../simulators/pages-server.js';

let site: PagesBrowser;
let server: PagesServer;
const sizes = { film: 0, photo: 0 };

/** What became of files of the camera `front`: one is cut off in the middle, the next is missing, the one after is something else. */
async function damaged({ dir, footage }: PagesBrowser): Promise<Footage> {
  const files = new Map(footage.files);
  const entries = footage.entries.map((entry) => ({ ...entry }));
  const find = (clock: string, type: string) =>
    entries.find((one) => one.camera === 'front' && one.start === at(clock) && one.type === type) as MediaEntry;
  const cut = async (entry: MediaEntry, name: string) => {
    const whole = await readFile(files.get(entry.key)!);
    await writeFile(join(dir, name), whole.subarray(0, whole.length / 2));
    files.set(entry.key, join(dir, name));
    return whole.length;
  };
  const [half, gone, noise] = ['06:00:00', '06:05:00', '06:10:00'].map((clock) => find(clock, 'segment'));
  for (const [entry, clock] of [
    [half!, '06:03:10'],
    [gone!, '06:06:00'],
    [noise!, '06:11:00'],
  ] as const)
    entry.motion = [{ start: at(clock), end: at(clock) + 10_000, kind: 'person', source: 'onvif' }];
  sizes.film = await cut(half!, 'half.mp4');
  files.delete(gone!.key);
  await writeFile(join(dir, 'noise.mp4'), Buffer.alloc(noise!.bytes, 0x5a));
  files.set(noise!.key, join(dir, 'noise.mp4'));
  const photos = entries.filter((one) => one.type === 'snapshot').sort((a, b) => b.start - a.start) as MediaEntry[];
  sizes.photo = await cut(photos[0]!, 'half.jpg');
  files.delete(photos[1]!.key);
  return { ...footage, entries, files };
}

beforeAll(async () => {
  site = await PagesBrowser.start();
  server = await servePages(await damaged(site), site.pages);
});

afterAll(async () => {
  await server?.close();
  await site?.close();
});

afterEach(async () => {
  // What is not there is answered so: browsers write that down.
  expect((await site.leave()).filter((one) => !/status of (404|415|422)/.test(one))).toEqual([]);
});

const open = (path: string) => site.open(path, { of: server });
const openFront = (clock: string, more = '') => open(`/timeline?camera=front&t=2026-05-03T${clock}Z${more}`);
const [of, number] = ['bytes', (count: number) => count.toLocaleString('en')];
const cutOff = (whole: number) =>
  `This file is cut off: it has ${number(Math.floor(whole / 2))} of ${number(whole)} ${of}.`;
const missing = 'This file is missing.';
const buttons = (page: Page) => page.locator('.fault').locator('button, a').allTextContents();

describe('a damaged file on the timeline', () => {
  it('that is cut off plays as far as it goes, and says then that it is', async () => {
    const page = await openFront('06:01:00');
    await waitForMoment(page, /^08:01:00$/);
    await page.locator('.rate select').selectOption('16');
    await page.keyboard.press(' ');
    await page.locator('.fault').getByText(cutOff(sizes.film)).waitFor();
    await page.getByText('verify --repair').waitFor();
    expect(await buttons(page)).toEqual(['Try again', 'Go past it', 'Save the file']);
  });

  it('that is cut off says so where its pictures are asked for behind its end', async () => {
    const page = await openFront('06:04:00');
    await page.locator('.fault').getByText(cutOff(sizes.film)).waitFor();
  });

  it('that is missing is not offered, and the footage after it plays', async () => {
    const page = await openFront('06:05:30');
    await page.locator('.fault').getByText(missing).waitFor();
    expect(await buttons(page)).toEqual(['Try again', 'Go past it']);
    await page.getByRole('button', { name: 'Go past it' }).click();
    await page.locator('.fault').getByText('This file cannot be read as a film.').waitFor();
    await page.getByRole('button', { name: 'Go past it' }).click();
    await waitForMoment(page, /^08:15:00$/);
    await page.locator('.fault').waitFor({ state: 'detached' });
  });

  it('does not hold up the camera beside it', async () => {
    const page = await openFront('06:05:30', '&beside=yard');
    await page.locator('.fault').getByText(missing).waitFor();
    await page.keyboard.press(' ');
    await waitForMoment(page, /^08:05:3[3-9]$/);
  });

  it('says so under the pointer, and shows the pictures that it has', async () => {
    const page = await openFront('06:01:00', '&span=30m');
    await waitForMoment(page, /^08:01:00$/);
    const box = (await page.getByRole('slider').boundingBox())!;
    const tip = page.locator('.tip');
    const pointAt = async (clock: string) => {
      for (let share = 0; share <= 1; share += 0.005) {
        await page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
        if ((await tip.locator('b').textContent())! >= clock) return;
      }
    };
    await pointAt('08:01:30');
    await tip.locator('.tip-picture').waitFor();
    await tip.getByText(cutOff(sizes.film)).waitFor();
    await pointAt('08:06:00');
    await tip.getByText(missing).waitFor();
    await pointAt('08:11:00');
    await tip.getByText('cannot be read as a film').waitFor();
    await pointAt('08:16:00');
    await tip.locator('.tip-picture').waitFor();
    expect(await tip.locator('.tip-fault').count()).toBe(0);
  });

  it('is not offered among the recordings of an export, and keeps a film from being made', async () => {
    const page = await openFront('06:01:00');
    await waitForMoment(page, /^08:01:00$/);
    await page.keyboard.press('i');
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('08:15:30');
    await page.keyboard.press('Enter');
    await waitForMoment(page, /^08:15:30$/);
    await page.keyboard.press('o');
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog', { name: 'Export from front' });
    await dialog.getByText('4 recordings as they are').click();
    await dialog.getByText(missing).waitFor();
    await dialog.getByText(cutOff(sizes.film)).waitFor();
    expect(await dialog.locator('.export-files a').count()).toBe(3);
    await dialog.getByRole('button', { name: 'Make one film' }).click();
    await dialog.locator('.form-problem', { hasText: 'verify --repair' }).waitFor();
  });
});

describe('a damaged file elsewhere', () => {
  it('is told of on its card of the review, as a picture and as a film', async () => {
    const page = await open('/review?camera=front&from=08:00&to=08:15');
    const card = (clock: string) => page.locator('.event', { has: page.getByText(clock) });
    await card('08:06:00').getByText(missing).waitFor();
    expect(await card('08:06:00').locator('.event-play .icon-glyph').isVisible()).toBe(false);
    await card('08:11:00').getByText('cannot be read as a film').waitFor();
    await card('08:03:10').getByText(cutOff(sizes.film)).waitFor();
    await card('08:06:00').getByRole('button').click();
    await page.locator('.event.selected .event-fault').getByText(missing).waitFor();
  });

  it('is told of in the gallery, and large', async () => {
    const page = await open('/photos');
    await page.locator('.gallery').getByText(missing).waitFor();
    await page.locator('.gallery button').first().click();
    const large = page.locator('.lightbox');
    await large.getByText(cutOff(sizes.photo)).waitFor();
    await large.getByText('Save').waitFor();
    await page.keyboard.press('ArrowRight');
    await large.getByText(missing).waitFor();
    await eventually(() => large.getByText('Save').count()).toBe(0);
    await page.keyboard.press('ArrowRight');
    await large.getByText('Save').waitFor();
  });
});
