import express, { type Router } from 'express';
import { type MemoryStore, rateLimit } from 'express-rate-limit';
import type { Capabilities, SessionReply } from '../api.js';
import { viewerOf } from '../guard.js';
import { credentials, parse } from '../input.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';
import { SESSION_COOKIE, SESSION_MS, type Sessions } from '../session.js';
import type { Sites } from '../sites.js';

/** Wrong passwords one address may try in one window. */
export const ATTEMPTS = 5;
const WINDOW_MS = 60_000;

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
    response.cookie(sessions.cookie, session, { ...SESSION_COOKIE, maxAge: SESSION_MS });
    response.set('Cache-Control', 'no-store').status(204).end();
  });
}

export function sessionRoutes(
  router: Router,
  { sessions, sites }: { sessions: Sessions; sites: Sites },
  options: WebOptions,
): void {
  const { site, timezone, version } = options;
  const capabilities: Capabilities = {
    recorder: options.status !== undefined,
    sprites: options.sprites !== undefined,
    transcode: options.transcode !== undefined,
    // Only buckets have classes of storage, and addresses of their own.
    storage: (options.mediaOrigins ?? []).length > 0,
    exports: options.exports !== undefined,
  };
  const source = capabilities.recorder ? 'recorder' : 'archive';
  router.get('/api/v1/session', (_request, response) => {
    const { user } = viewerOf(response);
    const about = { site, sites: [...sites.names], source, capabilities, timezone, version } as const;
    response.json({ user, ...about } satisfies SessionReply);
  });
  router.post('/api/v1/logout', (request, response) => {
    sessions.end(request.headers.cookie);
    response.clearCookie(sessions.cookie, SESSION_COOKIE).status(204).end();
  });
}
