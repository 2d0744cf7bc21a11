import type { Page } from 'playwright-core';

/** Moments timed inside the page, so that what Playwright needs to hear of them is not counted. */

const PATIENCE_MS = 30_000;

const WATCH = `
  // Milliseconds since the page was asked for, in the frame after the one in which it was there.
  window.when = (isThere, what) => new Promise((resolve, reject) => {
    const limit = performance.now() + ${PATIENCE_MS};
    const look = () => {
      if (isThere()) return requestAnimationFrame(() => resolve(performance.now()));
      if (performance.now() > limit) return reject(new Error('not within half a minute: ' + what));
      requestAnimationFrame(look);
    };
    look();
  });
  window.areLoaded = (selector) => {
    const inSight = [...document.querySelectorAll(selector)].filter((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    return inSight.length > 0 && inSight.every((image) => image.complete && image.naturalWidth > 0);
  };
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });`;

/** Before the page is opened. */
export async function watch(page: Page): Promise<void> {
  await page.addInitScript(WATCH);
}

/** From when the page was asked for to when `condition`, an expression, is true. */
export async function secondsUntil(page: Page, condition: string): Promise<number> {
  const ms = (await page.evaluate(`window.when(() => ${condition}, ${JSON.stringify(condition)})`)) as number;
  return ms / 1000;
}

/** From the next key or press, which `act` makes, to when `condition` is true. */
export async function secondsFrom(page: Page, act: () => Promise<void>, condition: string): Promise<number> {
  await page.evaluate(`{
    const since = new Promise((resolve) => {
      for (const type of ['keydown', 'pointerdown']) {
        addEventListener(type, () => resolve(performance.now()), { capture: true, once: true });
      }
    });
    window.took = since.then(async (began) => (await window.when(() => ${condition}, 'after an act')) - began);
    // Not its promise, which would be waited for.
    undefined;
  }`);
  await act();
  return ((await page.evaluate('window.took')) as number) / 1000;
}

/** How far what was seen already was pushed about, by the measure of browsers (0.1 is what they call good). */
export async function layoutShift(page: Page): Promise<number> {
  return page.evaluate('window.shift');
}
