import type { CDPSession, Page } from 'playwright-core';
import { systemClock } from '../../lib/clock.js';
import type { BenchOptions, Measured } from '../results.js';
import type { Hosts } from './hosts.js';
import { at, median, seeded } from './numbers.js';
import { SCREENS } from './paint.js';
import { fileOf, silence, soughtShares } from './places.js';
import { watch } from './watch.js';

/** A hand moves to and fro once in this time, and says where it is this often each second. */
const [DRAG_MS, HAND_HZ] = [2_000, 60];

const PREPARE = `
  window.pictureOf = () => document.querySelector('.tip-picture')?.style.backgroundImage;
  window.awaitPicture = () => {
    const before = window.pictureOf();
    const since = new Promise((resolve) => {
      addEventListener('pointermove', () => resolve(performance.now()), { capture: true, once: true });
    });
    const isNew = () => window.pictureOf() !== undefined && window.pictureOf() !== before;
    window.took = since.then(async (began) => ((await window.when(isNew, 'a small picture')) - began) / 1000);
    undefined;
  };
  window.frames = [];
  window.count = (time) => {
    window.frames.push(time);
    window.counting = requestAnimationFrame(window.count);
  };`;

/** A mouse or a finger. */
interface Hand {
  press(x: number, y: number): Promise<void>;
  to(x: number, y: number): Promise<void>;
  lift(): Promise<void>;
}

/**
 * From when the hand comes to a file nobody looked at to the small picture of that place, by a mouse that hovers and a finger that drags;
 * and the frames that a browser did not draw while a hand drags to and fro.
 */
export async function measureScrub(hosts: Hosts, { quick, say }: BenchOptions): Promise<Measured[]> {
  const results: Measured[] = [];
  for (const [screen, options] of Object.entries(SCREENS)) {
    const pages = await hosts.pages('home');
    try {
      const page = await pages.open(options);
      await watch(page);
      await page.goto(`${pages.url}/timeline?camera=gate&t=2026-05-01T17:00:00Z`);
      await page.waitForSelector('video.front');
      await page.evaluate(PREPARE);
      const touch = options.hasTouch ? finger(await page.context().newCDPSession(page)) : undefined;
      const seconds = await smallPictures(hosts, page, touch ?? mouse(page, true), quick ? 12 : 30);
      const dropped = await droppedPercent(hosts, page, touch ?? mouse(page, false));
      say(
        `${screen}: a small picture after ${median(seconds).toFixed(2)} s, ${dropped.toFixed(1)} % of frames dropped`,
      );
      const how = touch ? 'finger dragging' : 'mouse hovering';
      const row = (name: string, unit: string, ours: number): Measured => ({
        ...{ metric: `scrub-${screen}${name}`, unit: `${how}, ${unit}`, better: 'lower', ours, peers: {} },
      });
      results.push(row('', 'small picture of a new file, median s', median(seconds)));
      results.push(row('-worst', 'the same, the slowest, s', at(seconds, 1)));
      results.push(row('-dropped', 'frames dropped while dragging, %', dropped));
    } finally {
      await pages.stop();
    }
  }
  return results;
}

async function smallPictures(hosts: Hosts, page: Page, hand: Hand, count: number): Promise<number[]> {
  const nextShare = soughtShares(seeded(11));
  const seen = new Set<number>();
  const seconds: number[] = [];
  const { x, y, width, height } = await bar(page);
  await hand.press(x + width * 0.1, y + height / 2);
  while (seconds.length < count) {
    const share = nextShare();
    const file = fileOf(share);
    if ([-1, 0, 1].some((by) => seen.has(file + by))) continue;
    seen.add(file);
    await silence(hosts);
    await page.evaluate('window.awaitPicture()');
    await hand.to(x + width * share, y + height / 2);
    seconds.push(await page.evaluate('window.took'));
  }
  await hand.lift();
  return seconds;
}

async function droppedPercent(hosts: Hosts, page: Page, hand: Hand): Promise<number> {
  await silence(hosts);
  const { x, y, width, height } = await bar(page);
  await hand.press(x + width * 0.15, y + height / 2);
  await page.evaluate('window.counting = requestAnimationFrame(window.count)');
  const steps = (DRAG_MS / 1000) * HAND_HZ;
  const began = performance.now();
  for (let step = 1; step <= steps; step++) {
    const share = 0.15 + 0.33 * (1 - Math.abs(1 - (2 * step) / steps));
    await hand.to(x + width * share, y + height / 2);
    await systemClock.sleep(Math.max(0, began + (step * 1000) / HAND_HZ - performance.now()));
  }
  const frames = (await page.evaluate('cancelAnimationFrame(window.counting), window.frames')) as number[];
  await hand.lift();
  const due = Math.round(((frames.at(-1)! - frames[0]!) * 60) / 1000);
  return (100 * Math.max(0, due - (frames.length - 1))) / due;
}

async function bar(page: Page) {
  return (await page.locator('.row.selected .bar').boundingBox())!;
}

function mouse(page: Page, hovers: boolean): Hand {
  return {
    to: (x, y) => page.mouse.move(x, y),
    async press(x, y) {
      await page.mouse.move(x, y);
      if (!hovers) await page.mouse.down();
    },
    lift: async () => (hovers ? undefined : await page.mouse.up()),
  };
}

function finger(session: CDPSession): Hand {
  const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) => {
    await session.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  return {
    to: (x, y) => touch('touchMove', [{ x, y }]),
    press: (x, y) => touch('touchStart', [{ x, y }]),
    lift: () => touch('touchEnd', []),
  };
}
