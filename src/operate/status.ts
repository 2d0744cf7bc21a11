import type { Ffmpeg } from '../../lib/ffmpeg/find.js';
import { type GapRow, whole } from '../ledger/gaps.js';
import type { Ledger } from '../ledger/ledger.js';
import { conditionsOf, type LOSSES } from './conditions.js';
import { deliveringCameras, inboxStatus, type LiveDoor } from './inbox-status.js';

/** The shape of `status --json` is fixed (design.md §11); src/browse/api.ts names the same for the pages. */
export type State = 'ok' | 'degraded' | 'down';

export interface LiveCamera {
  recording: boolean;
  /** It is to record nothing now. */
  off?: boolean;
  /** When that ends, UTC milliseconds; undefined where nothing says that it does. */
  offUntil?: number;
  /** What comes is not kept now: nothing moves. */
  idle?: boolean;
  note?: string;
  reason?: string;
  lastFrameAt?: number;
}

export interface LiveMotion {
  moving: boolean;
  /** When something moved last, UTC milliseconds; now, if it still does. */
  lastAt?: number;
  sources: { name: string; working: boolean; reason?: string }[];
  /** Something depends on it at present. */
  needed: boolean;
}

export interface LiveRemote {
  state: 'idle' | 'sending' | 'waiting' | 'refused' | 'paused';
  reason?: string;
  retryAt?: number;
}

export interface StatusInput {
  site: string;
  version: string;
  now: number;
  /** Whether the service runs; without it the ledger alone tells. */
  running: boolean;
  /** It runs, and why it cannot be asked: then, too, the ledger alone tells. */
  silent?: string | undefined;
  ffmpeg?: Ffmpeg;
  ledger: Ledger;
  /** Configured cameras that are to record; undefined for one that is off. */
  cameras: ReadonlyMap<string, LiveCamera | undefined>;
  /** What is known of motion; nothing where nobody watches. */
  motion?: ReadonlyMap<string, LiveMotion>;
  remotes: ReadonlyMap<string, LiveRemote | undefined>;
  /** The ways in for what others deliver, and the cameras that are named there. */
  inbox?: { doors: readonly LiveDoor[]; cameras: readonly string[] };
  disk: { freeBytes: number; minFreeBytes: number };
  /** How soon motion is to be off-site, milliseconds after its end. */
  deadlineMs: number;
  /** Why nothing is heard of motion over MQTT, where that is configured. */
  mqttProblem?: string | undefined;
  /** Why the pages are not where they should be, and what to do about it. */
  pagesProblem?: string | undefined;
  /** Where word of problems cannot be sent, by name, and why. */
  untold?: ReadonlyMap<string, string>;
}

/** A delivery that waits longer than this is told of, even while retries go on. */
const LATE_MS = 15 * 60_000;
const DAY_MS = 86_400_000;

/** Everything there is to say of this recorder at this moment. */
export function statusReport(input: StatusInput) {
  const recorded = [...input.cameras].map(([name, live]) => cameraStatus(input, name, live));
  const cameras = [...recorded, ...deliveredStatus(input)];
  const inbox = input.inbox && inboxStatus(input.ledger, input.now, input.inbox.doors);
  const remotes = [...input.remotes].map(([name, live]) => remoteStatus(input, name, live));
  const abandoned = abandonedRemotes(input);
  const disk = { usedBytes: input.ledger.files.localBytes(), freeBytes: input.disk.freeBytes };
  const conditions = conditionsOf(input, { cameras, remotes, abandoned, inbox, disk });
  const problems = conditions.map(({ text }) => text);
  const state: State = !input.running ? 'down' : problems.length > 0 ? 'degraded' : 'ok';
  const { site, version, ffmpeg } = input;
  const at = new Date(input.now).toISOString();
  return { state, site, at, version, ffmpeg, cameras, remotes, abandoned, inbox, disk, problems, conditions };
}

export type CameraStatus = ReturnType<typeof cameraStatus>;
export type RemoteStatus = ReturnType<typeof remoteStatus>;

