import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deferred } from '../simulators/deferred.js';
import { eventually, PagesBrowser, PHONE, waitForMoment } from '../simulators/pages-browser.js';

let site: PagesBrowser;

beforeAll(async () => {
  site = await PagesBrowser.start();
});

afterAll(() => site?.close());

afterEach(async () => {
  expect(await site.leave()).toEqual([]);
});

const openYard = async (clock: string, span = ''): Promise<Page> => {
  const page = await site.open(`/timeline?camera=yard&t=2026-05-03T${clock}Z${span}`);
  await page.waitForSelector('.tile');
  return page;
};

describe('motion', () => {
  it('is gone through by keys, an event at a time across files', async () => {
    const page = await openYard('05:20:00');
    await waitForMoment(page, /^07:20:00$/);
    await page.keyboard.press(']');
    // Two seconds before it begins, to see it come.
    await waitForMoment(page, /^07:40:58$/);
    await page.keyboard.press(']');
    await page.getByText('No motion is known after this.').waitFor();
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('09:00:00');
    await page.keyboard.press('Enter');
    await page.keyboard.press('[');
    await waitForMoment(page, /^07:40:58$/);
  });

  it('keys are obeyed before the day they are pressed in is known, and before the picture is there', async () => {
    const page = await site.open('/timeline');
    const held = deferred<void>();
    const hold = async (route: Route) => {
      await held.promise;
      await route.continue();
    };
    await page.route('**/api/v1/entries?camera=yard*', hold);
    const asked = page.waitForRequest('**/api/v1/entries?camera=yard*');
    await page.goto(`${site.server.url}/timeline?camera=yard&t=2026-05-03T05:20:00Z`);
    await asked;
    await page.keyboard.press(']');
    held.resolve();
    await waitForMoment(page, /^07:40:58$/);
    await page.unroute('**/api/v1/entries?camera=yard*');
    // Three steps of a hand that does not wait are three steps.
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('11:20:00');
    await page.keyboard.press('Enter');
    for (let step = 0; step < 3; step++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('i');
    await page.getByText('Export from 11:23:00.').waitFor();
    await waitForMoment(page, /^11:23:00$/);
  });
});

describe('the calendar', () => {
  it('is gone through by the arrow keys, into the month before', async () => {
    const page = await openYard('05:20:00');
    await page.locator('.day').click();
    await page.locator('[data-day="2026-05-03"]:focus').waitFor();
    for (const key of ['ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
    await page.locator('[data-day="2026-04-25"]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.day', { hasText: '25 Apr' }).waitFor();
  });

  it('stays where it is from month to month, and a month with fewer weeks fills it as well', async () => {
    const page = await openYard('05:20:00');
    await page.locator('.day').click();
    const month = page.locator('.month');
    const edges = async (title: string, last: string) => {
      await month.getByText(title).waitFor();
      const [box, day] = await Promise.all([month.boundingBox(), month.locator(`[data-day="${last}"]`).boundingBox()]);
      return { top: box!.y, bottom: box!.y + box!.height, below: box!.y + box!.height - day!.y - day!.height };
    };
    const five = await edges('May 2026', '2026-05-31');
    await month.getByLabel('Month before').click();
    await month.getByLabel('Month before').click();
    const six = await edges('March 2026', '2026-03-31');
    expect(six).toEqual({ ...five, below: expect.closeTo(five.below, 0) });
    expect(five.below).toBeLessThan(12);
  });
});

describe('small pictures', () => {
  it('show what is under the pointer, and the film follows when it lets go', async () => {
    const page = await openYard('05:20:00', '&span=10m');
    await waitForMoment(page, /^07:20:00$/);
    const box = (await page.getByRole('slider').boundingBox())!;
    const at = (share: number): [number, number] => [box.x + box.width * share, box.y + box.height / 2];
    await page.mouse.move(...at(0.6));
    const picture = page.locator('.tip-picture');
    await picture.waitFor();
    // A moment whose own picture never comes is shown by the sheet; where it does, it is shown instead, being larger.
    await page.route(/\?picture=/, () => undefined);
    await page.mouse.move(...at(0.62));
    await page.locator('.tip-picture[style*="background-position"]').waitFor();
    await page.mouse.down();
    await page.mouse.move(...at(0.65));
    await page.locator('.tip', { hasText: '07:21:3' }).waitFor();
    // The film waits: what is on screen is still the file's first moment.
    expect(
      await page
        .locator('video.front')
        .evaluate((video) => Number((video as unknown as { currentTime: number }).currentTime)),
    ).toBe(0);
    await page.mouse.up();
    await waitForMoment(page, /^07:21:3\d$/);
  });

  it('come one by one while the sheet of their file is on its way, and the film waits for the hand', async () => {
    const page = await openYard('05:20:00', '&span=10m');
    await waitForMoment(page, /^07:20:00$/);
    // It never comes.
    await page.route(/\/sprites\/[^?]*$/, () => undefined);
    const box = (await page.getByRole('slider').boundingBox())!;
    const at = (share: number): [number, number] => [box.x + box.width * share, box.y + box.height / 2];
    const style = () =>
      page.locator('.tip-picture').evaluate((one) => (one as unknown as { style: { cssText: string } }).style.cssText);
    await page.mouse.move(...at(0.6));
    const first = await style();
    expect(first).toContain('?picture=');
    await page.mouse.down();
    const film = page.locator('video.front');
    const time = () => film.evaluate((video) => (video as unknown as { currentTime: number }).currentTime);
    await eventually(time).toBeGreaterThan(50);
    const pressed = await time();
    await page.mouse.move(...at(0.65));
    await eventually(style).not.toBe(first);
    expect(await time()).toBe(pressed);
    await page.mouse.up();
    await waitForMoment(page, /^07:21:3\d$/);
  });

  it('follow a finger, too', async () => {
    const page = await site.openTimeline('10:06:00', PHONE, '&span=10m');
    const box = (await page.getByRole('slider').boundingBox())!;
    const touch = (type: string, share: number) =>
      page.getByRole('slider').dispatchEvent(type, {
        ...{ pointerId: 1, pointerType: 'touch', button: 0, bubbles: true, isPrimary: true },
        ...{ clientX: box.x + box.width * share, clientY: box.y + 20 },
      });
    await page.evaluate('Element.prototype.setPointerCapture = () => undefined');
    await touch('pointerdown', 0.5);
    await touch('pointermove', 0.6);
    await page.locator('.tip-picture').waitFor();
    await touch('pointerup', 0.6);
    await page.locator('.tip').waitFor({ state: 'detached' });
    await waitForMoment(page, /^12:07:0\d$/);
  });
});

describe('export', () => {
  it('takes its ends from keys, says what is missing, and makes one film of them', async () => {
    const page = await site.openTimeline('10:00:05');
    await page.keyboard.press('i');
    await page.getByText('Export from 12:00:05.').waitFor();
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('12:00:48');
    await page.keyboard.press('Enter');
    await waitForMoment(page, /^12:00:48$/);
    await page.keyboard.press('o');
    await page.keyboard.press('e');
    const dialog = page.getByRole('dialog', { name: 'Export from front' });
    expect(await dialog.getByLabel('From (I)').inputValue()).toBe('12:00:05');
    await dialog.getByText('43 s, about').waitFor();
    await dialog.getByText('15 s of it is missing').waitFor();
    await dialog.getByText('4 recordings as they are').waitFor();
    await dialog.getByRole('button', { name: 'Make one film' }).click();
    const film = dialog.getByRole('link', { name: /\.mp4$/ }).first();
    await film.waitFor();
    const headers = { cookie: `${site.server.cookie.name}=${site.server.cookie.value}` };
    const reply = await fetch(site.server.url + (await film.getAttribute('href')), { headers });
    expect(reply.status).toBe(200);
    expect((await reply.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    await dialog.getByText(/ files? to prove it by$/).click();
    await dialog.getByRole('link', { name: 'verify.html' }).waitFor();
  });
});

it('the export fits on a phone', async () => {
  const page = await site.openTimeline('10:00:05', PHONE);
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Export from front' });
  await dialog.getByRole('button', { name: 'Make one film' }).waitFor();
  const hidden = (one: object) => {
    const { scrollWidth, clientWidth } = one as { scrollWidth: number; clientWidth: number };
    return scrollWidth - clientWidth;
  };
  expect(await dialog.evaluate(hidden)).toBe(0);
});

it('the head of the page and the calendar fit on 320 pixels', async () => {
  const page = await site.openTimeline('10:00:05', { viewport: { width: 320, height: 640 } });
  const [logo, first] = [page.locator('.brand img'), page.locator('.top nav a').first()];
  const [left, right] = [(await logo.boundingBox())!, (await first.boundingBox())!];
  expect(left.x + left.width).toBeLessThanOrEqual(right.x);
  await page.locator('.day').click();
  const month = (await page.locator('.month').boundingBox())!;
  expect(month.x + month.width).toBeLessThanOrEqual(320);
  await page.keyboard.press('Escape');
  // The bar of the second camera is in sight, at least most of it.
  const [rows, second] = [page.locator('.rows'), page.locator('.rows .bar').nth(1)];
  const [sight, bar] = [(await rows.boundingBox())!, (await second.boundingBox())!];
  expect(bar.y + bar.height / 2).toBeLessThanOrEqual(sight.y + sight.height);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
});

describe('what cannot be played as it is', () => {
  it('H.265 is shown as H.264 at the right moment, and says so', async () => {
    const page = await openYard('04:00:05');
    await page.getByText('shown as H.264').waitFor();
    // A keyframe every two seconds: shown from the one before.
    await waitForMoment(page, /^06:00:0[45]$/);
    await page.keyboard.press(' ');
    await waitForMoment(page, /^06:00:0[789]$/);
    const width = await page
      .locator('video.front')
      .evaluate((video) => (video as unknown as { videoWidth: number }).videoWidth);
    expect(width).toBe(640);
    // It goes on with the next file, which needs no help.
    await page.getByText('Skipped 59 min').waitFor();
  });

  it('what is frozen says so, and how it is thawed', async () => {
    const page = await openYard('05:01:00');
    await page.getByText(/This recording is frozen/).waitFor();
    await page.getByText('nvr-uplink restore thaws it').waitFor();
    await page.getByRole('button', { name: 'Go past it' }).click();
    await waitForMoment(page, /^07:05:00$/);
  });
});
