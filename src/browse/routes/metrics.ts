import type { Router } from 'express';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';

/** GET /metrics, for Prometheus: with a token that may look, as everything that tells of cameras. */
export function metricsRoute(router: Router, { metrics }: WebOptions): void {
  router.get('/metrics', async (_request, response) => {
    if (!metrics) throw new Refusal(404, 'no-recorder', 'There is no recorder here, only its archive.');
    const { type, text } = await metrics();
    response.set('Content-Type', type).send(text);
  });
}
