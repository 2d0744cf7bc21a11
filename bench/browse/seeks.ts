import type { Page } from 'playwright-core';
import { mediaKey } from '../../src/segment.js';
import { SEGMENT_MS } from '../../test/simulators/week.js';

/**
 * One seek of either contestant, timed inside the page by the same rule: from the moment the hand or the program asks until the
 * picture of that moment is decoded and shown.
 */

const PATIENCE_MS = 30_000;

/** A moment is on screen when the film in front stands at it and has its picture. Looked at before every frame. */
const WATCH = `
  window.shown = (isThere) => new Promise((resolve, reject) => {
    const limit = performance.now() + ${PATIENCE_MS};
    const look = () => {
      const video = document.querySelector('video.front');
      if (video && isThere(video) && !video.seeking && video.readyState >= 2) return resolve(performance.now());
      if (performance.now() > limit) return reject(new Error('no picture'));
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });`;

/** The timeline with its whole day in sight. */
export async function prepareWatch(page: Page): Promise<void> {
  await page.evaluate(WATCH);
  await page.evaluate(`
    window.since = undefined;
    addEventListener('pointerdown', () => {
      const before = document.querySelector('video.front').currentSrc;
      const since = performance.now();
      window.since = window.shown((video) => video.currentSrc !== before).then((at) => (at - since) / 1000);
    }, { capture: true });`);
}

/** Seconds from the press of the mouse, `share` of the way along the bar, to the picture. */
export async function clickSeconds(page: Page, share: number): Promise<number> {
  const box = (await page.locator('.row.selected .bar').boundingBox())!;
  await page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
  return page.evaluate('window.since');
}

/** A page with nothing but one `<video>`. */
export async function preparePlain(page: Page, bucket: string): Promise<void> {
  await page.setContent('<video class="front" muted preload="auto" width="1280" height="720"></video>');
  await page.evaluate(WATCH);
  await page.evaluate(`
    window.show = (key, seconds) => {
      const video = document.querySelector('video');
      const since = performance.now();
      video.src = ${JSON.stringify(bucket)} + key;
      video.addEventListener('loadedmetadata', () => { video.currentTime = seconds; }, { once: true });
      return window.shown((one) => Math.abs(one.currentTime - seconds) < 0.01).then((at) => (at - since) / 1000);
    };`);
}

/** Seconds until a bare `<video>` shows the moment, given the address of its file and the place in it. */
export async function plainSeconds(page: Page, time: number): Promise<number> {
  const start = Math.floor(time / SEGMENT_MS) * SEGMENT_MS;
  const key = mediaKey({ site: 'home', camera: 'gate', start, kind: 'continuous' });
  return page.evaluate(`window.show(${JSON.stringify(key)}, ${(time - start) / 1000})`);
}

/** Nothing of it is fetched any more. */
export async function emptyPlain(page: Page): Promise<void> {
  await page.evaluate(`{ const video = document.querySelector('video'); video.removeAttribute('src'); video.load(); }`);
}
