import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from './peers/browser.js';
import { buildPages, PHONE } from './simulators/pages-browser.js';
import { type PagesServer, servePages } from './simulators/pages-server.js';
import { makeScenery, sceneryStatus } from './simulators/scenery.js';

/** `npm run screenshots [NAME…]`: every page, on a desktop and a phone, light and dark, into docs/images/pages. */

const run = promisify(execFile);
const TARGET = fileURLToPath(new URL('../docs/images/pages/', import.meta.url));
const SCREENS: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { ...PHONE, deviceScaleFactor: 2 },
};

interface Shot {
  path: string;
  signedOut?: boolean;
  /** Until what the picture is of is there. */
  ready: (page: Page) => Promise<unknown>;
}

const film = (page: Page) => page.waitForSelector('video.front');
const MOMENT = 't=2026-05-03T09:31:36Z';

const SHOTS: Record<string, Shot> = {
  'sign-in': { path: '/login', signedOut: true, ready: (page) => page.waitForSelector('form') },
  cameras: { path: '/', ready: (page) => page.locator('.latest img').first().waitFor() },
  timeline: {
    path: `/timeline?camera=gate&${MOMENT}`,
    async ready(page) {
      await film(page);
      const box = (await page.getByRole('slider').boundingBox())!;
      const isPhone = page.viewportSize()!.width < 700;
      if (isPhone) return page.getByText('Frozen').waitFor();
      await page.mouse.move(box.x + box.width * 0.22, box.y + 20);
      return page.locator('.tip-picture').waitFor();
    },
  },
  'timeline-day-before': {
    path: '/timeline?camera=garden&t=2026-05-01T09:00:00Z&span=12h',
    async ready(page) {
      await page.getByText('frozen').first().waitFor();
      await page.waitForLoadState('networkidle');
      await page.locator('.day').click();
      await page.locator('.month .marked').first().waitFor();
    },
  },
  'side-by-side': {
    path: `/timeline?camera=gate&beside=driveway,garden,yard&${MOMENT}&span=2h`,
    ready: (page) => page.locator('video.front').nth(3).waitFor(),
  },
  review: {
    path: '/review',
    async ready(page) {
      await page.locator('.still [style*=background-image]').first().waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.waitForSelector('.event.selected video.front');
    },
  },
  photos: { path: '/photos', ready: (page) => page.locator('.gallery img').first().waitFor() },
  latest: {
    // By way of a page that learns what time it is there.
    path: '/',
    async ready(page) {
      await page.locator('.latest img').first().waitFor();
      await page.evaluate(`{
        const link = document.body.appendChild(document.createElement('a'));
        link.href = '/latest?camera=gate';
        link.click();
        link.remove();
      }`);
      await page.waitForSelector('.newest .latest img');
    },
  },
  export: {
    path: `/timeline?camera=garden&t=2026-05-03T06:52:00Z&span=2h`,
    async ready(page) {
      await film(page);
      await page.keyboard.press('i');
      await page.keyboard.press('g');
      await page.getByLabel('Time', { exact: true }).fill('09:46:00');
      await page.keyboard.press('Enter');
      await page.locator('.moment b', { hasText: '09:46' }).waitFor();
      await page.keyboard.press('o');
      await page.keyboard.press('e');
      await page.getByRole('dialog').waitFor();
    },
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in SHOTS));
if (unknown.length > 0) throw new Error(`There is no page ${unknown.join(', ')}: ${Object.keys(SHOTS).join(', ')}`);
const dir = await mkdtemp(join(tmpdir(), 'screenshots-'));
try {
  await mkdir(TARGET, { recursive: true });
  await buildPages(join(dir, 'pages'));
  const server = await servePages(await makeScenery(dir), join(dir, 'pages'));
  Object.assign(server.status, sceneryStatus());
  const browser = await launchChromium();
  for (const [name, shot] of Object.entries(SHOTS)) {
    if (wanted.length === 0 || wanted.includes(name)) await take(browser, server, name, shot);
  }
  await browser.close();
  await server.close();
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function take(browser: Browser, server: PagesServer, name: string, shot: Shot): Promise<void> {
  for (const [screen, options] of Object.entries(SCREENS)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ ...options, colorScheme });
      if (!shot.signedOut) await context.addCookies([server.cookie]);
      const page = await context.newPage();
      await page.goto(server.url + shot.path);
      await shot.ready(page);
      // A film that plays never leaves the line idle.
      await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined);
      const picture = join(dir, `${name}.png`);
      await page.screenshot({ path: picture });
      await context.close();
      const file = join(TARGET, `${name}-${screen}-${colorScheme}.webp`);
      await run('ffmpeg', ['-v', 'error', '-y', '-i', picture, '-c:v', 'libwebp', '-quality', '78', file]);
      console.log(file);
    }
  }
}
