import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WatchedClock } from '../../lib/watched-clock.js';
import { account } from '../../src/archive/timeline.js';
import { clockEntry } from '../../src/ledger/clock-steps.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { offEntry } from '../../src/ledger/offs.js';
import { FakeClock } from '../simulators/fake-clock.js';
import type { CameraFault } from './day-engine.js';
import { DayService } from './day-service.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** In Europe, summer time begins and ends at these moments. */
const CHANGES = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)] as const;
/** One records always, one by day only, in the zone whose summer time changes. */
const CAMERAS = new Map([
  ['gate', undefined],
  ['yard', '00:00-01:40 continuous; 02:20-23:00 continuous'],
]);
const FAULTS: CameraFault[] = ['silent', 'unreachable', 'ended', 'invalid'];

export interface DayReport {
  hours: number;
  seed: number;
  faults: Record<string, number>;
  /** Seconds of each camera: `recorded + gaps + off` is to be `configured`. */
  cameras: Record<string, { configured: number; recorded: number; gaps: number; off: number; files: number }>;
  violations: string[];
  /** Where the ledger is, and what happened when (`events.ndjson`), if there are violations. */
  kept?: string;
}

/**
 * So many hours of a recorder with two cameras, on a clock that a test moves: both changes of summer time, cameras that fail,
 * connections that break, kills, stops, files that are damaged, and a wall clock that is set. Then holds what the ledger says of each
 * camera against how long it ran by the clock that nobody can set.
 */