function cameraStatus(
  { ledger, now, running, silent, motion }: StatusInput,
  name: string,
  live: LiveCamera | undefined,
) {
  const { files, bytes, oldest, waitingSince } = ledger.files.backlog(name);
  const gaps = whole(ledger.gaps.between(name, now - DAY_MS, now));
  // A clock that was ahead for a while has left gaps in the future.
  const lengths = gaps.map((gap) => Math.min(gap.end ?? now, now) - Math.max(gap.start, now - DAY_MS));
  const seconds = lengths.reduce((sum, length) => sum + Math.max(0, length), 0) / 1000;
  return {
    name,
    recording: running && (live?.recording ?? false),
    reason:
      silent !== undefined
        ? 'the recorder does not answer'
        : !running
          ? 'the recorder is not running'
          : live
            ? live.reason
            : 'recording is off',
    lastFrameAt: iso(live?.lastFrameAt ?? ledger.files.lastEnd(name)),
    lastVerifiedUploadAt: iso(ledger.files.lastVerifiedAt(name)),
    backlog: { files, bytes, oldestAt: iso(oldest) },
    gaps24h: gaps.length,
    gapSeconds24h: Math.round(seconds),
    lost24h: lossesOf(gaps),
    off: running && (live === undefined || live.off === true),
    offUntil: iso(live?.offUntil),
    idle: live?.idle === true,
    note: live?.note,
    delivered: false,
    motion: motionStatus(motion?.get(name)),
    late: waitingSince !== undefined && now - waitingSince > LATE_MS,
  };
}

/** Nobody promised that what others deliver is without gaps, so these are neither recording nor failing to. */
function deliveredStatus(input: StatusInput): CameraStatus[] {
  const { inbox, ledger, now } = input;
  if (!inbox) return [];
  const names = deliveringCameras(ledger, now, inbox.cameras).filter((name) => !input.cameras.has(name));
  return names.map((name) => ({
    ...cameraStatus(input, name, undefined),
    reason: 'delivered, not recorded here',
    lastFrameAt: iso(ledger.files.lastDeliveredEnd(name)),
    off: true,
    delivered: true,
  }));
}

function motionStatus(live: LiveMotion | undefined) {
  if (!live) return undefined;
  const sources = live.sources.map(({ name, working, reason }) => ({ name, working, reason: reason ?? null }));
  return { moving: live.moving, lastAt: iso(live.lastAt), sources, needed: live.needed };
}

function remoteStatus({ ledger, now, deadlineMs }: StatusInput, name: string, live: LiveRemote | undefined) {
  const { sent, late, worstMs } = ledger.deliveries.punctuality(name, now - DAY_MS, deadlineMs);
  const { files, firstAt } = ledger.doubts.ahead(name);
  return {
    name,
    state: live?.state ?? ('idle' as const),
    reason: live?.reason ?? ledger.deliveries.lastError(name) ?? null,
    retryAt: iso(live?.retryAt),
    unproven: ledger.deliveries.unprovenCount(name),
    lookAgain: { files, firstAt: iso(firstAt) },
    motionWaitsSince: iso(ledger.deliveries.motionWaitsSince(name)),
    motion24h: {
      deadlineSeconds: deadlineMs / 1000,
      sent,
      late,
      worstSeconds: worstMs === undefined ? null : worstMs / 1000,
    },
  };
}

/** Remotes that are configured no more, and still owed files. */
function abandonedRemotes({ ledger, remotes }: StatusInput) {
  return ledger.owed
    .abandoned([...remotes.keys()])
    .map(({ remote, files, bytes, oldest }) => ({ name: remote, files, bytes, oldestAt: iso(oldest) }));
}

function lossesOf(gaps: readonly GapRow[]): { cause: keyof typeof LOSSES; seconds: number }[] {
  return (['dropped', 'file-damaged', 'file-lost'] as const).flatMap((cause) => {
    const lost = gaps.filter((gap) => gap.cause === cause);
    const ms = lost.reduce((sum, { start, end = start }) => sum + end - start, 0);
    return lost.length > 0 ? [{ cause, seconds: Math.round(ms / 1_000) }] : [];
  });
}

function iso(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString();
}
