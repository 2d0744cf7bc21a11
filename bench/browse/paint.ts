import type { BrowserContextOptions, Page } from 'playwright-core';
import type { BenchOptions, Measured } from '../results.js';
import type { Hosts } from './hosts.js';
import { median } from './numbers.js';
import { layoutShift, secondsFrom, secondsUntil, watch } from './watch.js';

export const SCREENS: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

/** The films of this camera's day are in the bucket. */
const TIMELINE = '/timeline?camera=gate&t=2026-05-01T08:02:00Z';
/** The bars are drawn on a canvas; what is at the moment is said in words as well. */
export const BARS = `/ecorded/.test(document.querySelector('[role=slider]')?.getAttribute('aria-valuetext'))`;

interface Visit {
  name: string;
  /** What makes it useful, for the table. */
  shows: string;
  path: string;
  /** An expression that is true from then on. */
  useful: string;
  /** What is timed from here instead of from the address, once the bars are there. */
  act?: (page: Page) => Promise<void>;
}

const VISITS: readonly Visit[] = [
  {
    ...{ name: 'wall', shows: 'the last pictures of all cameras in sight', path: '/' },
    useful: `window.areLoaded('.card .latest img')`,
  },
  { name: 'timeline', shows: 'the day of the camera', path: TIMELINE, useful: BARS },
  {
    ...{ name: 'film', shows: 'the picture of the moment', path: TIMELINE },
    useful: `document.querySelector('video.front')?.readyState >= 2`,
  },
  {
    ...{ name: 'calendar', shows: 'days with footage, from the click', path: TIMELINE },
    useful: `document.querySelector('.month .marked')`,
    act: (page) => page.locator('.day').click(),
  },
  { name: 'review', shows: 'events', path: '/review', useful: `document.querySelector('.event')` },
  {
    ...{ name: 'review-picture', shows: 'the first picture of an event', path: '/review' },
    useful: `document.querySelector('.still [style*=background-image]')`,
  },
  { name: 'photos', shows: 'all photos in sight', path: '/photos', useful: `window.areLoaded('.gallery img')` },
];

type Times = Record<'cold' | 'warm', number[]>;

/** First useful paint: cold with nothing in memory on either side, then warm in the same browser. */
export async function measurePaint(hosts: Hosts, { quick, say }: BenchOptions): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const [screen, options] of Object.entries(SCREENS)) {
    let worst = 0;
    for (const visit of VISITS) {
      const times: Times = { cold: [], warm: [] };
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        worst = Math.max(worst, await visitTwice(hosts, visit, options, times));
      }
      const { name, shows } = visit;
      say(`${name}, ${screen}: cold ${median(times.cold).toFixed(2)} s, warm ${median(times.warm).toFixed(2)} s`);
      for (const [how, seconds] of Object.entries(times)) {
        const unit = `${name}, ${screen}, ${how}, s: ${shows}`;
        results.push(row(`paint-${name}-${screen}-${how}`, unit, median(seconds)));
      }
    }
    results.push(row(`paint-shift-${screen}`, `layout shift of the worst page, ${screen}`, worst));
  }
  return results;
}

function row(metric: string, unit: string, ours: number): Measured {
  return { metric, unit, better: 'lower', ours, peers: {} };
}

/** Resolves to the greater layout shift. */
async function visitTwice(hosts: Hosts, visit: Visit, options: BrowserContextOptions, times: Times): Promise<number> {
  const pages = await hosts.pages('home');
  try {
    const page = await pages.open(options);
    await watch(page);
    let worst = 0;
    for (const how of ['cold', 'warm'] as const) {
      await page.goto(pages.url + visit.path, { waitUntil: 'commit' });
      times[how].push(await seconds(page, visit));
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined);
      worst = Math.max(worst, await layoutShift(page));
    }
    await page.context().close();
    return worst;
  } finally {
    await pages.stop();
  }
}

async function seconds(page: Page, { useful, act }: Visit): Promise<number> {
  if (!act) return secondsUntil(page, useful);
  await secondsUntil(page, BARS);
  return secondsFrom(page, () => act(page), useful);
}
