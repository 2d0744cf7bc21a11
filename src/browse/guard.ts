import { isIP } from 'node:net';
import type { RequestHandler, Response } from 'express';
import { Refusal } from './refusal.js';
import { type Sessions, sameSecret } from './session.js';

/**
 * Answers only to names that are ours. A page elsewhere can have its own name resolve to this machine (DNS rebinding) and
 * would then count as the same site; an address cannot be made to point elsewhere.
 */
export function onlyKnownHosts(hosts: readonly string[]): RequestHandler {
  const known = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  return (request, _response, next) => {
    const name = hostName(request.headers.host);
    if (name && (isIP(name) !== 0 || known.has(name))) return next();
    throw new Refusal(
      421,
      'unknown-host',
      'These pages are not reached by this name.',
      'Use the address of the recorder, or add the name to `web.hosts`.',
    );
  };
}

function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.groups?.v6 ?? match?.groups?.name)?.toLowerCase();
}

/** Nothing is changed on behalf of a page of another site. What is no browser sends neither header. */
export const onlyOwnPages: RequestHandler = (request, _response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isForeign = (origin !== undefined && hostOf(origin) !== host) || (site !== undefined && site !== 'same-origin');
  if (!isForeign) return next();
  throw new Refusal(
    403,
    'cross-origin',
    'Refused: the request comes from a page of another site.',
    'Behind a proxy, have it pass the Host header on unchanged.',
  );
};

function hostOf(origin: string): string | undefined {
  // `null`, of sandboxed pages and files, is no URL.
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

export interface Viewer {
  /** Null for the commands on this machine. */
  user: string | null;
}

/** From here on, only with a session or the local token. What is behind it is never kept in a cache unless it says so. */
export function onlyViewers(sessions: Sessions, localToken: string): RequestHandler {
  return (request, response, next) => {
    const bearer = /^Bearer (?<token>\S+)$/i.exec(request.headers.authorization ?? '')?.groups?.token;
    const user = sessions.userOf(request.headers.cookie);
    if (user === undefined && !(bearer && sameSecret(bearer, localToken))) {
      response.set('WWW-Authenticate', 'Bearer');
      throw new Refusal(401, 'sign-in', 'Sign in first.');
    }
    response.locals.viewer = { user: user ?? null } satisfies Viewer;
    response.set('Cache-Control', 'no-store');
    next();
  };
}

export function viewerOf(response: Response): Viewer {
  return response.locals.viewer as Viewer;
}
