import type { Router } from 'express';
import { messageOf } from '../../../lib/errors.js';
import type { HealthReply, StatusReport } from '../api.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';

/** Anyone may ask for the health as often as they like; it is looked up this often. */
const FRESH_MS = 1_000;

/** For watchdogs and load balancers: up or not, without details and without signing in. */
export function healthRoute(router: Router, { status, clock, log }: WebOptions): void {
  const look = async (): Promise<boolean> => {
    try {
      // An archive alone is up as long as it answers.
      return status === undefined || (await status()).state !== 'down';
    } catch (error) {
      log?.error({ error: messageOf(error) }, 'the status cannot be told');
      return false;
    }
  };
  let known: { at: number; ok: Promise<boolean> } | undefined;
  router.get('/healthz', async (_request, response) => {
    const now = clock.monotonic();
    if (!known || now - known.at >= FRESH_MS) known = { at: now, ok: look() };
    const ok = await known.ok;
    response
      .set('Cache-Control', 'no-store')
      .status(ok ? 200 : 503)
      .json({ ok } satisfies HealthReply);
  });
}

export function statusRoute(router: Router, { status }: WebOptions): void {
  router.get('/api/v1/status', async (_request, response) => {
    if (!status) throw new Refusal(404, 'no-recorder', 'There is no recorder here, only its archive.');
    response.json((await status()) satisfies StatusReport);
  });
}
