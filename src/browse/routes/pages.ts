import express, { type Router } from 'express';
import { Refusal } from '../refusal.js';

const PAGES = ['/', '/timeline', '/photos', '/login'];

/**
 * The built pages. They hold no footage and no name, and each asks the API whether somebody is signed in; so one who follows
 * a shared link arrives there, though the browser keeps a `SameSite=Strict` cookie back on that first request.
 */
export function pageRoutes(router: Router, folder: string): void {
  router.get(PAGES, (_request, response, next) => {
    const options = { root: folder, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } };
    response.sendFile('index.html', options, (error) => {
      // A page that was left while it was sent needs no answer; any other error means there is no file.
      if (error && !response.headersSent) next(notBuilt());
    });
  });
  // Names below assets/ change with their content.
  router.use('/assets', express.static(`${folder}/assets`, { immutable: true, maxAge: '1y', ...shared }));
  router.use(express.static(folder, shared));
}

const shared = { index: false, redirect: false } as const;

function notBuilt(): Refusal {
  return new Refusal(503, 'pages-missing', 'The pages are not built.', 'Run `npm run build`.');
}
