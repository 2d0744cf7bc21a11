/**
 * The only file of the pages that reads time. "Now" is the recorder's: a laptop whose clock is wrong must not make
 * fresh footage look old, or the future look empty.
 */

let reference: { server: number; at: number; exact: boolean } | undefined;

/** Tells the pages what the recorder's clock said just now. `exact` is false for HTTP dates, which are whole seconds. */
export function setServerTime(serverMs: number, exact: boolean): void {
  if (!Number.isFinite(serverMs)) return;
  if (!exact && reference?.exact) return;
  reference = { server: serverMs, at: performance.now(), exact };
}

/** UTC milliseconds by the recorder's clock; the browser's until the recorder has answered once. */
export function serverNow(): number {
  return reference ? reference.server + performance.now() - reference.at : Date.now();
}

/** Milliseconds from an arbitrary start; never goes backwards. */
export function monotonic(): number {
  return performance.now();
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}

/** Resolves once the page is visible: nothing is polled for a page nobody looks at. */
export function visible(signal: AbortSignal): Promise<void> {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = new AbortController();
    const check = () => {
      if (document.hidden && !signal.aborted) return;
      stop.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', check, { signal: stop.signal });
    signal.addEventListener('abort', check, { signal: stop.signal });
  });
}

/** Calls `task` again and again, `everyMs` after it finished, while the page is visible. `task` handles its own errors. */
export async function repeat(everyMs: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await visible(signal);
    if (signal.aborted) return;
    await task();
    await sleep(everyMs, signal);
  }
}
