import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { expect } from 'vitest';
import { launchChromium } from '../peers/browser.js';
import { type Footage, makeFootage } from './footage.js';
import { type PagesServer, servePages } from './pages-server.js';

export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export interface Visit {
  options?: BrowserContextOptions;
  of?: Pick<PagesServer, 'url' | 'cookie'>;
  signedIn?: boolean;
}

/** Builds the pages into `folder`. A build of our own: `dist` may be built anew by somebody else while a test runs. */
export function buildPages(folder: string): Promise<unknown> {
  return build({ logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
}

/** Chromium, and the pages over a day of made footage. */
export class PagesBrowser {
  /** A page that breaks its own content policy, throws or misses a file says so here. */
  complaints: string[] = [];

  private constructor(
    readonly dir: string,
    readonly pages: string,
    readonly footage: Footage,
    readonly server: PagesServer,
    readonly browser: Browser,
  ) {}

  static async start(): Promise<PagesBrowser> {
    const dir = await mkdtemp(join(tmpdir(), 'nvr-uplink-pages-'));
    const pages = join(dir, 'pages');
    await buildPages(pages);
    const footage = await makeFootage(dir);
    return new PagesBrowser(dir, pages, footage, await servePages(footage, pages), await launchChromium());
  }

  async open(path: string, { options, of = this.server, signedIn = true }: Visit = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    if (signedIn) await context.addCookies([of.cookie]);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      // Not signed in, or frozen: what the page then says is looked at by the tests.
      if (message.type() === 'error' && !/status of (401|409)/.test(message.text()))
        this.complaints.push(message.text());
    });
    await page.goto(of.url + path);
    return page;
  }

  /** The timeline at a UTC time of the footage's day, with a picture on screen. */
  async openTimeline(clock: string, options: BrowserContextOptions = {}, more = ''): Promise<Page> {
    const page = await this.open(`/timeline?camera=front&t=2026-05-03T${clock}Z${more}`, { options });
    await page.waitForSelector('video.front');
    return page;
  }

  /** Closes all pages, and says what they complained of. */
  async leave(): Promise<string[]> {
    for (const context of this.browser.contexts()) await context.close();
    const { complaints } = this;
    this.complaints = [];
    return complaints;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export const waitForMoment = (page: Page, pattern: RegExp) =>
  page.locator('.moment b', { hasText: pattern }).waitFor({ timeout: 20_000 });

/** `expect.poll` with the patience that a machine with other work to do needs. */
export const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000 });
