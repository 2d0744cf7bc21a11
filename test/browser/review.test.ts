import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, PagesBrowser, PHONE, waitForMoment } from '../simulators/pages-browser.js';
import { servePages } from '../simulators/pages-server.js';

let site: PagesBrowser;

beforeAll(async () => {
  site = await PagesBrowser.start();
});

afterAll(() => site?.close());

afterEach(async () => {
  expect(await site.leave()).toEqual([]);
});

const selected = (page: Page) => page.locator('.event.selected').getAttribute('aria-label');
const names = (page: Page) =>
  page
    .locator('.event')
    .evaluateAll((cards) =>
      (cards as unknown as { getAttribute(name: string): string }[]).map((card) => card.getAttribute('aria-label')),
    );

/** The film lies where the picture was: all of it, and nothing beyond. */
async function expectFilmInPlace(page: Page): Promise<void> {
  const boxOf = (part: string) => page.locator(`.event.selected ${part}`).boundingBox();
  const place = await boxOf('.event-picture');
  expect(place!.width).toBeGreaterThan(200);
  expect(await boxOf('.event-film')).toEqual(place);
  expect(await boxOf('video.front')).toEqual(place);
}

describe('review', () => {
  it('says of a file of which no picture can be made that it is damaged', async () => {
    const page = await site.open('/review');
    await page.route('**/api/v1/sprites/**', (route) => route.fulfill({ contentType: 'image/webp', body: 'none' }));
    await page.reload();
    await page.getByText('No picture can be made of this file').first().waitFor();
  });

  it('shows motion newest first, and goes from one to the next by a key, playing in place', async () => {
    const page = await site.open('/review');
    await page.locator('.event').first().waitFor();
    await eventually(() => names(page)).toEqual([
      'front, Sun, 3 May 2026, 12:06:10',
      'yard, Sun, 3 May 2026, 07:41:00',
    ]);
    await page.getByText('vehicle, 10 s').waitFor();
    // Small pictures come by themselves.
    await page.locator('.still [style*=background-image]').nth(1).waitFor();
    await page.keyboard.press('j');
    expect(await selected(page)).toContain('front');
    await page.keyboard.press('j');
    expect(await selected(page)).toContain('yard');
    await page.keyboard.press('ArrowUp');
    expect(await selected(page)).toContain('front');
    const video = page.locator('.event.selected video.front');
    const at = () => video.evaluate((one) => Number((one as unknown as { currentTime: number }).currentTime));
    // 10:06:10 lies 70 seconds into the file; it begins three seconds before.
    await eventually(at).toBeGreaterThan(67.5);
    await expectFilmInPlace(page);
    await page.locator('.event.selected').getByRole('link', { name: 'Timeline' }).click();
    await waitForMoment(page, /^12:06:10$/);
  });

  it('plays in place on a phone, too', async () => {
    const page = await site.open('/review?camera=front', { options: PHONE });
    await page.locator('.event .event-play').tap();
    await page.locator('.event.selected video.front').waitFor();
    await expectFilmInPlace(page);
  });

  it('filters by camera, time of day and score, and keeps the filter in the address', async () => {
    const page = await site.open('/review');
    await page.locator('.event').first().waitFor();
    await page.locator('.filters').getByLabel('Camera').selectOption('yard');
    await page.waitForURL(/\/review\?camera=yard$/);
    await eventually(() => names(page)).toEqual(['yard, Sun, 3 May 2026, 07:41:00']);
    await page.goto(`${site.server.url}/review?from=11:00&to=13:00&score=50`);
    await eventually(() => names(page)).toEqual(['front, Sun, 3 May 2026, 12:06:10']);
    await page.goto(`${site.server.url}/review?score=90&camera=front`);
    await page.getByText('No such motion').waitFor();
    await page.getByRole('link', { name: 'Show all motion' }).click();
    await page.locator('.event').first().waitFor();
  });

  it('says how to enable motion where none is known', async () => {
    const still = { ...site.footage, entries: site.footage.entries.map((entry) => ({ ...entry, motion: undefined })) };
    const own = await servePages(still, site.pages);
    const page = await site.open('/review', { of: own, options: PHONE });
    await page.getByText('No motion is known').waitFor();
    await page.getByText('camera check').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.close();
    await own.close();
  });
});

describe('pages that a person opens', () => {
  it('/latest is a page around the picture, and the picture where it is embedded', async () => {
    const page = await site.open('/latest?camera=front', { options: PHONE });
    await page.locator('.latest img').waitFor();
    await page.getByRole('link', { name: 'Timeline' }).last().waitFor();
    const headers = { cookie: `${site.server.cookie.name}=${site.server.cookie.value}` };
    const embedded = await fetch(`${site.server.url}/latest?camera=front`, { headers });
    expect(embedded.headers.get('content-type')).toBe('image/jpeg');
  });

  it('an unknown address is a page that leads on', async () => {
    const page = await site.open('/timelin');
    await page.getByText('There is no page here').waitFor();
    expect(site.complaints.splice(0)).toEqual([expect.stringContaining('404')]);
    await page.locator('main').getByRole('link', { name: 'Timeline' }).click();
    await page.waitForSelector('video.front');
    const reply = await fetch(`${site.server.url}/api/v1/nothing`, { headers: { accept: 'text/html' } });
    expect(reply.headers.get('content-type')).toContain('json');
  });
});
