import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../lib/clock.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Throttle } from '../../lib/remote/throttle.js';
import { timetable } from '../../src/config/units.js';
import { sendBatch } from '../../src/upload/batch.js';
import { Line } from '../../src/upload/line.js';
import { Sshd } from '../peers/sshd.js';

/** The timetable: the first rate until noon, the second from then on. */
const RATES = [
  { limit: '8Mbit', bytesPerSecond: 1_000_000 },
  { limit: '20Mbit', bytesPerSecond: 2_500_000 },
] as const;
const NOON = Date.UTC(2026, 4, 3, 12);
const LOOK_MS = 50;
/** The line fills, and the rate changes, within this. */
const SETTLE_MS = 1_500;

export interface CapReport {
  seconds: number;
  /** What arrived on the server's disk, as a share of what `upload.limit` allowed then: before and after the switch. */
  shares: number[];
  violations: string[];
}

/** Real time, a real OpenSSH, three files at once: the rate at which bytes reach its disk, before noon and after. */
export async function capProof(seconds: number, bounds = { low: 0.95, high: 1.05 }): Promise<CapReport> {
  const work = await mkdtemp(join(tmpdir(), 'cap-'));
  const sshd = await Sshd.start();
  try {
    const perRate = (seconds * 1_000) / RATES.length;
    // No minute of ours begins when a proof needs one: the wall clock is set, and runs on as it does.
    const ahead = NOON - perRate - SETTLE_MS - systemClock.now();
    const clock: Clock = {
      now: () => systemClock.now() + ahead,
      monotonic: () => systemClock.monotonic(),
      sleep: (ms, signal) => systemClock.sleep(ms, signal),
    };
    const shares = await sendWhile(clock, work, sshd, () => arrivals(clock, sshd.dir, perRate));
    const violations = shares.flatMap((share, n) =>
      share >= bounds.low && share <= bounds.high ? [] : [`${(share * 100).toFixed(1)} % of ${RATES[n]!.limit}`],
    );
    return { seconds, shares, violations };
  } finally {
    await sshd.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** Sends more than there is time for, until `watch` has seen enough. */
async function sendWhile<T>(clock: Clock, work: string, sshd: Sshd, watch: () => Promise<T>): Promise<T> {
  const { host, port, username, privateKey, fingerprint } = sshd;
  const remote = new SftpRemote({ host, port, username, privateKey, hostKeys: [fingerprint], clock });
  const limit = timetable.parse(`00:00 ${RATES[0].limit}; 12:00 ${RATES[1].limit}`);
  const line = new Line({ limit } as ConstructorParameters<typeof Line>[0], 'UTC', clock, () => undefined);
  const pace = new Throttle(clock, () => line.bytesPerSecond()).pace(false);
  const bytes = 1_000_000_000;
  const files = await Promise.all(
    ['a', 'b', 'c'].map(async (key) => {
      const file = { key, path: join(work, key), bytes };
      const handle = await open(file.path, 'w');
      await handle.truncate(bytes);
      await handle.close();
      return file;
    }),
  );
  const enough = new AbortController();
  const batch = { remote, files, parallel: files.length, pace, clock, onEvent: () => undefined };
  const sending = sendBatch(batch, enough.signal);
  const early = sending.then(() => Promise.reject(new Error('All was sent before enough was seen')));
  try {
    return await Promise.race([watch(), early]);
  } finally {
    enough.abort();
    await sending.catch(() => undefined);
    await remote.close();
  }
}

async function arrivals(clock: Clock, folder: string, perRateMs: number): Promise<number[]> {
  while ((await stored(folder)) === 0) await clock.sleep(LOOK_MS);
  const shares: number[] = [];
  for (const { bytesPerSecond } of RATES) {
    // The first is under way; the second from noon on, and what was let go before that must have arrived.
    while (shares.length > 0 && clock.now() < NOON) await clock.sleep(LOOK_MS);
    await clock.sleep(SETTLE_MS);
    const [since, before] = [clock.monotonic(), await stored(folder)];
    await clock.sleep(shares.length === 0 ? Math.max(0, NOON - clock.now()) : perRateMs);
    const after = await stored(folder);
    shares.push((after - before) / ((bytesPerSecond * (clock.monotonic() - since)) / 1_000));
  }
  return shares;
}

async function stored(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
