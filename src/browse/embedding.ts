import type { Request, RequestHandler, Response } from 'express';
import type { WebOptions } from './options.js';

/** Pages that other sites may show in a frame, to whoever brings a token in the address. */
export const EMBEDDABLE = ['/latest', '/photos'];

/** Lets other sites show this answer, as a picture or in a frame. All others are ours alone. */
export function allowEmbedding(response: Response): void {
  response.set('Cross-Origin-Resource-Policy', 'cross-origin').removeHeader('X-Frame-Options');
  const policy = String(response.getHeader('Content-Security-Policy') ?? '');
  response.set('Content-Security-Policy', policy.replace("frame-ancestors 'none'", 'frame-ancestors *'));
}

/** Serves `page`, which holds no footage itself, into a frame of another site: by a token that only looks. */
export function framedPages({ tokens }: Pick<WebOptions, 'tokens'>, page: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (!isFramed(request)) return next();
    const { token } = request.query;
    if (typeof token !== 'string' || tokens?.find(token)?.scope !== 'read') return next();
    allowEmbedding(response);
    page(request, response, next);
  };
}

/** Without TLS, a browser on the home network does not say what it asks for; what it takes tells a page from a picture. */
function isFramed({ method, headers }: Request): boolean {
  const { 'sec-fetch-dest': destination, accept = '' } = headers;
  return method === 'GET' && (destination === undefined ? accept.startsWith('text/html') : destination === 'iframe');
}
