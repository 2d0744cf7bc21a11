import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { systemClock } from '../lib/clock.js';
import { DAY_MS, SEGMENT_MS, WEEK_START } from '../test/simulators/week.js';
import { type Hosts, startHosts } from './browse/hosts.js';
import { clickSeconds, emptyPlain, plainSeconds, preparePlain, prepareWatch } from './browse/seeks.js';
import { requirePeers } from './peers.js';
import type { BenchOptions, Measured } from './results.js';
import { wan } from './upload/line.js';

const PLAIN = 'plain MP4 in <video>';
/** Ours and the peer by turns, so that neither has the machine in a better hour. */
const TURN = 20;

/**
 * From a click on the timeline to the picture, over 80 ms and 25 Mbit/s to the bucket, beside a bare `<video>` that is given the
 * same moments of the same files; and what a day costs to open.
 */
export async function run({ quick, say }: BenchOptions): Promise<Measured[]> {
  requirePeers('browse');
  const seeks = quick ? 40 : 200;
  const dir = await mkdtemp(join(tmpdir(), 'bench-browse-'));
  const line = await wan({ name: 'wan', rttMs: 80, mbit: 25 });
  try {
    say('encoding a film, writing a week of eight cameras');
    const hosts = await startHosts(line, dir);
    try {
      const cost = await dayCost(hosts);
      const page = await open(hosts);
      const paint = await firstPaint(hosts, page);
      say(`${seeks} seeks each, by turns`);
      const { ours, plain } = await seek(hosts, page, seeks, say);
      return [
        {
          metric: 'seek',
          unit: 'seek, median s',
          better: 'lower',
          ours: at(ours, 0.5),
          peers: { [PLAIN]: at(plain, 0.5) },
        },
        {
          metric: 'seek-p95',
          unit: 'seek, 95 % s',
          better: 'lower',
          ours: at(ours, 0.95),
          peers: { [PLAIN]: at(plain, 0.95) },
        },
        {
          metric: 'first-picture',
          unit: 'from the address to the first picture, s',
          better: 'lower',
          ours: paint,
          peers: {},
        },
        { metric: 'day-listings', unit: 'listings to open a day', better: 'lower', ours: cost.lists, peers: {} },
        {
          metric: 'day-kilobytes',
          unit: 'kB to the browser for a day',
          better: 'lower',
          ours: cost.kilobytes,
          peers: {},
        },
      ];
    } finally {
      await hosts.stop();
    }
  } finally {
    await line.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Of a day nobody has looked at yet. */
async function dayCost({ counts, bytesOf }: Hosts): Promise<{ lists: number; kilobytes: number }> {
  // Which cameras there are is asked once, and known from then on.
  await bytesOf('/api/v1/cameras');
  const before = await counts();
  const bytes = await bytesOf('/api/v1/entries?camera=gate&day=2026-04-29');
  const after = await counts();
  return { lists: after.lists - before.lists, kilobytes: bytes / 1000 };
}

async function open(hosts: Hosts): Promise<Page> {
  const context = await hosts.browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies([hosts.cookie]);
  return context.newPage();
}

async function firstPaint(hosts: Hosts, page: Page): Promise<number> {
  const since = performance.now();
  await page.goto(`${hosts.url}/timeline?camera=gate&t=2026-05-01T17:00:00Z`);
  await page.waitForSelector('video.front');
  return (performance.now() - since) / 1000;
}

async function seek(hosts: Hosts, page: Page, count: number, say: (line: string) => void) {
  await prepareWatch(page);
  const other = await open(hosts);
  await preparePlain(other, `${hosts.bucket}/bucket/`);
  const [ours, plain]: [number[], number[]] = [[], []];
  const nextShare = shares(seeded(7));
  for (let turn = 0; turn < count / TURN; turn++) {
    const places = Array.from({ length: TURN }, nextShare);
    await silence(hosts);
    for (const share of places) ours.push(await clickSeconds(page, share));
    const midnight = WEEK_START + 4 * DAY_MS;
    await silence(hosts);
    for (const share of places) plain.push(await plainSeconds(other, midnight + share * DAY_MS));
    await emptyPlain(other);
    say(`${ours.length}: ours ${at(ours, 0.5).toFixed(3)} s, ${PLAIN} ${at(plain, 0.5).toFixed(3)} s`);
  }
  return { ours, plain };
}

/**
 * Places in the fifth day of the week, never in the hour that is off, nor the ten minutes that are missing, and never twice in one file:
 * within a film that is there already, a jump costs less.
 */
function shares(random: () => number): () => number {
  const fileOf = (share: number) => Math.floor((share * DAY_MS) / SEGMENT_MS);
  let before = 0;
  return () => {
    let share = before;
    // A click hits a pixel, which is a minute and a half: the files beside it might be the same one.
    while (Math.abs(fileOf(share) - fileOf(before)) < 2) share = 0.15 + random() * 0.33;
    before = share;
    return share;
  };
}

/** What one of them left under way is not held against the other: a film goes on filling its buffer after its first picture. */
async function silence({ counts }: Hosts): Promise<void> {
  const limit = performance.now() + 20_000;
  for (let before = -1; performance.now() < limit; await systemClock.sleep(400)) {
    const { bytes } = await counts();
    if (bytes === before) return;
    before = bytes;
  }
}

function at(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
}

/** The same moments in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
