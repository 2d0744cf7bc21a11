import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../lib/simulator/conduct.js';
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { until } from '../peers/until.js';
import { type Site, startSite } from '../simulators/site.js';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

/** A camera that fails while it is recorded: noticed within 15 s, a gap with its cause, and back when the camera is. */
describe('a camera that', () => {
  let site: Site;

  beforeEach(async () => {
    site = await startSite();
    await until('recording', async () => (await site.status()).cameras[0]!.recording);
    await until('two segments', () => segments().length >= 2);
  });

  afterEach(async () => {
    await site.stop();
  });

  const segments = () => site.app.ledger.files.between('gate', ...ALL).filter((file) => file.kind === 'continuous');
  const gaps = () => site.app.ledger.gaps.between('gate', ...ALL);
  const camera = () => site.simulator.cameras[0]!.camera;

  async function failAndReturn(fault: Fault, cause: string): Promise<void> {
    const failedAt = Date.now();
    await camera().setFault(fault);
    // Who is signed in already would stay so.
    if (fault === 'sign-in-refused') await camera().drop();
    await until('it to be noticed', async () => !(await site.status()).cameras[0]!.recording, 20_000);
    expect(Date.now() - failedAt).toBeLessThan(15_000);
    const status = await site.status();
    expect(status.state).toBe('degraded');
    expect(status.cameras[0]!.reason).toBeTruthy();
    await until(
      `a gap with cause ${cause}`,
      () => gaps().some((gap) => gap.end === undefined && gap.cause === cause),
      15_000,
    );

    await camera().setFault(undefined);
    await until('recording again', async () => (await site.status()).cameras[0]!.recording, 30_000);
    const before = segments().length;
    await until('further segments', () => segments().length >= before + 2);
    const gap = gaps().find((one) => one.cause === cause)!;
    expect(gap.start).toBeGreaterThan(failedAt - 3_000);
    expect(gap.start).toBeLessThan(failedAt + 1_500);
    expect(gap.end).toBeGreaterThan(gap.start);

    const last = Math.max(...segments().map((file) => file.end));
    const first = Math.min(...gaps().map((one) => one.start));
    const entries = [...segments().map(mediaEntry), ...gaps().map((one) => gapEntry(one, last))];
    expect(account(entries, { start: first, end: last }).unaccountedMs).toBe(0);
  }

  it('falls silent with its socket open', () => failAndReturn('silent', 'silent'));
  it('is unplugged', () => failAndReturn('unreachable', 'unreachable'));
  it('no longer knows the password', () => failAndReturn('sign-in-refused', 'sign-in-refused'));
});
