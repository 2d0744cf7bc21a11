import express, { type Express } from 'express';
import { MemoryStore } from 'express-rate-limit';
import helmet from 'helmet';
import { type OnViewer, onlyKnownHosts, onlyOwnPages, onlyViewers } from './guard.js';
import type { WebOptions } from './options.js';
import { Playback } from './playback.js';
import { answerErrors, Refusal } from './refusal.js';
import { exportRoutes } from './routes/exports.js';
import { footageRoutes } from './routes/footage.js';
import { mediaRoutes } from './routes/media.js';
import { metricsRoute } from './routes/metrics.js';
import { motionRoute } from './routes/motion.js';
import { openApiRoute } from './routes/openapi.js';
import { pageRoutes } from './routes/pages.js';
import { loginRoute, sessionRoutes } from './routes/session.js';
import { spriteRoutes } from './routes/sprites.js';
import { healthRoute, statusRoute } from './routes/status.js';
import { ticketRoute } from './routes/ticket.js';
import { Sessions } from './session.js';
import { Sites } from './sites.js';

export interface Application {
  app: Express;
  playback: Playback;
  /** Aborted by whoever stops the server. */
  stopping: AbortController;
  /** Wrong sign-ins by address; to be shut down with the server. */
  attempts: MemoryStore;
}

/** Everything the server answers, in the order it is asked. What stands below `onlyViewers` cannot be reached without signing in. */
export function createApplication(options: WebOptions, onViewer: OnViewer = () => undefined): Application {
  const { log, pages, hosts } = options;
  const app = express();
  const sessions = new Sessions(options);
  const sites = new Sites(options);
  const playback = new Playback(sites, log);
  const stopping = new AbortController();
  const attempts = new MemoryStore();

  app.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  app.use(securityHeaders(options.mediaOrigins));
  app.use(onlyKnownHosts(hosts));
  app.use(onlyOwnPages);

  healthRoute(app, options);
  loginRoute(app, sessions, attempts, options);
  if (options.ticket !== undefined) ticketRoute(app, sessions, options.ticket, options);
  pageRoutes(app, pages, options);

  app.use(onlyViewers(sessions, options, onViewer));

  sessionRoutes(app, { sessions, sites }, options);
  statusRoute(app, options);
  metricsRoute(app, options);
  motionRoute(app, options);
  footageRoutes(app, sites, options);
  mediaRoutes(app, { sites, playback, stopping: stopping.signal }, options);
  exportRoutes(app, { sites, stopping: stopping.signal }, options);
  openApiRoute(app, options);
  spriteRoutes(app, { sites, stopping: stopping.signal }, options);

  app.use(() => {
    throw new Refusal(404, 'not-found', 'There is nothing here.');
  });
  app.use(answerErrors(log));
  return { app, playback, stopping, attempts };
}

function securityHeaders(mediaOrigins: readonly string[] = []) {
  return helmet({
    contentSecurityPolicy: {
      // Helmet's defaults send every request to https, which a recorder on the home network does not speak.
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        mediaSrc: ["'self'", 'blob:', ...mediaOrigins],
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
