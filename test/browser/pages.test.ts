import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually, PagesBrowser, PHONE, waitForMoment } from '../simulators/pages-browser.js';
import { PASSWORD, servePages, USER } from '../simulators/pages-server.js';

let site: PagesBrowser;

beforeAll(async () => {
  site = await PagesBrowser.start();
});

afterAll(() => site?.close());

afterEach(async () => {
  expect(await site.leave()).toEqual([]);
});

const front = (page: Page) =>
  page.locator('video.front').evaluate((video) => {
    const { currentTime, videoWidth, currentSrc, paused } = video as unknown as Record<string, unknown>;
    return { currentTime: Number(currentTime), videoWidth, file: String(currentSrc).split('_').at(-2), paused };
  });

const shown = (page: Page) => page.locator('.moment b').textContent();

/** Clicks where the selected bar shows `share` of the view, 0 to 1. */
async function clickBar(page: Page, share: number): Promise<void> {
  const box = (await page.locator('.row.selected .bar').boundingBox())!;
  await page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
}

describe('sign-in', () => {
  it('says what is wrong, then goes where the visitor wanted to go', async () => {
    const page = await site.open('/timeline?camera=yard&t=2026-05-03T09:00:00Z', { signedIn: false });
    await page.fill('[name=user]', USER);
    await page.fill('[name=password]', 'guess');
    await page.click('text=Sign in');
    await page.getByRole('alert').filter({ hasText: 'Wrong user or password.' }).waitFor();
    await page.fill('[name=password]', PASSWORD);
    await page.click('text=Sign in');
    await page.waitForURL(/\/timeline\?camera=yard&t=2026-05-03T09:00:00/);
    await page.waitForSelector('video.front');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/\/login$/);
    await page.goto(site.server.url);
    await page.waitForURL(/\/login\?to=/);
  });
});

describe('cameras', () => {
  it('shows a card per camera and every problem in words', async () => {
    const page = await site.open('/');
    const yard = page.getByRole('article', { name: 'Camera yard' });
    await yard.getByText('refuses the password').waitFor();
    await page.getByRole('article', { name: 'Camera front' }).getByText('11 files, 412 MB').waitFor();
    await page.getByText('Nothing has been uploaded to archive for 1 h.').waitFor();
    await page.getByText('next try in 42 s').waitFor();
    await page.locator('.card time.stamp', { hasText: '13:33:20' }).waitFor();
  });

  it('has room on a phone for a camera that rests and for a problem that names a path', async () => {
    const own = await servePages(site.footage, site.pages);
    const path = `/var/lib/nvr-uplink/quarantine/${'front_2026-05-03T10-00-00.000Z_2026-05-03T10-05-00.000Z_'.repeat(3)}.mp4`;
    const offUntil = new Date(Date.parse(own.status.at) + 3_600_000).toISOString();
    own.status.problems.push(`A file was set aside: ${path}`);
    Object.assign(own.status.cameras[1]!, { off: true, offUntil, reason: `off, see ${path}` });
    const page = await site.open('/', { of: own, options: PHONE });
    const yard = page.getByRole('article', { name: 'Camera yard' });
    await yard.getByText('Off by schedule until 15:00').waitFor();
    expect(await yard.locator('.chip.bad, .reason.bad').count()).toBe(0);
    await page.getByText('1 of 1 camera recording, 1 off').waitFor();
    await page.getByText(path).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.close();
    await own.close();
  });

  it('follows the status, and says so when the recorder stops answering', async () => {
    const own = await servePages(site.footage, site.pages);
    const page = await site.open('/', { of: own });
    await page.getByText('Needs attention').waitFor();
    Object.assign(own.status, { state: 'ok', problems: [] });
    await page.getByText('All is well').waitFor();
    await own.close();
    await page.getByText('What you see is from 14:00:00').waitFor();
    await page.close();
    site.complaints = site.complaints.filter((line) => !line.includes('ERR_CONNECTION'));
  });
});

