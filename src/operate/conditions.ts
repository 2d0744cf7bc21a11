import { DAMAGED_AT } from '../ledger/damages.js';
import { MIRROR_LOST_AT } from '../ledger/leave.js';
import { REBUILT_AT } from '../ledger/rebuild.js';
import type { GapCause } from '../segment.js';
import { stepInWords } from './clock-watch.js';
import { type InboxStatus, inboxConditions } from './inbox-status.js';
import type { CameraStatus, RemoteStatus, StatusInput } from './status.js';

/** Something that is not as it should be. As long as it lasts its `id` stays the same, whatever the words say of it meanwhile. */
export interface Condition {
  /** `camera-silent:gate`: what is wrong, and with what. */
  id: string;
  /** For people: what is wrong, and what to do. No secret, ever (invariant I6). */
  text: string;
}

interface Parts {
  cameras: readonly CameraStatus[];
  remotes: readonly RemoteStatus[];
  abandoned: readonly { name: string; files: number; bytes: number }[];
  inbox: InboxStatus | undefined;
  disk: { freeBytes: number };
}

const DAY_MS = 86_400_000;

/** Everything that is wrong at this moment: what makes the status degraded, and what people are told of. */
export function conditionsOf(input: StatusInput, { cameras, remotes, abandoned, inbox, disk }: Parts): Condition[] {
  return [
    ...(input.silent !== undefined ? [{ id: 'not-answering', text: input.silent }] : []),
    ...one(
      !input.running && input.silent === undefined,
      'not-running',
      'The recorder is not running. Start it: nvr-uplink run',
    ),
    ...one(input.remotes.size === 0, 'no-remote', 'No remote is configured: footage stays on this disk only.'),
    ...(input.running ? cameras.flatMap(cameraConditions) : []),
    ...remotes.flatMap((remote) => remoteConditions(remote, input)),
    ...abandoned.map((remote) => ({ id: `remote-abandoned:${remote.name}`, text: abandonedProblem(remote) })),
    ...cameras.flatMap(lateCondition),
    ...cameras.flatMap(lossConditions),
    ...clockCondition(input),
    ...rebuiltCondition(input),
    ...mirrorCondition(input),
    ...damageCondition(input),
    ...mqttCondition(input),
    ...(input.pagesProblem ? [{ id: 'pages-unreachable', text: input.pagesProblem }] : []),
    ...untoldConditions(input),
    ...(inbox ? inboxConditions(inbox) : []),
    ...one(
      disk.freeBytes < input.disk.minFreeBytes,
      'disk-full',
      `Only ${gigabytes(disk.freeBytes)} of disk are left.`,
    ),
  ];
}

function one(holds: boolean, id: string, text: string): Condition[] {
  return holds ? [{ id, text }] : [];
}

/** Also for whoever checks the configuration before it is used. */
export function abandonedProblem({ name, files, bytes }: { name: string; files: number; bytes: number }): string {
  const much = bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : gigabytes(bytes);
  const what = `${files === 1 ? 'a file' : `${files} files`}, ${much}`;
  return `${name} is no longer configured, and still owed ${what}: they are not freed. Configure it again, or: nvr-uplink remote forget ${name}`;
}

function cameraConditions({ name, recording, reason, off, motion }: CameraStatus): Condition[] {
  const silent = `${name} is not recording: ${reason ?? 'it is starting'}`;
  return [
    ...one(!recording && !off, `camera-silent:${name}`, silent),
    ...(motion?.needed ? motionConditions(name, motion.sources) : []),
  ];
}

/** Where something depends on motion. What others would have to tell counts where there is nothing else. */
function motionConditions(
  camera: string,
  sources: { name: string; working: boolean; reason: string | null }[],
): Condition[] {
  // Without a reason it has not been tried yet.
  const own = sources.filter(({ name }) => name !== 'external');
  const broken = (own.length > 0 ? own : sources).filter(({ working, reason }) => !working && reason !== null);
  return broken.map(({ name, reason }) => ({
    id: `motion-unnoticed:${camera}:${name}`,
    text: `Motion of ${camera} is not noticed (${name}): ${reason}`,
  }));
}

function mqttCondition({ mqttProblem: problem }: StatusInput): Condition[] {
  const text = `Nothing is heard of motion over MQTT: ${problem}. It is tried again; see that the broker runs, and check \`mqtt\` in the configuration (url, username, password, ca_file).`;
  return one(problem !== undefined, 'mqtt-unheard', text);
}

