import express, { type Router } from 'express';
import { type MemoryStore, rateLimit } from 'express-rate-limit';
import type { SessionReply } from '../api.js';
import { viewerOf } from '../guard.js';
import { credentials, parse } from '../input.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';
import { SESSION_MS, type Sessions } from '../session.js';

/** Wrong passwords one address may try in one window. */
export const ATTEMPTS = 5;
const WINDOW_MS = 60_000;

const cookieAttributes = { httpOnly: true, sameSite: 'strict', path: '/' } as const;

/** Sign-in, which needs no session. */
export function loginRoute(router: Router, sessions: Sessions, store: MemoryStore, { log }: WebOptions): void {
  const throttle = rateLimit({
    windowMs: WINDOW_MS,
    limit: ATTEMPTS,
    store,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Anyone can write these headers: an address is what the connection comes from.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: (request, _response, next) => {
      log?.warn({ address: request.ip }, 'too many wrong passwords; refusing for a minute');
      next(new Refusal(429, 'too-many-attempts', 'Too many attempts.', 'Wait a minute, then try again.'));
    },
  });
  router.post('/api/v1/login', throttle, express.json({ limit: '4kb' }), async (request, response) => {
    const { user, password } = parse(credentials, request.body);
    const session = await sessions.signIn(user, password);
    // The name stays out of the log: people type passwords into the wrong field.
    log?.[session ? 'info' : 'warn']({ address: request.ip }, session ? 'signed in' : 'wrong user or password');
    if (!session) throw new Refusal(401, 'wrong-password', 'Wrong user or password.');
    response.cookie(sessions.cookie, session, { ...cookieAttributes, maxAge: SESSION_MS });
    response.set('Cache-Control', 'no-store').status(204).end();
  });
}

export function sessionRoutes(router: Router, sessions: Sessions, { site, timezone, version }: WebOptions): void {
  router.get('/api/v1/session', (_request, response) => {
    const { user } = viewerOf(response);
    response.json({ user, site, timezone, version } satisfies SessionReply);
  });
  router.post('/api/v1/logout', (request, response) => {
    sessions.end(request.headers.cookie);
    response.clearCookie(sessions.cookie, cookieAttributes).status(204).end();
  });
}
