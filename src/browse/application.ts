import express, { type Express } from 'express';
import { MemoryStore } from 'express-rate-limit';
import helmet from 'helmet';
import { onlyKnownHosts, onlyOwnPages, onlyViewers } from './guard.js';
import { KnownCameras } from './known-cameras.js';
import type { WebOptions } from './options.js';
import { Playback } from './playback.js';
import { answerErrors, Refusal } from './refusal.js';
import { footageRoutes } from './routes/footage.js';
import { mediaRoutes } from './routes/media.js';
import { pageRoutes } from './routes/pages.js';
import { loginRoute, sessionRoutes } from './routes/session.js';
import { healthRoute, statusRoute } from './routes/status.js';
import { Sessions } from './session.js';

export interface Application {
  app: Express;
  playback: Playback;
  /** Aborted by whoever stops the server. */
  stopping: AbortController;
  /** Wrong sign-ins by address; to be shut down with the server. */
  attempts: MemoryStore;
}

/** Everything the server answers, in the order it is asked. What stands below `onlyViewers` cannot be reached without signing in. */
export function createApplication(options: WebOptions): Application {
  const { archive, clock, log, pages, hosts, localToken } = options;
  const app = express();
  const sessions = new Sessions(options);
  const cameras = new KnownCameras(archive, clock);
  const playback = new Playback(archive, log);
  const stopping = new AbortController();
  const attempts = new MemoryStore();

  app.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  app.use(securityHeaders());
  app.use(onlyKnownHosts(hosts));
  app.use(onlyOwnPages);

  healthRoute(app, options);
  loginRoute(app, sessions, attempts, options);
  pageRoutes(app, pages);

  app.use(onlyViewers(sessions, localToken));

  sessionRoutes(app, sessions, options);
  statusRoute(app, options);
  footageRoutes(app, cameras, options);
  mediaRoutes(app, { cameras, playback, stopping: stopping.signal }, options);

  app.use(() => {
    throw new Refusal(404, 'not-found', 'There is nothing here.');
  });
  app.use(answerErrors(log));
  return { app, playback, stopping, attempts };
}

function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      // Helmet's defaults send every request to https, which a recorder on the home network does not speak.
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        mediaSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    // `no-referrer` would have browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
  });
}
