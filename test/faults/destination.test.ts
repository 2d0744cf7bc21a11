import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { type Site, startSite, UPLOAD_PASSWORD } from '../simulators/site.js';

/**
 * A destination that fails in whatever way: nothing is marked as uploaded, nothing is deleted although `keep_uploaded` is
 * zero, the status says why, and once the fault is gone everything arrives (invariants I1, I5).
 */
describe('a destination that', () => {
  let site: Site;

  afterEach(async () => {
    await site.stop();
  });

  const recorded = () =>
    site.app.ledger.files.between('gate', 0, Number.MAX_SAFE_INTEGER).filter((file) => file.kind === 'continuous');

  async function expectNothingGone(): Promise<void> {
    await until('three finished segments', () => recorded().length >= 3);
    expect(recorded().filter((file) => file.verifiedAt !== undefined)).toEqual([]);
    const waiting = await readdir(site.app.spool.layout.ready);
    for (const file of recorded()) expect(waiting).toContain(file.name);
    const status = await site.status();
    expect(status.cameras[0]).toMatchObject({ recording: true, lastVerifiedUploadAt: null });
    expect(status.cameras[0]!.backlog.files).toBeGreaterThanOrEqual(3);
  }

  /** The promise is a minute; the stall watchdog's 30 s are most of it. */
  async function expectReason(pattern: RegExp): Promise<void> {
    await until(
      `the reason ${pattern}`,
      async () => pattern.test((await site.status()).remotes[0]!.reason ?? ''),
      60_000,
    );
    const status = await site.status();
    expect(status.state).toBe('degraded');
    expect(status.problems.join(' ')).toContain('aws');
  }

  async function expectRecovery(): Promise<void> {
    const before = recorded().map((file) => file.key);
    site.app.ledger.deliveries.retryNow('aws');
    site.faults.set({});
    await until(
      'everything delivered',
      () => before.every((key) => site.app.ledger.files.byKey(key)?.verifiedAt),
      90_000,
    );
    const stored = site.events.filter((event) => event.type === 'uploaded').map((event) => event.key);
    for (const key of before) expect(stored).toContain(key);
  }

  it('is full', async () => {
    site = await startSite();
    site.faults.set({ failWriteAfterBytes: 10_000 });
    await expectNothingGone();
    await expectReason(/space|full/i);
    await expectRecovery();
  });

  it('is full when the file is closed', async () => {
    site = await startSite();
    site.faults.set({ failCloseAfterBytes: 10_000 });
    await expectNothingGone();
    await expectReason(/space|full/i);
  });

  it('acknowledges everything and keeps half', async () => {
    site = await startSite();
    site.faults.set({ keepOnlyBytes: 10_000 });
    await expectNothingGone();
    await expectReason(/bytes/i);
  });

  it('answers nothing', async () => {
    site = await startSite();
    site.faults.set({ silent: true });
    await expectNothingGone();
    await expectReason(/answer|acknowledge|silent|30 s/i);
    await expectRecovery();
  });

  it('swallows what is written while it answers keepalives', async () => {
    site = await startSite();
    site.faults.set({ ignoreWrites: true });
    await expectNothingGone();
    await expectReason(/answer|acknowledge|silent|30 s/i);
  });

  it('shows another host key: it never hears the password', async () => {
    site = await startSite({ hostKey: `SHA256:${'A'.repeat(43)}` });
    await expectNothingGone();
    await expectReason(/host key/i);
    expect((await site.status()).remotes[0]!.state).toBe('refused');
    // An attempt to sign in, successful or not, is an event of the endpoint.
    expect(site.events.filter((event) => event.type === 'signed-in' || event.type === 'sign-in-refused')).toEqual([]);
  });

  it('refuses the sign-in: told of once a minute at most, with no secret in the log', async () => {
    site = await startSite();
    site.faults.set({ refuseSignIn: true });
    await expectNothingGone();
    await expectReason(/sign-in|refused/i);
    expect((await site.status()).remotes[0]!.state).toBe('refused');
    expect(site.events.filter((event) => event.type === 'sign-in-refused').length).toBeLessThanOrEqual(2);
    const log = site.logged.join('');
    expect(log).toContain('gate');
    expect(log).not.toContain(UPLOAD_PASSWORD);
    expect(log).not.toContain(site.simulator.account.password);
    expect(await readdir(join(site.dir, 'archive'))).not.toContain('test');
  });

  it('works: local copies go once they were verified, the newest not before', async () => {
    site = await startSite();
    await until('three delivered segments', () => recorded().filter((file) => file.verifiedAt).length >= 3);
    const sent = await readdir(site.app.spool.layout.sent);
    for (const file of recorded().filter((one) => one.verifiedAt)) expect(sent).toContain(file.name);
    expect(site.events.filter((event) => event.type === 'violation')).toEqual([]);
    expect((await site.status()).state).toBe('ok');
  });
});
