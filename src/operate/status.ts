import type { Ffmpeg } from '../../lib/ffmpeg/find.js';
import type { Ledger } from '../ledger/ledger.js';

/** The shape of `status --json` is fixed (design.md §11); src/browse/api.ts names the same for the pages. */
export type State = 'ok' | 'degraded' | 'down';

export interface LiveCamera {
  recording: boolean;
  reason?: string;
  lastFrameAt?: number;
}

export interface LiveRemote {
  state: 'idle' | 'sending' | 'waiting' | 'refused';
  reason?: string;
  retryAt?: number;
}

export interface StatusInput {
  site: string;
  version: string;
  now: number;
  /** Whether the service runs; without it the ledger alone tells. */
  running: boolean;
  ffmpeg?: Ffmpeg;
  ledger: Ledger;
  /** Configured cameras that are to record; undefined for one that is off. */
  cameras: ReadonlyMap<string, LiveCamera | undefined>;
  remotes: ReadonlyMap<string, LiveRemote | undefined>;
  disk: { freeBytes: number; minFreeBytes: number };
}

/** A delivery that waits longer than this is told of, even while retries go on. */
const LATE_MS = 15 * 60_000;
const DAY_MS = 86_400_000;

/** Everything there is to say of this recorder at this moment. */
export function statusReport(input: StatusInput) {
  const cameras = [...input.cameras].map(([name, live]) => cameraStatus(input, name, live));
  const remotes = [...input.remotes].map(([name, live]) => remoteStatus(input, name, live));
  const disk = { usedBytes: input.ledger.files.localBytes(), freeBytes: input.disk.freeBytes };
  const problems = [
    ...(input.running ? [] : ['The recorder is not running. Start it: nvr-uplink run']),
    ...(input.remotes.size > 0 ? [] : ['No remote is configured: footage stays on this disk only.']),
    ...(input.running ? cameras.flatMap(cameraProblem) : []),
    ...remotes.flatMap(remoteProblem),
    ...cameras.flatMap(lateProblem),
    ...(disk.freeBytes < input.disk.minFreeBytes ? [`Only ${gigabytes(disk.freeBytes)} of disk are left.`] : []),
  ];
  const state: State = !input.running ? 'down' : problems.length > 0 ? 'degraded' : 'ok';
  const { site, version, ffmpeg } = input;
  return { state, site, at: new Date(input.now).toISOString(), version, ffmpeg, cameras, remotes, disk, problems };
}

type CameraStatus = ReturnType<typeof cameraStatus>;
type RemoteStatus = ReturnType<typeof remoteStatus>;

function cameraStatus({ ledger, now, running }: StatusInput, name: string, live: LiveCamera | undefined) {
  const { files, bytes, oldest, waitingSince } = ledger.files.backlog(name);
  const gaps = ledger.gaps.between(name, now - DAY_MS, now);
  const seconds = gaps.reduce((sum, gap) => sum + (gap.end ?? now) - Math.max(gap.start, now - DAY_MS), 0) / 1000;
  return {
    name,
    recording: running && (live?.recording ?? false),
    reason: !running ? 'the recorder is not running' : live ? live.reason : 'recording is off',
    lastFrameAt: iso(live?.lastFrameAt ?? ledger.files.lastEnd(name)),
    lastVerifiedUploadAt: iso(ledger.files.lastVerifiedAt(name)),
    backlog: { files, bytes, oldestAt: iso(oldest) },
    gaps24h: gaps.length,
    gapSeconds24h: Math.round(seconds),
    off: live === undefined && running,
    late: waitingSince !== undefined && now - waitingSince > LATE_MS,
  };
}

function remoteStatus({ ledger }: StatusInput, name: string, live: LiveRemote | undefined) {
  return {
    name,
    state: live?.state ?? ('idle' as const),
    reason: live?.reason ?? ledger.deliveries.lastError(name) ?? null,
    retryAt: iso(live?.retryAt),
  };
}

function cameraProblem({ name, recording, reason, off }: CameraStatus): string[] {
  return recording || off ? [] : [`${name} is not recording: ${reason ?? 'it is starting'}`];
}

function remoteProblem({ name, reason }: RemoteStatus): string[] {
  return reason ? [`Uploads to ${name} fail: ${reason}`] : [];
}

function lateProblem({ name, late, backlog }: CameraStatus): string[] {
  return late ? [`${name} has footage waiting for upload since ${backlog.oldestAt}.`] : [];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
