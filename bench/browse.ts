import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { DAY_MS, WEEK_START } from '../test/simulators/week.js';
import { measureFleet } from './browse/fleet.js';
import { type Hosts, type Pages, startHosts } from './browse/hosts.js';
import { at, seeded } from './browse/numbers.js';
import { measurePaint } from './browse/paint.js';
import { silence, soughtShares } from './browse/places.js';
import { measureScrub } from './browse/scrub.js';
import { clickSeconds, emptyPlain, plainSeconds, preparePlain, prepareWatch } from './browse/seeks.js';
import { requirePeers } from './peers.js';
import type { BenchOptions, Measured } from './results.js';
import { wan } from './upload/line.js';

const PLAIN = 'plain MP4 in <video>';
/** Ours and the peer by turns, so that neither has the machine in a better hour. */
const TURN = 20;

interface Part {
  /** What has to be in the bucket for it (`browse/bucket.ts`). */
  holds: 'week' | 'fleet';
  measure(hosts: Hosts, options: BenchOptions): Promise<Measured[]>;
}

/** By what their metrics begin with. */
const PARTS: Record<string, Part> = {
  seek: { holds: 'week', measure: measureSeeks },
  day: { holds: 'week', measure: measureDay },
  paint: { holds: 'week', measure: measurePaint },
  scrub: { holds: 'week', measure: measureScrub },
  fleet: { holds: 'fleet', measure: measureFleet },
};

/** Whether a metric is of a part. */
export function belongs(metric: string, part: string): boolean {
  return metric === part || metric.startsWith(`${part}-`);
}

/**
 * What `nvr-uplink browse` shows of a bucket in Ceph's radosgw, over 80 ms and 25 Mbit/s: a jump on the timeline, beside a bare `<video>`
 * that is given the same moments of the same files; what a day costs to open; each page; small pictures; and a year beside a day.
 */
export async function run(options: BenchOptions): Promise<Measured[]> {
  requirePeers('browse');
  const { only, say } = options;
  const unknown = only.filter((part) => !(part in PARTS));
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join()} to measure, but ${Object.keys(PARTS).join(', ')}`);
  const parts = Object.entries(PARTS).filter(([name]) => only.length === 0 || only.includes(name));
  const dir = await mkdtemp(join(tmpdir(), 'bench-browse-'));
  const line = await wan({ name: 'wan', rttMs: 80, mbit: 25 });
  try {
    const contents = [...new Set(parts.map(([, { holds }]) => holds))];
    say(`encoding a film, starting radosgw, filling it: ${contents.join(', ')}`);
    const hosts = await startHosts(line, dir, contents);
    try {
      const results: Measured[] = [];
      for (const [, { measure }] of parts) results.push(...(await measure(hosts, options)));
      return results;
    } finally {
      await hosts.stop();
    }
  } finally {
    await line.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Of a day nobody has looked at yet. */
async function measureDay(hosts: Hosts): Promise<Measured[]> {
  const pages = await hosts.pages('home');
  try {
    // Which cameras there are is asked once, and known from then on.
    await pages.ask('/api/v1/cameras');
    const before = await hosts.counts();
    const { bytes, seconds } = await pages.ask('/api/v1/entries?camera=gate&day=2026-04-29');
    const after = await hosts.counts();
    const row = (metric: string, unit: string, ours: number): Measured => ({
      ...{ metric: `day-${metric}`, unit, better: 'lower', ours, peers: {} },
    });
    return [
      row('listings', 'listings to open a day', after.lists - before.lists),
      row('gets', 'shards read for it', after.gets - before.gets),
      row('kilobytes', 'kB to the browser for a day', bytes / 1000),
      row('seconds', 'a day, s', seconds),
    ];
  } finally {
    await pages.stop();
  }
}

async function measureSeeks(hosts: Hosts, { quick, say }: BenchOptions): Promise<Measured[]> {
  const pages = await hosts.pages('home');
  try {
    const page = await pages.open();
    await page.goto(`${pages.url}/timeline?camera=gate&t=2026-05-01T17:00:00Z`);
    await page.waitForSelector('video.front');
    const count = quick ? 40 : 200;
    say(`${count} seeks each, by turns`);
    const { ours, plain } = await seek({ ...hosts, ...pages }, page, count, say);
    const row = (metric: string, unit: string, share: number): Measured => ({
      ...{ metric, unit, better: 'lower', ours: at(ours, share), peers: { [PLAIN]: at(plain, share) } },
    });
    return [row('seek', 'seek, median s', 0.5), row('seek-p95', 'seek, 95 % s', 0.95)];
  } finally {
    await pages.stop();
  }
}

async function seek(hosts: Hosts & Pages, page: Page, count: number, say: (line: string) => void) {
  await prepareWatch(page);
  const other = await hosts.open();
  await preparePlain(other, `${hosts.bucket}/bucket/`);
  const [ours, plain]: [number[], number[]] = [[], []];
  const nextShare = soughtShares(seeded(7));
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
