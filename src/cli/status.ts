import { freeBytes, nearestThere } from '../../lib/files.js';
import type { StatusReport } from '../browse/api.js';
import { inboxCameras } from '../config/inbox-cameras.js';
import { loadConfig, TO_ASK } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { Ledger } from '../ledger/ledger.js';
import { statusReport } from '../operate/status.js';
import { spoolLayout } from '../spool/layout.js';
import { type Context, EXIT, type GlobalOptions, print, printJson, version } from './context.js';
import { age, count, size, span, table } from './format.js';
import { askService } from './running-service.js';
import { thereFor } from './storage-there.js';

/** `nvr-uplink status`: asks the running service, or the ledger where none runs. Exit 0 ok, 3 anything else. */
export async function status(context: Context, options: GlobalOptions): Promise<number> {
  const { config } = loadConfig(options.config, context.env, TO_ASK);
  const asked = await askService(config, '/api/v1/status', context.clock);
  const report =
    'reply' in asked
      ? ((await asked.reply.json()) as StatusReport)
      : await fromLedger(config, context.clock.now(), 'silent' in asked ? asked.silent : undefined);
  if (options.json) printJson(context, report);
  else print(context, readable(report, context.clock.now()));
  return report.state === 'ok' ? EXIT.ok : EXIT.degraded;
}

/** Without a service, the ledger tells the rest. `silent`: why one that runs cannot be asked. */
async function fromLedger(config: Config, now: number, silent: string | undefined): Promise<StatusReport> {
  const layout = spoolLayout(config.storage.dir);
  const exists = thereFor(config, layout.ledger);
  const ledger = new Ledger(exists ? layout.ledger : ':memory:');
  try {
    return statusReport({
      ...{ site: config.site, version: version(), now, running: false, silent, ledger },
      cameras: new Map(Object.keys(config.cameras).map((name) => [name, undefined])),
      remotes: new Map(Object.keys(config.remotes).map((name) => [name, undefined])),
      inbox: config.inbox && { doors: [], cameras: inboxCameras(config) },
      disk: { freeBytes: await freeBytes(nearestThere(config.storage.dir)), minFreeBytes: 0 },
      deadlineMs: config.upload.deadline,
    });
  } finally {
    ledger.close();
  }
}

function readable(report: StatusReport, now: number): string {
  // Once is enough: a long reason in a table makes it wider than a terminal.
  const isTold = (reason: string) => report.problems.some((problem) => problem.includes(reason));
  const cameras = report.cameras.map((camera) => [
    camera.name,
    camera.recording
      ? camera.idle
        ? 'waits for motion'
        : 'recording'
      : camera.delivered
        ? 'delivered'
        : stateOf(camera.reason, isTold),
    age(camera.lastFrameAt, now),
    motion(camera.motion, now),
    age(camera.lastVerifiedUploadAt, now),
    camera.backlog.files === 0 ? 'none' : `${count(camera.backlog.files, 'file')}, ${size(camera.backlog.bytes)}`,
    camera.gaps24h === 0 ? 'none' : `${camera.gaps24h} (${camera.gapSeconds24h} s)`,
  ]);
  const remotes = report.remotes.map(({ name, state, motion24h, reason, lookAgain }) => {
    const { sent, late, worstSeconds } = motion24h;
    const motion = sent === 0 ? 'none' : `${sent - late} of ${sent} (slowest ${Math.round(worstSeconds!)} s)`;
    const why = reason && !isTold(reason) ? [reason] : [];
    return [name, state, motion, [...why, ...settling(lookAgain, now)].join('; ')];
  });
  const deadline = report.remotes[0]?.motion24h.deadlineSeconds;
  return [
    `${report.site}: ${report.state}`,
    ...report.problems.map((problem) => `  ! ${problem}`),
    '',
    table(['CAMERA', 'STATE', 'LAST FRAME', 'MOTION', 'LAST VERIFIED UPLOAD', 'WAITING', 'GAPS 24 H'], cameras),
    '',
    remotes.length > 0
      ? table(['REMOTE', 'STATE', `MOTION OFF-SITE IN ${deadline} S, 24 H`, ''], remotes)
      : 'No remote is configured.',
    '',
    ...(report.inbox ? [inboxLine(report.inbox), ''] : []),
    `disk: ${size(report.disk.usedBytes)} used by footage, ${size(report.disk.freeBytes)} free`,
    ...(report.ffmpeg ? [`ffmpeg ${report.ffmpeg.version} (${report.ffmpeg.path})`] : []),
  ].join('\n');
}

function stateOf(reason: string | undefined, isTold: (reason: string) => boolean): string {
  return reason === undefined || isTold(reason) ? 'not recording' : reason;
}

/** What waits beside a remote that has nothing to send. */
function settling(lookAgain: StatusReport['remotes'][number]['lookAgain'], now: number): string[] {
  if (!lookAgain || lookAgain.files === 0) return [];
  const { files, firstAt } = lookAgain;
  const leftMs = firstAt === null ? 0 : Date.parse(firstAt) - now;
  const when = leftMs <= 0 ? 'due' : `in ${span(leftMs / 1_000)}`;
  const those = files === 1 ? '1 file is there, and counts' : `${files} files are there, and count`;
  return [`${those} once looked at again (settle): ${files === 1 || leftMs <= 0 ? '' : 'the first '}${when}`];
}

function inboxLine({
  doors,
  stored24h,
  bytes24h,
  unknown24h,
  setAside24h,
}: NonNullable<StatusReport['inbox']>): string {
  const waiting = doors.reduce((sum, door) => sum + door.waiting, 0);
  return [
    `inbox, 24 h: ${count(stored24h, 'file')} taken in, ${size(bytes24h)}`,
    ...(unknown24h > 0 ? [`${unknown24h} of unknown name`] : []),
    ...(setAside24h > 0 ? [`${setAside24h} damaged, set aside`] : []),
    ...(waiting > 0 ? [`${waiting} not finished yet`] : []),
  ].join(', ');
}

function motion(seen: StatusReport['cameras'][number]['motion'], now: number): string {
  if (!seen) return '';
  const broken = seen.sources.filter(({ working }) => !working).map(({ name }) => name);
  const when = seen.moving ? 'now' : age(seen.lastAt, now);
  return broken.length > 0 ? `${when} (not working: ${broken.join(', ')})` : when;
}
