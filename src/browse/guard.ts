import { isIP, type Socket } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { allowEmbedding } from './embedding.js';
import type { WebOptions } from './options.js';
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
  /** Null for the commands on this machine; `token NAME` for a program. */
  user: string | null;
  /** `read` may look and nothing else. */
  scope: 'read' | 'full';
}

/** Told of the connections of those who may look. */
export type OnViewer = (socket: Socket) => void;

/** From here on, only with a session or the local token. What is behind it is never kept in a cache unless it says so. */
export function onlyViewers(
  sessions: Sessions,
  { localToken, tokens }: WebOptions,
  onViewer: OnViewer,
): RequestHandler {
  const byToken = (token: string | undefined): Viewer | undefined => {
    if (token === undefined) return undefined;
    if (sameSecret(token, localToken)) return { user: null, scope: 'full' };
    const found = tokens?.find(token);
    return found && { user: `token ${found.name}`, scope: found.scope };
  };
  return (request, response, next) => {
    const user = sessions.userOf(request.headers.cookie);
    const bearer = /^Bearer (?<token>\S+)$/i.exec(request.headers.authorization ?? '')?.groups?.token;
    const guest = onlyLooking(byToken(embedded(request)));
    if (guest) allowEmbedding(response);
    const viewer: Viewer | undefined = user !== undefined ? { user, scope: 'full' } : (byToken(bearer) ?? guest);
    if (!viewer) {
      response.set('WWW-Authenticate', 'Bearer');
      throw new Refusal(401, 'sign-in', 'Sign in first.');
    }
    response.locals.viewer = viewer;
    onViewer(request.socket);
    response.set('Cache-Control', 'no-store');
    next();
  };
}

/** `?token=`, for pictures that other pages embed. An address ends up in logs and histories: it only ever looks. */
function embedded({ method, query }: Request): string | undefined {
  return (method === 'GET' || method === 'HEAD') && typeof query.token === 'string' ? query.token : undefined;
}

function onlyLooking(viewer: Viewer | undefined): Viewer | undefined {
  return viewer?.scope === 'read' ? viewer : undefined;
}

/** What is not only looking. */
export const onlyFull: RequestHandler = (_request, response, next) => {
  if (viewerOf(response).scope === 'full') return next();
  throw new Refusal(
    403,
    'read-only',
    'This token may only look.',
    'Make one with: nvr-uplink token create NAME --full',
  );
};

export function viewerOf(response: Response): Viewer {
  return response.locals.viewer as Viewer;
}
