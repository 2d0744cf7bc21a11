import type { BenchOptions, Measured } from '../results.js';
import { ARCHIVES, type ArchiveName, VIEWED } from './fleet-footage.js';
import type { Hosts, Pages } from './hosts.js';
import { median } from './numbers.js';
import { BARS } from './paint.js';
import { secondsFrom, secondsUntil, watch } from './watch.js';

type Peer = Exclude<ArchiveName, 'year'>;

const PEERS: Record<Peer, string> = { fleet: 'a day of 100 cameras', alone: 'a day of one camera' };
const DAY = '2026-05-20';
const OF_ONE = `camera=${VIEWED}`;

/** What pages ask, and the archive it should cost no more than in. */
const ASKED: readonly { name: string; path: string; peer: Peer }[] = [
  { name: 'day', path: `/api/v1/entries?${OF_ONE}&day=${DAY}`, peer: 'alone' },
  { name: 'calendar', path: `/api/v1/calendar?${OF_ONE}&month=2026-05`, peer: 'alone' },
  { name: 'days', path: `/api/v1/days/nearest?${OF_ONE}&limit=7&to=${DAY}`, peer: 'alone' },
  { name: 'photos', path: `/api/v1/photos?${OF_ONE}&limit=48`, peer: 'alone' },
  { name: 'all-photos', path: '/api/v1/photos?limit=48', peer: 'fleet' },
];

const OPENED: readonly { name: string; path: string; peer: Peer; useful: string }[] = [
  { name: 'timeline', path: `/timeline?${OF_ONE}&t=${DAY}T17:02:00Z`, peer: 'fleet', useful: BARS },
  { name: 'review', path: `/review?${OF_ONE}`, peer: 'fleet', useful: `document.querySelector('.event')` },
  { name: 'photos', path: `/photos?${OF_ONE}`, peer: 'fleet', useful: `document.querySelector('.gallery button')` },
];
const CALENDAR = `document.querySelector('.month .marked')`;

interface Told {
  seconds: number[];
  requests: number;
  bytes: number;
}

/** Whether a year of a hundred cameras is as quick as a day, by what is asked of the bucket and by the clock. */
export async function measureFleet(hosts: Hosts, { quick, say }: BenchOptions): Promise<Measured[]> {
  const told = new Map<string, Told>();
  const note: Note = (site, name, { seconds, requests = 0, bytes = 0 }) => {
    const known = told.get(`${site} ${name}`)?.seconds ?? [];
    told.set(`${site} ${name}`, { seconds: [...known, seconds], requests, bytes });
  };
  const rounds = quick ? 2 : 5;
  for (let round = 1; round <= rounds; round++) {
    for (const site of ARCHIVES) {
      await withPages(hosts, site, (pages) => askAll(hosts, pages, site, note));
      await withPages(hosts, site, (pages) => openAll(pages, site, note));
    }
    say(`a year and a day, ${round} of ${rounds}`);
  }
  return [
    ...ASKED.flatMap(({ name, peer }) => compared(told, name, peer)),
    ...OPENED.map(({ name, peer }) => secondsOf(told, `page-${name}`, peer)),
    secondsOf(told, 'page-calendar', 'fleet'),
  ];
}

type Note = (site: ArchiveName, name: string, cost: { seconds: number; requests?: number; bytes?: number }) => void;

/** Fresh ones, whose connection to the bucket is warm. */
async function withPages(hosts: Hosts, site: ArchiveName, task: (pages: Pages) => Promise<void>): Promise<void> {
  const pages = await hosts.pages(site);
  try {
    await pages.ask(`/api/v1/calendar?${OF_ONE}&month=2020-01`);
    await task(pages);
  } finally {
    await pages.stop();
  }
}

async function askAll(hosts: Hosts, pages: Pages, site: ArchiveName, note: Note): Promise<void> {
  for (const { name, path, peer } of ASKED) {
    if (site !== 'year' && site !== peer) continue;
    const before = await hosts.counts();
    const { seconds, bytes } = await pages.ask(path);
    const after = await hosts.counts();
    note(site, name, { seconds, bytes, requests: after.lists - before.lists + after.gets - before.gets });
  }
}

async function openAll(pages: Pages, site: ArchiveName, note: Note): Promise<void> {
  for (const { name, path, peer, useful } of OPENED) {
    if (site !== 'year' && site !== peer) continue;
    const page = await pages.open();
    await watch(page);
    await page.goto(pages.url + path, { waitUntil: 'commit' });
    note(site, `page-${name}`, { seconds: await secondsUntil(page, useful) });
    if (name === 'timeline') {
      const seconds = await secondsFrom(page, () => page.locator('.day').click(), CALENDAR);
      note(site, 'page-calendar', { seconds });
    }
    await page.context().close();
  }
}

function compared(told: Map<string, Told>, name: string, peer: Peer): Measured[] {
  const row = (what: string, of: (one: Told) => number): Measured => ({
    ...{ metric: `fleet-${name}-${what}`, unit: `${name}, ${what}, a year of 100 cameras`, better: 'lower' },
    ...{ ours: of(told.get(`year ${name}`)!), peers: { [PEERS[peer]]: of(told.get(`${peer} ${name}`)!) } },
  });
  return [
    secondsOf(told, name, peer),
    row('requests', (one) => one.requests),
    row('kilobytes', (one) => one.bytes / 1000),
  ];
}

function secondsOf(told: Map<string, Told>, name: string, peer: Peer): Measured {
  const of = (site: ArchiveName) => median(told.get(`${site} ${name}`)!.seconds);
  return {
    ...{ metric: `fleet-${name}`, unit: `${name}, median s, a year of 100 cameras`, better: 'lower' },
    ...{ ours: of('year'), peers: { [PEERS[peer]]: of(peer) } },
  };
}
