import express, { type Request, type RequestHandler, type Router } from 'express';
import { EMBEDDABLE, framedPages } from '../embedding.js';
import type { WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';

const PAGES = ['/', '/timeline', '/review', '/photos', '/login'];

/**
 * The built pages. They hold no footage and no name, and each asks the API whether somebody is signed in; so one who follows
 * a shared link arrives there, though the browser keeps a `SameSite=Strict` cookie back on that first request.
 */
export function pageRoutes(router: Router, folder: string, options: Pick<WebOptions, 'tokens'>): void {
  const page = (status: number): RequestHandler => {
    return (_request, response, next) => {
      const options = { root: folder, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } };
      response.status(status).sendFile('index.html', options, (error) => {
        // A page that was left while it was sent needs no answer; any other error means there is no file.
        if (error && !response.headersSent) next(notBuilt());
      });
    };
  };
  router.get(EMBEDDABLE, framedPages(options, page(200)));
  router.get(PAGES, page(200));
  // Names below assets/ change with their content.
  router.use('/assets', express.static(`${folder}/assets`, { immutable: true, maxAge: '1y', ...shared }));
  router.use(express.static(folder, shared));
  // Somebody who opens it gets a page around the picture; what embeds it as a picture gets the picture.
  router.use('/latest', (request, response, next) => {
    if (isOpened(request) && request.path === '/') page(200)(request, response, next);
    else next();
  });
  router.use((request, response, next) => {
    if (isOpened(request) && !NO_PAGES.test(request.path)) page(404)(request, response, next);
    else next();
  });
}

/** What answers with something else than pages, also to somebody who opens it in a browser. */
const NO_PAGES = /^\/(?:api|snapshots|assets|latest|healthz|metrics)(?:\/|$)/;

/** Whether a person opens this address in a browser, rather than a page or a program asking for it. */
function isOpened({ method, headers, query }: Request): boolean {
  if (method !== 'GET' || query.token !== undefined || headers.authorization !== undefined) return false;
  const { 'sec-fetch-dest': destination, accept = '' } = headers;
  if (destination !== undefined) return destination === 'document';
  return accept.startsWith('text/html');
}

const shared = { index: false, redirect: false } as const;

function notBuilt(): Refusal {
  return new Refusal(503, 'pages-missing', 'The pages are not built.', 'Run `npm run build`.');
}
