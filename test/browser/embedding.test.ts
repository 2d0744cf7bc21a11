import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, PagesBrowser } from '../simulators/pages-browser.js';
import { LOOKING_TOKEN } from '../simulators/pages-server.js';

describe('pages in a frame of another site', () => {
  let site: PagesBrowser;
  let other: Server;
  /** `localhost` and `127.0.0.1` are two sites: no cookie of ours is sent from the one to the other. */
  let otherUrl: string;

  beforeAll(async () => {
    site = await PagesBrowser.start();
    other = createServer((request, response) => {
      const framed = new URL(request.url!, 'http://other').searchParams.get('frame');
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!doctype html><title>Other</title><iframe src="${site.server.url}${framed}" width="900" height="600">`,
      );
    });
    await once(other.listen(0, '127.0.0.1'), 'listening');
    otherUrl = `http://localhost:${(other.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    other.close();
    await site.close();
  });

  /** What the other site shows of `path`, in a browser that is signed in here as well. */
  async function frameOf(path: string): Promise<Frame> {
    const context = await site.browser.newContext();
    await context.addCookies([site.server.cookie]);
    const page = await context.newPage();
    await page.goto(`${otherUrl}/?frame=${encodeURIComponent(path)}`);
    return page.frames()[1]!;
  }

  it.each([
    ['/latest?camera=front', '.latest img'],
    ['/photos', '.gallery img'],
  ])(
    '%s shows its pictures to whoever brings a token that only looks, and leads nowhere else',
    async (path, picture) => {
      const frame = await frameOf(`${path}${path.includes('?') ? '&' : '?'}token=${LOOKING_TOKEN}`);
      await frame.locator(picture).first().waitFor();
      const isLoaded = () =>
        frame
          .locator(picture)
          .first()
          .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 0);
      await eventually(isLoaded).toBe(true);
      expect(await frame.locator('.top nav').count()).toBe(0);
    },
  );

  it.each([
    ['/latest?camera=front', 'without a token'],
    ['/photos', 'without a token'],
    ['/photos?token=guessed', 'with a token there is not'],
    [`/timeline?camera=front&token=${LOOKING_TOKEN}`, 'which is not one of those pages, with a token'],
  ])('%s is not shown %s', async (path) => {
    const frame = await frameOf(path);
    await eventually(() => frame.url()).toBe('chrome-error://chromewebdata/');
  });
});
