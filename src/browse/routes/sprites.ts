import type { Router } from 'express';
import { keyOf, parse, spriteQuery } from '../input.js';
import { whyNot } from '../media-fault.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';
import type { Sites } from '../sites.js';

/** Small pictures of a segment, for whoever drags along the timeline. */
export function spriteRoutes(
  router: Router,
  { sites, stopping }: { sites: Sites; stopping: AbortSignal },
  { sprites }: WebOptions,
): void {
  router.get('/api/v1/sprites/*key', async (request, response) => {
    if (!sprites) throw new Refusal(404, 'no-sprites', 'Small pictures cannot be made here.', 'They need ffmpeg.');
    const key = keyOf(request.params.key);
    const segment = key === undefined ? undefined : await sites.segment(key);
    if (!segment) throw new Refusal(404, 'unknown-key', 'This is not the key of a segment.');
    const { picture } = parse(spriteQuery, request.query);
    const left = new AbortController();
    response.once('close', () => left.abort());
    const made = await sprites(segment, AbortSignal.any([stopping, left.signal]), picture).catch(
      async (error: unknown) => {
        // A hand that sweeps over a day leaves most of its sheets before they are made.
        if (left.signal.aborted) return undefined;
        throw await whyNot(sites, segment, error);
      },
    );
    if (!made) return;
    response.set('Cache-Control', 'private, max-age=31536000, immutable').type('image/jpeg').send(made);
  });
}