export async function dayProof(
  hours: number,
  seed: number,
  progress: (line: string) => void = () => undefined,
): Promise<DayReport> {
  const random = randomFrom(seed);
  const fake = new FakeClock(CHANGES[0] - (hours / 4) * HOUR);
  const clock = new WatchedClock(fake, () => 0);
  const service = new DayService(clock, CAMERAS, random);
  clock.onStep = (step) => service.clockStepped(step);
  const report: DayReport = { hours, seed, faults: {}, cameras: {}, violations: [] };
  const day: Day = { fake, clock, service, random, report, events: [], aheadMs: 0 };
  const startedAt = fake.monotonic();
  service.start();
  // Of a camera whose very first start is killed at once nobody knows.
  await fake.advance(0);
  try {
    for (let minute = 0; minute < hours * 60; minute++) {
      if (minute === Math.floor(hours * 30)) setClock(day, CHANGES[1] - (hours / 4) * HOUR - fake.now());
      await oneMinute(day);
      if (minute % 60 === 59) progress(`hour ${(minute + 1) / 60} of ${hours}`);
    }
    await stopped(day);
    judge(day, fake.monotonic() - startedAt);
  } catch (error) {
    report.violations.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  // The seed fixes the faults, not the moments of the disk: what there is to learn from is here.
  if (report.violations.length > 0) report.kept = keep(day);
  else service.remove();
  return report;
}

interface Day {
  fake: FakeClock;
  clock: WatchedClock;
  service: DayService;
  random: () => number;
  report: DayReport;
  /** What was done, and when by both clocks. */
  events: { what: string; monotonic: number; now: number; byMs?: number }[];
  /** By how much somebody has set the clock wrong. */
  aheadMs: number;
}

function keep({ service, events }: Day): string {
  const folder = service.keep();
  writeFileSync(join(folder, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return folder;
}

async function oneMinute(day: Day): Promise<void> {
  const { fake, service, random } = day;
  for (const [camera, engine] of service.engines) {
    if (engine.fault === undefined && random() < 0.05) {
      engine.fault = FAULTS[Math.floor(random() * FAULTS.length)];
      count(day, `${camera} ${engine.fault}`);
    } else if (engine.fault !== undefined && random() < 0.3) engine.fault = undefined;
  }
  if (random() < 0.01) {
    const wrong = day.aheadMs === 0 ? Math.round((random() - 0.5) * 2 * 48 * HOUR) : -day.aheadMs;
    day.aheadMs += wrong;
    setClock(day, wrong);
  }
  if (random() < 0.01) await restart(day);
  await fake.advance(MINUTE * (0.5 + random()));
  await service.settled();
}

function setClock(day: Day, byMs: number): void {
  count(day, 'clock set', byMs);
  day.fake.stepWall(byMs);
  day.clock.now();
}

async function restart(day: Day): Promise<void> {
  const { fake, service, random } = day;
  const isKill = random() < 0.5;
  count(day, isKill ? 'killed' : 'stopped');
  if (isKill) await service.kill();
  else await service.stop();
  await fake.advance(random() * 5 * MINUTE);
  count(day, 'started');
  service.start();
}

/** A stop waits for engines that take their time. */
async function stopped({ fake, service }: Day): Promise<void> {
  const stopping = service.stop();
  await fake.advance(0);
  await stopping;
}

function judge({ service, fake, report }: Day, elapsedMs: number): void {
  const now = fake.now();
  for (const camera of CAMERAS.keys()) {
    const { ledger } = service;
    const all = [camera, 0, Number.MAX_SAFE_INTEGER] as const;
    const files = ledger.files.between(...all);
    const gapRows = ledger.gaps.between(...all);
    const offRows = ledger.offs.between(...all);
    const gaps = gapRows.map((gap) => gapEntry(gap, now));
    const offs = offRows.map(offEntry);
    const rows = [...files, ...gapRows.map((gap) => ({ ...gap, end: gap.end ?? now })), ...offRows];
    for (const [before, after] of unjoined(rows)) {
      const [end, start] = [iso(before), iso(after)];
      report.violations.push(`${camera}: by one clock, what ends at ${end} is followed by what begins at ${start}`);
    }
    const steps = ledger.clockSteps.between(...all).map(clockEntry);
    const [recorded, gapMs, off] = [files, gaps, offs].map(lengthOf) as [number, number, number];
    const figures = { configured: elapsedMs, recorded, gaps: gapMs, off };
    report.cameras[camera] = {
      ...(Object.fromEntries(
        Object.entries(figures).map(([name, ms]) => [name, Math.round(ms / 1_000)]),
      ) as typeof figures),
      files: files.length,
    };
    const differenceMs = recorded + gapMs + off - elapsedMs;
    if (Math.abs(differenceMs) >= 1_000) {
      report.violations.push(`${camera}: recorded + gaps + off differ from the time it ran by ${differenceMs} ms`);
    }
    const entries = [...files.map(mediaEntry), ...gaps, ...offs, ...steps];
    const ends = [...files, ...gaps, ...offs];
    const range = {
      start: Math.min(...ends.map(({ start }) => start)),
      end: Math.max(...ends.map(({ end }) => end)),
    };
    for (const { start, end } of account(entries, range).unaccounted) {
      report.violations.push(`${camera}: ${iso(start)} to ${iso(end)} is neither recorded, nor off, nor a gap`);
    }
    if (new Set(files.map(({ key }) => key)).size < files.length) report.violations.push(`${camera}: a key came twice`);
  }
}

/** By each clock there was, one thing begins where another ends: no moment is missing, and none is there twice. */
function unjoined(rows: readonly { start: number; end: number; era: number }[]): [number, number][] {
  const sorted = [...rows].sort((a, b) => a.era - b.era || a.start - b.start);
  return sorted.slice(1).flatMap((row, n) => {
    const before = sorted[n]!;
    return before.era === row.era && before.end !== row.start ? [[before.end, row.start] as [number, number]] : [];
  });
}

function lengthOf(entries: readonly { start: number; end: number }[]): number {
  return entries.reduce((sum, { start, end }) => sum + end - start, 0);
}

function count({ report, events, fake }: Day, what: string, byMs?: number): void {
  events.push({ what, monotonic: fake.monotonic(), now: fake.now(), byMs });
  report.faults[what] = (report.faults[what] ?? 0) + 1;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
