import type { Router } from 'express';
import { parse, ticketQuery } from '../input.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';
import { SESSION_COOKIE, SESSION_MS, type Sessions, sameSecret } from '../session.js';

/** How long the link may lie around unused. */
const VALID_MS = 15 * 60_000;

/**
 * Signs in whoever comes with the ticket, once: the link is printed for the one person at this machine, and lies in the browser's
 * history from then on, where it is worth nothing.
 */
export function ticketRoute(router: Router, sessions: Sessions, ticket: string, { clock, log }: WebOptions): void {
  const until = clock.monotonic() + VALID_MS;
  let used = false;
  router.get('/open', (request, response) => {
    const given = parse(ticketQuery, request.query).ticket;
    response.set('Cache-Control', 'no-store');
    // Back and reload come here again.
    if (sessions.userOf(request.headers.cookie) !== undefined) return response.redirect(303, '/');
    // HEAD is what programs send that look at links.
    const isValid = request.method === 'GET' && !used && clock.monotonic() < until && sameSecret(given, ticket);
    if (!isValid) {
      log?.warn({ address: request.ip }, 'a sign-in with a wrong, used or old ticket was refused');
      throw new Refusal(
        401,
        'ticket-invalid',
        'This link was used already, or is too old.',
        'Start the command again.',
      );
    }
    used = true;
    response.cookie(sessions.cookie, sessions.begin(), { ...SESSION_COOKIE, maxAge: SESSION_MS });
    response.redirect(303, '/');
  });
}
