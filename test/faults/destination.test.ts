import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { type Site, type SiteOptions, startSite, UPLOAD_PASSWORD } from '../simulators/site.js';

/**
 * A destination that fails in whatever way: nothing is marked as uploaded, nothing is deleted although `keep_uploaded` is
 * zero, the status says why, and once the fault is gone everything arrives (invariants I1, I5).
 */
describe.concurrent('a destination that', () => {
  const fails = async (faults: Parameters<Site['faults']['set']>[0], options: SiteOptions = {}) => {
    const destination = await Destination.start(options);
    destination.site.faults.set(faults);
    return destination;
  };

  it('is full', async () => {
    await using destination = await fails({ failWriteAfterBytes: 10_000 });
    await destination.expectNothingGone();
    await destination.expectReason(/space|full/i);
    await destination.expectRecovery();
  });

  it('is full when the file is closed', async () => {
    await using destination = await fails({ failCloseAfterBytes: 10_000 });
    await destination.expectNothingGone();
    await destination.expectReason(/space|full/i);
  });

  it('acknowledges everything and keeps half', async () => {
    await using destination = await fails({ keepOnlyBytes: 10_000 });
    await destination.expectNothingGone();
    await destination.expectReason(/bytes/i);
  });

  it('answers nothing', async () => {
    await using destination = await fails({ silent: true });
    await destination.expectNothingGone();
    await destination.expectReason(/answer|acknowledge|silent|30 s/i);
    await destination.expectRecovery();
  });

  it('swallows what is written while it answers keepalives', async () => {
    await using destination = await fails({ ignoreWrites: true });
    await destination.expectNothingGone();
    await destination.expectReason(/answer|acknowledge|silent|30 s/i);
  });

  it('shows another host key: it never hears the password', async () => {
    await using destination = await fails({}, { hostKey: `SHA256:${'A'.repeat(43)}` });
    const { site } = destination;
    await destination.expectNothingGone();
    await destination.expectReason(/host key/i);
    expect((await site.status()).remotes[0]!.state).toBe('refused');
    // An attempt to sign in, successful or not, is an event of the endpoint.
    expect(site.events.filter((event) => event.type === 'signed-in' || event.type === 'sign-in-refused')).toEqual([]);
  });

  it('refuses the sign-in: told of once a minute at most, with no secret in the log', async () => {
    await using destination = await fails({ refuseSignIn: true });
    const { site } = destination;
    await destination.expectNothingGone();
    await destination.expectReason(/sign-in|refused/i);
    expect((await site.status()).remotes[0]!.state).toBe('refused');
    expect(site.events.filter((event) => event.type === 'sign-in-refused').length).toBeLessThanOrEqual(2);
    const log = site.logged.join('');
    expect(log).toContain('gate');
    expect(log).not.toContain(UPLOAD_PASSWORD);
    expect(log).not.toContain(site.simulator.account.password);
    expect(await readdir(join(site.dir, 'archive'))).not.toContain('test');
  });

  it('works: local copies go once they were verified, the newest not before', async () => {
    await using destination = await fails({});
    const { site } = destination;
    const verified = () => destination.recorded().filter((file) => file.verifiedAt);
    await until('three delivered segments', () => verified().length >= 3);
    const sent = await readdir(site.app.spool.layout.sent);
    for (const file of verified()) expect(sent).toContain(file.name);
    expect(site.events.filter((event) => event.type === 'violation')).toEqual([]);
    // Each costs a Lambda.
    expect(site.events.filter((event) => event.type === 'signed-in')).toHaveLength(1);
    const { state, remotes } = await site.status();
    expect(state).toBe('ok');
    expect(remotes[0]!.motion24h).toEqual({ deadlineSeconds: 60, sent: 0, late: 0, worstSeconds: null });
  });
});

/** A site of one test, and what is expected of it while its destination fails. */
class Destination implements AsyncDisposable {
  readonly site: Site;

  private constructor(site: Site) {
    this.site = site;
  }

  static async start(options: SiteOptions): Promise<Destination> {
    return new Destination(await startSite(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site.stop();
  }

  recorded() {
    const files = this.site.app.ledger.files.between('gate', 0, Number.MAX_SAFE_INTEGER);
    return files.filter((file) => file.kind === 'continuous');
  }

  async expectNothingGone(): Promise<void> {
    await until('three finished segments', () => this.recorded().length >= 3);
    expect(this.recorded().filter((file) => file.verifiedAt !== undefined)).toEqual([]);
    const waiting = await readdir(this.site.app.spool.layout.ready);
    for (const file of this.recorded()) expect(waiting).toContain(file.name);
    const status = await this.site.status();
    expect(status.cameras[0]).toMatchObject({ recording: true, lastVerifiedUploadAt: null });
    expect(status.cameras[0]!.backlog.files).toBeGreaterThanOrEqual(3);
  }

  /** The promise is a minute; the stall watchdog's 30 s are most of it. */
  async expectReason(pattern: RegExp): Promise<void> {
    const reason = async () => (await this.site.status()).remotes[0]!.reason ?? '';
    await until(`the reason ${pattern}`, async () => pattern.test(await reason()), 60_000);
    const status = await this.site.status();
    expect(status.state).toBe('degraded');
    expect(status.problems.join(' ')).toContain('aws');
  }

  async expectRecovery(): Promise<void> {
    const { app, faults, events } = this.site;
    const before = this.recorded().map((file) => file.key);
    app.ledger.deliveries.retryNow('aws');
    faults.set({});
    const delivered = () => before.every((key) => app.ledger.files.byKey(key)?.verifiedAt);
    await until('everything delivered', delivered, 90_000);
    const stored = events.filter((event) => event.type === 'uploaded').map((event) => event.key);
    for (const key of before) expect(stored).toContain(key);
  }
}
