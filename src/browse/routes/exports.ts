import { pipeline } from 'node:stream/promises';
import express, { type Router } from 'express';
import type { AuditReply, ExportReply, ExportsReply } from '../api.js';
import { onlyFull, viewerOf } from '../guard.js';
import { auditQuery, exportFilePath, exportOrder, exportPath, parse } from '../input.js';
import type { ExportView, WebOptions } from '../options.js';
import { Refusal } from '../refusal.js';
import type { Sites } from '../sites.js';

/** Ordering exports and fetching them, and who did. */
export function exportRoutes(
  router: Router,
  { sites, stopping }: { sites: Sites; stopping: AbortSignal },
  { exports: desk, audit, clock }: WebOptions,
): void {
  const exporting = () => {
    if (desk) return desk;
    throw new Refusal(404, 'no-exports', 'Nothing can be exported here.');
  };

  router.post('/api/v1/exports', onlyFull, express.json({ limit: '4kb' }), async (request, response) => {
    const { camera, from, to, originals, site } = parse(exportOrder, request.body);
    const { name, cameras } = sites.of(site);
    await cameras.require(camera);
    const { user } = viewerOf(response);
    const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    await audit?.note({ action: 'exported', user: user ?? 'local', address: request.ip, camera, ...span });
    const order = { site: name, camera, start: from, end: to, originals };
    const job = await exporting().order(order, clock.now(), stopping);
    response.status(202).json(job satisfies ExportReply);
  });

  router.get('/api/v1/exports', async (_request, response) => {
    response.json({ exports: await exporting().list() } satisfies ExportsReply);
  });

  router.get('/api/v1/exports/:id', async (request, response) => {
    response.json((await jobOf(exporting(), parse(exportPath, request.params).id)) satisfies ExportReply);
  });

  router.get('/api/v1/exports/:id/*file', async (request, response) => {
    const { id, file } = parse(exportFilePath, request.params);
    const path = file.join('/');
    const opened = await exporting().open(id, path);
    if (!opened) throw new Refusal(404, 'unknown-file', 'There is no such file of an export.');
    response.attachment(path.split('/').at(-1)!).set('Content-Length', String(opened.bytes));
    // The page among them must not run as one of ours.
    response.set('Content-Type', 'application/octet-stream');
    await pipeline(opened.stream, response).catch(() => response.destroy());
  });

  router.get('/api/v1/audit', onlyFull, async (request, response) => {
    const { limit } = parse(auditQuery, request.query);
    response.json({ events: (await audit?.last(limit)) ?? [] } satisfies AuditReply);
  });
}

async function jobOf(desk: NonNullable<WebOptions['exports']>, id: string): Promise<ExportView> {
  const job = await desk.job(id);
  if (job) return job;
  throw new Refusal(404, 'unknown-export', 'There is no such export.', '/api/v1/exports lists them.');
}
