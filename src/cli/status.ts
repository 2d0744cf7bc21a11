import { existsSync, readFileSync } from 'node:fs';
import { freeBytes } from '../../lib/files.js';
import type { StatusReport } from '../browse/api.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { Ledger } from '../ledger/ledger.js';
import { statusReport } from '../operate/status.js';
import { spoolLayout } from '../spool/layout.js';
import { type Context, EXIT, type GlobalOptions, print, printJson, version } from './context.js';
import { age, size, table } from './format.js';

/** `nvr-uplink status`: asks the running service, or the ledger where none runs. Exit 0 ok, 3 anything else. */
export async function status(context: Context, options: GlobalOptions): Promise<number> {
  const { config } = loadConfig(options.config, context.env);
  const report = (await ask(config)) ?? (await fromLedger(config, context.clock.now()));
  if (options.json) printJson(context, report);
  else print(context, readable(report, context.clock.now()));
  return report.state === 'ok' ? EXIT.ok : EXIT.degraded;
}

async function ask(config: Config): Promise<StatusReport | undefined> {
  const { service } = spoolLayout(config.storage.dir);
  if (!existsSync(service)) return undefined;
  try {
    const { url, token } = JSON.parse(readFileSync(service, 'utf8')) as { url: string; token: string };
    const reply = await fetch(new URL('/api/v1/status', url), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    });
    return reply.ok ? ((await reply.json()) as StatusReport) : undefined;
  } catch {
    // Killed, and the file that says where it was outlived it; or stopped at this moment. The ledger tells the rest.
    return undefined;
  }
}

async function fromLedger(config: Config, now: number): Promise<StatusReport> {
  const layout = spoolLayout(config.storage.dir);
  const exists = existsSync(layout.ledger);
  const ledger = new Ledger(exists ? layout.ledger : ':memory:');
  try {
    return statusReport({
      ...{ site: config.site, version: version(), now, running: false, ledger },
      cameras: new Map(Object.keys(config.cameras).map((name) => [name, undefined])),
      remotes: new Map(Object.keys(config.remotes).map((name) => [name, undefined])),
      disk: { freeBytes: exists ? await freeBytes(config.storage.dir) : 0, minFreeBytes: 0 },
    });
  } finally {
    ledger.close();
  }
}

function readable(report: StatusReport, now: number): string {
  const cameras = report.cameras.map((camera) => [
    camera.name,
    camera.recording ? 'recording' : (camera.reason ?? 'not recording'),
    age(camera.lastFrameAt, now),
    age(camera.lastVerifiedUploadAt, now),
    camera.backlog.files === 0 ? 'none' : `${camera.backlog.files} files, ${size(camera.backlog.bytes)}`,
    camera.gaps24h === 0 ? 'none' : `${camera.gaps24h} (${camera.gapSeconds24h} s)`,
  ]);
  const remotes = report.remotes.map((remote) => [remote.name, remote.state, remote.reason ?? '']);
  return [
    `${report.site}: ${report.state}`,
    ...report.problems.map((problem) => `  ! ${problem}`),
    '',
    table(['CAMERA', 'STATE', 'LAST FRAME', 'LAST VERIFIED UPLOAD', 'WAITING', 'GAPS 24 H'], cameras),
    '',
    table(['REMOTE', 'STATE', ''], remotes),
    '',
    `disk: ${size(report.disk.usedBytes)} used by footage, ${size(report.disk.freeBytes)} free`,
    ...(report.ffmpeg ? [`ffmpeg ${report.ffmpeg.version} (${report.ffmpeg.path})`] : []),
  ].join('\n');
}
