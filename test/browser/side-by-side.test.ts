import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, PagesBrowser, PHONE, waitForMoment } from '../simulators/pages-browser.js';

let site: PagesBrowser;

beforeAll(async () => {
  site = await PagesBrowser.start();
});

afterAll(() => site?.close());

afterEach(async () => {
  expect(await site.leave()).toEqual([]);
});

/** What the videos in front show, in seconds of their files, by the camera that stands on them. */
const pictures = (page: Page) =>
  page.locator('.tile').evaluateAll((tiles) =>
    (tiles as unknown as { querySelector(what: string): Record<string, unknown> | null }[]).map((tile) => {
      const video = tile.querySelector('video.front');
      return {
        camera: String(tile.querySelector('.tile-name')?.textContent),
        at: video ? Number(video.currentTime) : undefined,
        paused: video?.paused,
      };
    }),
  );

describe('several cameras at the same moment', () => {
  it('play on one clock, with one scrubber', async () => {
    const page = await site.openTimeline('10:06:00');
    await page.keyboard.press('s');
    await eventually(async () =>
      (await pictures(page)).map(({ camera, at }) => [camera, Math.round(at ?? -1)]),
    ).toEqual([
      ['front', 60],
      ['yard', 60],
    ]);
    await page.keyboard.press(' ');
    await eventually(async () => Math.min(...(await pictures(page)).map(({ at }) => at ?? 0))).toBeGreaterThan(62);
    const [front, yard] = await pictures(page);
    expect(Math.abs(front!.at! - yard!.at!)).toBeLessThan(1);
    await eventually(() => page.url()).toContain('beside=yard');
    await page.keyboard.press(' ');
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('12:10:30');
    await page.keyboard.press('Enter');
    await eventually(async () => (await pictures(page)).map(({ at }) => at)).toEqual([30, 30]);
    await page.keyboard.press('.');
    await eventually(async () => (await pictures(page)).map(({ at }) => at)).toEqual([30.04, 30.04]);
    await page.keyboard.press('s');
    await eventually(async () => (await pictures(page)).length).toBe(1);
    await waitForMoment(page, /^12:10:30$/);
  });

  it('one without footage says why, and the others go on', async () => {
    const page = await site.openTimeline('07:39:58', {}, '&beside=yard');
    await page.getByText('No footage: the camera could not be reached').waitFor();
    await page.keyboard.press(' ');
    // The gap of the yard ends at 07:40.
    await waitForMoment(page, /^09:40:0[1-9]$/);
    const [front, yard] = await pictures(page);
    expect(front!.at).toBeLessThan(10);
    expect(yard!.at).toBeLessThan(10);
    await page.getByText('No footage').waitFor({ state: 'detached' });
  });

  it('a slow one does not stop the others', async () => {
    const page = await site.open('/');
    let isSlow = true;
    await page.route(/media\/home\/yard/, async (route) => {
      if (isSlow) await eventually(() => isSlow).toBe(false);
      await route.continue();
    });
    await page.goto(`${site.server.url}/timeline?camera=front&beside=yard&t=2026-05-03T10:06:00Z`);
    await page.waitForSelector('video.front');
    await page.keyboard.press(' ');
    await waitForMoment(page, /^12:06:0[3-9]$/);
    await page.getByRole('progressbar', { name: 'Loading yard' }).waitFor();
    isSlow = false;
    // It comes in where the others are, not where it would have begun.
    await eventually(async () => (await pictures(page))[1]!.at ?? 0).toBeGreaterThan(62);
    await eventually(async () => {
      const [front, yard] = await pictures(page);
      return Math.abs(front!.at! - yard!.at!);
    }).toBeLessThan(1);
  });

  it('skips what no camera has, and says so', async () => {
    const page = await site.openTimeline('09:54:58', {}, '&beside=yard');
    await page.keyboard.press(' ');
    await page.getByText('Skipped 5 min without footage, 11:55:00 to 12:00:00').waitFor();
    await waitForMoment(page, /^12:00:0\d$/);
  });

  it('a link brings cameras, moment, zoom and speed along', async () => {
    const page = await site.openTimeline('10:06:00', {}, '&beside=yard&span=2h&speed=4');
    await page.locator('.range', { hasText: '11:06 – 13:06' }).waitFor();
    expect(await page.getByLabel('Speed').inputValue()).toBe('4');
    expect((await pictures(page)).map(({ camera }) => camera)).toEqual(['front', 'yard']);
    await page.keyboard.press('+');
    await page.keyboard.press('>');
    await eventually(() => page.url()).toMatch(/camera=front&t=2026-05-03T10:06:00Z&beside=yard&span=1h&speed=8$/);
  });

  it('is chosen in the list, by keys alone too, and fits a phone', async () => {
    const page = await site.openTimeline('10:06:00', PHONE);
    await page.getByRole('button', { name: 'Show yard beside the others' }).tap();
    await eventually(async () => (await pictures(page)).length).toBe(2);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const box = (await page.getByRole('slider').boundingBox())!;
    expect(box.y + box.height).toBeLessThan(844);
    await page.locator('.row-name', { hasText: 'front' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/camera=yard/);
    await page.getByRole('slider', { name: 'Time, camera yard' }).waitFor();
  });
});