function remoteConditions(remote: RemoteStatus, { deadlineMs, now }: StatusInput): Condition[] {
  const { name, state, reason, unproven, motionWaitsSince } = remote;
  // What the owner asked for is told, and is no fault.
  const isMeant = state === 'paused';
  const files = unproven === 1 ? 'a file' : `${unproven} files`;
  const isLate = motionWaitsSince !== null && now - Date.parse(motionWaitsSince) > deadlineMs;
  const late = `Motion that ended at ${motionWaitsSince} is not on ${name} yet: upload.deadline is ${deadlineMs / 1_000} s.`;
  return [
    ...one(Boolean(reason) && !isMeant, `remote-failing:${name}`, `Uploads to ${name} fail: ${reason}`),
    ...one(isLate && !isMeant, `deadline-missed:${name}`, late),
    // Their local copies fill the disk, and the index does not list them.
    ...one(
      unproven > 0,
      `remote-unproven:${name}`,
      `${name} took ${files} but proves less than its \`proof\` asks for: the local copies stay.`,
    ),
  ];
}

/** Somebody else has to be told: whoever is meant to hear of problems does not. */
function untoldConditions({ untold = new Map() }: StatusInput): Condition[] {
  return [...untold].map(([name, why]) => ({
    id: `alert-untold:${name}`,
    text: `Alerts do not reach ${name}: ${why}`,
  }));
}

/** What was recorded, and is gone all the same. */
export const LOSSES = {
  dropped: 'was given up on a full disk before it was sent, as storage.when_full says',
  'file-damaged':
    'could not be saved whole, or was damaged on this disk before it was sent; what is left of it is in the folder quarantine',
  'file-lost': 'vanished from the disk before it was sent',
} as const satisfies Partial<Record<GapCause, string>>;

function lossConditions({ name, lost24h }: CameraStatus): Condition[] {
  return lost24h.map(({ cause, seconds }) => {
    const minutes = (seconds / 60).toFixed(1);
    const text = `${name}: ${minutes} min of footage of the last 24 hours ${LOSSES[cause]}.`;
    return { id: `footage-${cause}:${name}`, text };
  });
}

function lateCondition({ name, late, backlog }: CameraStatus): Condition[] {
  return one(late, `upload-late:${name}`, `${name} has footage waiting for upload since ${backlog.oldestAt}.`);
}

function mirrorCondition({ ledger, now }: StatusInput): Condition[] {
  const at = Number(ledger.meta(MIRROR_LOST_AT) ?? Number.NaN);
  if (!(Math.abs(now - at) < DAY_MS)) return [];
  const text = `Footage left this disk before every remote had it, last at ${iso(at)}: a loss of a mirror, not of footage. The log says which remote has it.`;
  return [{ id: 'mirror-lost', text }];
}

/** The disk that all footage goes through is not to be trusted. */
function damageCondition({ ledger, now }: StatusInput): Condition[] {
  const [at, key] = (ledger.meta(DAMAGED_AT) ?? '').split(' ');
  if (!at || !(Math.abs(now - Number(at)) < DAY_MS)) return [];
  const text = `A file on this disk was no longer what was recorded when it was sent, last at ${iso(Number(at))}: ${key}. The disk, or the memory, may be failing: check them. The file is kept, in the folder quarantine, and not sent again; \`verify\` names what lies on the remotes.`;
  return [{ id: 'file-damaged', text }];
}

/** Gaps and times off before it are known to the index alone. */
function rebuiltCondition({ ledger, now }: StatusInput): Condition[] {
  const at = Number(ledger.meta(REBUILT_AT) ?? Number.NaN);
  if (!(Math.abs(now - at) < DAY_MS)) return [];
  const text = `At ${iso(at)} the ledger was damaged, and is built anew; the old file is kept beside it, as ledger.db.damaged-….`;
  return [{ id: `ledger-rebuilt:${at}`, text }];
}

/** Whoever looks for footage of that time has to know; and somebody has to look at the clock. */
function clockCondition({ ledger, now }: StatusInput): Condition[] {
  const step = ledger.clockSteps.newest();
  if (!step || Math.abs(now - step.after) > DAY_MS) return [];
  const byMs = step.after - step.before;
  const text = `At ${iso(step.after)} ${stepInWords({ byMs })}: one of the times before and after is wrong. Keep it set by NTP.`;
  return [{ id: `clock-stepped:${step.after}`, text }];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
