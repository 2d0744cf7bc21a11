import { Gauge, Registry } from 'prom-client';
import type { Ledger } from '../ledger/ledger.js';
import type { statusReport } from './status.js';

export interface GaugeInput {
  report: ReturnType<typeof statusReport>;
  ledger: Ledger;
  /** UTC milliseconds. */
  now: number;
  /** storage.min_free */
  minFreeBytes: number;
  /** upload.deadline */
  deadlineMs: number;
}

const DAY_MS = 86_400_000;
const STATES = ['ok', 'degraded', 'down'] as const;

/** The figures of this moment. Each time anew: cameras and remotes that are gone are not to be told of for ever. */
export function gaugesOf(input: GaugeInput): Registry {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  recorderGauges(gauge, input);
  cameraGauges(gauge, input);
  remoteGauges(gauge, input);
  processGauges(gauge);
  return registry;
}

type Make = <Label extends string>(name: string, help: string, labelNames?: Label[]) => Gauge<Label>;

function recorderGauges(gauge: Make, { report, minFreeBytes, deadlineMs }: GaugeInput): void {
  const { version, site, disk } = report;
  gauge('nvr_uplink_info', 'The program', ['version', 'site']).set({ version, site }, 1);
  const state = gauge('nvr_uplink_state', 'How the recorder is', ['state']);
  for (const one of STATES) state.set({ state: one }, report.state === one ? 1 : 0);
  const problem = gauge('nvr_uplink_problem', 'What is wrong', ['condition']);
  for (const { id } of report.conditions) problem.set({ condition: id }, 1);
  gauge('nvr_uplink_motion_deadline_seconds', 'upload.deadline').set(deadlineMs / 1_000);
  gauge('nvr_uplink_disk_free_bytes', 'Of the disk of the storage folder').set(disk.freeBytes);
  gauge('nvr_uplink_disk_used_bytes', 'What footage takes of it').set(disk.usedBytes);
  gauge('nvr_uplink_disk_reserve_bytes', 'storage.min_free').set(minFreeBytes);
}

function cameraGauges(make: Make, { report, ledger, now }: GaugeInput): void {
  const gauge = (name: string, help: string) => make(`nvr_uplink_camera_${name}`, help, ['camera']);
  const recording = gauge('recording', 'Whether the camera is being recorded');
  const off = gauge('off', 'Whether it is to record nothing now');
  const lastFrame = gauge('last_frame_timestamp_seconds', 'When its last frame came');
  const lastUpload = gauge('last_upload_timestamp_seconds', 'When a file of it was last verified everywhere');
  const bytes = gauge('backlog_bytes', 'What waits for upload');
  const files = gauge('backlog_files', 'Files that wait for upload');
  const gaps = make('nvr_uplink_camera_gap_seconds_24h', 'Missing footage of 24 hours', ['camera', 'cause']);
  for (const one of report.cameras) {
    const labels = { camera: one.name };
    recording.set(labels, one.recording ? 1 : 0);
    off.set(labels, one.off ? 1 : 0);
    if (one.lastFrameAt) lastFrame.set(labels, Date.parse(one.lastFrameAt) / 1_000);
    if (one.lastVerifiedUploadAt) lastUpload.set(labels, Date.parse(one.lastVerifiedUploadAt) / 1_000);
    bytes.set(labels, one.backlog.bytes);
    files.set(labels, one.backlog.files);
    for (const { cause, start, end = now } of ledger.gaps.between(one.name, now - DAY_MS, now)) {
      const ms = Math.min(end, now) - Math.max(start, now - DAY_MS);
      gaps.inc({ ...labels, cause }, Math.max(0, ms) / 1_000);
    }
  }
}

function remoteGauges(make: Make, { report, ledger, now }: GaugeInput): void {
  const gauge = (name: string, help: string) => make(`nvr_uplink_remote_${name}`, help, ['remote']);
  const states = make('nvr_uplink_remote_state', 'How a remote is', ['remote', 'state']);
  const backlog = make('nvr_uplink_remote_backlog_files', 'Files that wait for a remote', ['remote', 'what']);
  const sent = gauge('motion_24h', 'Recordings of motion that came to be off-site within 24 hours');
  const late = gauge('motion_late_24h', 'Of these, later than the deadline');
  const waiting = gauge('motion_waiting_seconds', 'How long motion has been waiting, the oldest of it');
  const unproven = gauge('unproven_files', 'Files a remote took and did not prove');
  for (const one of report.remotes) {
    const labels = { remote: one.name };
    states.set({ ...labels, state: one.state }, 1);
    for (const [what, count] of Object.entries(ledger.tallies.waiting(one.name)))
      backlog.set({ ...labels, what }, count);
    sent.set(labels, one.motion24h.sent);
    late.set(labels, one.motion24h.late);
    const since = one.motionWaitsSince === null ? now : Date.parse(one.motionWaitsSince);
    waiting.set(labels, Math.max(0, now - since) / 1_000);
    unproven.set(labels, one.unproven);
  }
}

/** Under the names that every exporter has them. */
function processGauges(gauge: Make): void {
  gauge('process_resident_memory_bytes', 'Memory of the process').set(process.memoryUsage.rss());
  const { user, system } = process.cpuUsage();
  gauge('process_cpu_seconds_total', 'Processor time of the process').set((user + system) / 1e6);
}