describe('timeline', () => {
  it('paints footage, motion, what waits or is frozen, gaps, time off and the future differently', async () => {
    const page = await site.openTimeline('10:00:03');
    await page.getByText('Frozen').waitFor();
    const look = () =>
      page.locator('.rows .row:not(.selected) canvas').evaluate((element) => {
        const canvas = element as unknown as {
          width: number;
          height: number;
          getContext(kind: string): { getImageData(...box: number[]): { data: Iterable<number> } };
        };
        const hour = (h: number) => Math.round((canvas.width * h) / 24);
        // Local hours of 3 May: nothing, off, frozen, motion, uploaded, gap, waiting, to come. Some columns of pixels each, to
        // catch the patterns.
        return [3, 4.5, 7.04, 7.73, 8.3, 9.4, 13.5, 20.01].map((h) =>
          String([...canvas.getContext('2d').getImageData(hour(h), 0, 9, canvas.height).data]),
        );
      });
    // What is frozen is learnt after the rest is drawn.
    await eventually(async () => new Set(await look()).size).toBe(8);
  });

  it('plays where it is clicked, and the pictures move', async () => {
    const page = await site.openTimeline('10:00:03');
    // The recorder is told where the player will jump to.
    const told = page.waitForRequest(/\/media\/[^?]+\?at=\d+\.\d{3}$/);
    await clickBar(page, 8.53 / 24);
    await told;
    await waitForMoment(page, /^08:\d\d:\d\d$/);
    await page.keyboard.press(' ');
    await eventually(async () => (await front(page)).paused).toBe(false);
    const before = await front(page);
    expect(before.videoWidth).toBe(640);
    await eventually(async () => (await front(page)).currentTime).toBeGreaterThan(before.currentTime + 0.5);
    await eventually(() => page.url()).toMatch(/t=2026-05-03T06:\d\d:\d\dZ/);
  });

  it('goes on across the border of two files without a stop', async () => {
    const page = await site.openTimeline('10:00:08');
    expect((await front(page)).file).toBe('20260503T100000Z');
    await page.keyboard.press(' ');
    // The next file is ready behind this one before this one ends.
    await page.locator('video[src*="T100010Z"]:not(.front)').waitFor({ state: 'attached' });
    await waitForMoment(page, /^12:00:1[1-5]$/);
    expect(await front(page)).toMatchObject({ file: '20260503T100010Z', paused: false });
  });

  it('skips a gap and says what it was', async () => {
    const page = await site.openTimeline('10:00:28');
    await page.keyboard.press(' ');
    await page.getByText('Skipped 15 s without footage, 12:00:30 to 12:00:45: the camera sent nothing.').waitFor();
    await waitForMoment(page, /^12:00:4[5-9]$/);
    expect(await front(page)).toMatchObject({ file: '20260503T100045Z', paused: false });
  });

  it('snaps from a gap to the footage after it, and steps back over it', async () => {
    const page = await site.openTimeline('10:00:35');
    expect(await shown(page)).toBe('12:00:45');
    await page.keyboard.press('ArrowLeft');
    await waitForMoment(page, /^12:00:20$/);
  });

  it('obeys the keys', async () => {
    const page = await site.openTimeline('10:00:03');
    await page.keyboard.press('ArrowRight');
    await waitForMoment(page, /^12:00:13$/);
    await page.keyboard.press('.');
    await eventually(async () => (await front(page)).currentTime).toBeCloseTo(3.04, 2);
    await page.keyboard.press('+');
    await page.locator('.range', { hasText: '06:00 – 18:00' }).waitFor();
    await page.keyboard.press('-');
    await page.locator('.range', { hasText: '00:00 – 24:00' }).waitFor();
    await page.keyboard.press('>');
    expect(await page.getByLabel('Speed').inputValue()).toBe('2');
    await page.keyboard.press('m');
    await page.getByRole('button', { name: 'Sound off' }).waitFor();
    await page.keyboard.press('c');
    await page.waitForURL(/camera=yard/);
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('08:15:30');
    await page.keyboard.press('Enter');
    await waitForMoment(page, /^08:15:30$/);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('one frame back or on').waitFor();
  });

  it('zooms by the wheel around the pointer', async () => {
    const page = await site.openTimeline('10:00:03');
    const box = (await page.locator('.row.selected .bar').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 10);
    await page.mouse.wheel(0, -240);
    await page.locator('.range', { hasText: '06:00 – 18:00' }).waitFor();
    await page.locator('.tip', { hasText: '12:00:00 recorded and uploaded' }).waitFor();
  });

  it('fills while somebody watches', async () => {
    const page = await site.openTimeline('11:54:00');
    const slider = page.getByRole('slider');
    const { footage } = site;
    const { length } = footage.entries;
    await page.keyboard.press('g');
    await page.getByLabel('Time', { exact: true }).fill('13:54:58');
    await page.keyboard.press('Enter');
    await waitForMoment(page, /^13:54:58$/);
    await page.keyboard.press(' ');
    await page.getByText('This is the newest finished recording.').waitFor();
    const last = footage.entries.find(
      (entry) => entry.type === 'segment' && entry.start === Date.UTC(2026, 4, 3, 11, 50),
    );
    if (last?.type !== 'segment') throw new Error('the footage has no file at 11:50');
    const key = last.key.replace('T115000Z', 'T115500Z');
    footage.files.set(key, footage.files.get(last.key)!);
    footage.entries.push({ ...last, key, start: last.end, end: last.end + 290_000 });
    await waitForMoment(page, /^13:55:0[1-9]$/);
    expect(await slider.getAttribute('aria-valuetext')).toContain('recorded, not yet uploaded');
    footage.entries.length = length;
  });

  it('has its scrubber in sight on a phone, and nothing to scroll sideways', async () => {
    const lastYear = '/timeline?camera=front&t=2025-12-31T10:00:00Z';
    for (const path of ['/', '/photos', lastYear, '/timeline?camera=front&t=2026-05-03T10:00:03Z']) {
      const page = await site.open(path, { options: PHONE });
      await page.waitForSelector('.card, .gallery, .stage-empty, video.front');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      if (path.includes('10:00:03')) {
        const box = (await page.getByRole('slider').boundingBox())!;
        expect(box.height).toBeGreaterThanOrEqual(44);
        expect(box.y + box.height).toBeLessThan(844);
        await page.touchscreen.tap(box.x + (box.width * 8.5) / 24, box.y + 20);
        await waitForMoment(page, /^08:/);
        const small = await page
          .locator('main button')
          .evaluateAll((buttons) =>
            (buttons as unknown as { getBoundingClientRect(): { width: number; height: number } }[])
              .map((button) => button.getBoundingClientRect())
              .filter(({ width, height }) => width > 0 && (width < 44 || height < 44)),
          );
        expect(small).toEqual([]);
      }
      await page.close();
    }
  });
});

describe('photos', () => {
  it('loads older ones as needed, filters by camera, enlarges', async () => {
    const page = await site.open('/photos');
    await page.getByText('13:33:20').first().waitFor();
    expect(await page.locator('.gallery button').count()).toBe(48);
    await page.keyboard.press('End');
    await page.locator('.gallery button').nth(59).waitFor();
    await page.getByRole('combobox', { name: 'Camera' }).selectOption('yard');
    await page.waitForURL(/camera=yard/);
    await eventually(() => page.locator('.gallery button').count()).toBe(20);
    await page.locator('.gallery button').first().click();
    await page.getByRole('dialog').getByAltText('yard at 13:20:00').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog').getByAltText('yard at 13:00:00').waitFor();
    await page.getByText('Show on the timeline').click();
    await page.waitForURL(/\/timeline\?camera=yard/);
    await waitForMoment(page, /^13:00:00$/);
  });
});
