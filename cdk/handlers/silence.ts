import type { WatchSettings } from './watch-settings.js';
import type { CameraState, FailureState, WatchTable } from './watch-table.js';

/** A bad line fails one upload after the other; its owner gets one mail an hour about it. */
const FAILURES_REMIND_MS = 3_600_000;

export interface Watching {
  settings: WatchSettings;
  table: WatchTable;
  /** When the newest file of the camera arrived, from the bucket itself: an event may have got lost. */
  newest(site: string, camera: string, now: number): Promise<number | undefined>;
  /** Sends one mail. Rejects where it could not. */
  tell(subject: string, text: string): Promise<void>;
}

export interface Counts {
  cameras: number;
  silentCameras: number;
  silentSites: number;
  /** Silent cameras by site, every site. */
  bySite: Record<string, number>;
}

interface Judged {
  state: CameraState;
  /** Since when nothing came, where that is too long. */
  silentSince: number | undefined;
}

/**
 * Looks once at everything: who fell silent, who is back, what failed; tells all of it in one mail; remembers what was told.
 * Told first and remembered then: told twice is better than never.
 */
export async function check(now: number, watching: Watching): Promise<Counts> {
  const { settings, table } = watching;
  const known = await table.all();
  const states = await expected(now, known.cameras, watching);
  const judged = await Promise.all(states.map((state) => judge(state, now, watching)));
  const failures = known.failures.filter(
    ({ count, toldAt }) => count > 0 && (toldAt === undefined || now - toldAt >= FAILURES_REMIND_MS),
  );
  const fallen = judged.filter(
    ({ state, silentSince }) =>
      silentSince !== undefined && (state.toldAt === undefined || now - state.toldAt >= settings.remindMs),
  );
  const back = judged.filter(({ state, silentSince }) => silentSince === undefined && state.toldAt !== undefined);
  const news = [...silenceNews(fallen, judged), ...backNews(back), ...failures.map(failureNews)];
  if (news.length > 0) {
    await watching.tell(subject(fallen, back, failures), `${news.join('\n')}\n`);
    await Promise.all([
      ...fallen.map(({ state }) => table.told(state.site, state.camera, now)),
      ...back.map(({ state }) => table.told(state.site, state.camera, undefined)),
      ...failures.map(({ site, count }) => table.failuresTold(site, count, now)),
    ]);
  }
  return counts(judged);
}

/** Every camera that has to be heard of: those listed, and where none are, those that once sent. */
async function expected(
  now: number,
  cameras: readonly CameraState[],
  { settings, table }: Watching,
): Promise<CameraState[]> {
  const known = new Map(cameras.map((state) => [`${state.site}/${state.camera}`, state]));
  const states: CameraState[] = [];
  for (const [site, { cameras }] of Object.entries(settings.sites)) {
    if (!cameras) {
      states.push(...[...known.values()].filter((state) => state.site === site));
      continue;
    }
    for (const camera of Object.keys(cameras)) {
      const state = known.get(`${site}/${camera}`) ?? { site, camera };
      if (state.lastSeen === undefined && state.awaitedSince === undefined) {
        await table.awaited(site, camera, now);
        state.awaitedSince = now;
      }
      states.push(state);
    }
  }
  return states;
}

async function judge(state: CameraState, now: number, watching: Watching): Promise<Judged> {
  const { settings, table } = watching;
  const { everyMs, cameras } = settings.sites[state.site]!;
  const limitMs = (cameras?.[state.camera] ?? everyMs) * settings.silentAfter;
  const since = state.lastSeen ?? state.awaitedSince ?? now;
  if (now - since < limitMs) return { state, silentSince: undefined };
  // Already told: only an arrival ends it, and that comes as an event; asking the bucket each minute would cost more than the watch.
  const isDue = state.toldAt === undefined || now - state.toldAt >= settings.remindMs;
  const arrived = isDue ? await watching.newest(state.site, state.camera, now) : undefined;
  if (arrived !== undefined && arrived > since) {
    await table.seen(state.site, state.camera, arrived);
    if (now - arrived < limitMs) return { state, silentSince: undefined };
  }
  return { state, silentSince: Math.max(since, arrived ?? 0) };
}

/** A site whose cameras are all silent is one line: somebody took the recorder, or cut its line. */
function silenceNews(fallen: readonly Judged[], all: readonly Judged[]): string[] {
  return groupBySite(fallen).map(([site, silent]) => {
    const others = all.filter(({ state, silentSince }) => state.site === site && silentSince === undefined);
    const latest = Math.max(...silent.map(({ silentSince }) => silentSince!));
    if (others.length === 0) return `SILENT  ${site}: the whole site, nothing since ${iso(latest)}`;
    const names = silent.map(({ state, silentSince }) => `${state.camera} (since ${iso(silentSince!)})`);
    return `SILENT  ${site}: ${names.join(', ')}`;
  });
}

function backNews(back: readonly Judged[]): string[] {
  return groupBySite(back).map(
    ([site, well]) => `BACK    ${site}: ${well.map(({ state }) => state.camera).join(', ')}`,
  );
}

function failureNews({ site, count, lastFile, lastReason }: FailureState): string {
  return `FAILED  ${site}: ${count} ${count === 1 ? 'upload' : 'uploads'}, last ${lastFile} (${lastReason})`;
}

/** What a telephone shows. SNS takes 100 ASCII characters. */
function subject(fallen: readonly Judged[], back: readonly Judged[], failures: readonly FailureState[]): string {
  const parts = (
    [
      ['silent', groupBySite(fallen).map(([site]) => site)],
      ['back', groupBySite(back).map(([site]) => site)],
      ['failed uploads', failures.map(({ site }) => site)],
    ] as const
  ).filter(([, sites]) => sites.length > 0);
  const text = `nvr-uplink: ${parts.map(([what, sites]) => `${what}: ${sites.join(', ')}`).join('; ')}`;
  if (text.length <= 100) return text;
  return `nvr-uplink: ${parts.map(([what, sites]) => `${what}: ${sites.length} sites`).join('; ')}`;
}

function counts(judged: readonly Judged[]): Counts {
  const silent = judged.filter(({ silentSince }) => silentSince !== undefined);
  const sites = groupBySite(judged);
  return {
    cameras: judged.length,
    silentCameras: silent.length,
    silentSites: sites.filter(([, all]) => all.every(({ silentSince }) => silentSince !== undefined)).length,
    bySite: Object.fromEntries(
      sites.map(([site, all]) => [site, all.filter(({ silentSince }) => silentSince !== undefined).length]),
    ),
  };
}

function groupBySite(judged: readonly Judged[]): [string, Judged[]][] {
  const groups = new Map<string, Judged[]>();
  for (const one of judged) groups.set(one.state.site, [...(groups.get(one.state.site) ?? []), one]);
  return [...groups];
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
