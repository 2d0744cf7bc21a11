import express, { type Router } from 'express';
import { onlyFull } from '../guard.js';
import { cameraPath, motionBody, parse } from '../input.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';

/**
 * What others tell of motion: POST /api/v1/cameras/NAME/motion with `{"action": "pulse"}`, or `start` and `stop`. With a session or
 * a token that may do more than look.
 */
export function motionRoute(router: Router, { motion }: WebOptions): void {
  router.post('/api/v1/cameras/:camera/motion', onlyFull, express.json({ limit: '4kb' }), (request, response) => {
    if (!motion) throw new Refusal(404, 'no-recorder', 'There is no recorder here, only its archive.');
    const { camera } = parse(cameraPath, request.params);
    const { action, seconds } = parse(motionBody, request.body ?? {});
    const answer = motion(camera, action, seconds === undefined ? undefined : seconds * 1_000);
    if (answer === 'unknown') {
      throw new Refusal(404, 'unknown-camera', `There is no camera ${camera}.`, '/api/v1/cameras lists them.');
    }
    if (answer === 'closed') {
      const hint = 'Add `external` to its `motion.sources`.';
      throw new Refusal(409, 'not-external', `${camera} does not listen to others about motion.`, hint);
    }
    response.status(204).end();
  });
}
