import { describe, expect, it } from 'vitest';
import type { Fault } from '../../lib/simulator/conduct.js';
import { account } from '../../src/archive/timeline.js';
import { mediaEntry } from '../../src/ledger/files.js';
import { gapEntry } from '../../src/ledger/gaps.js';
import { until } from '../peers/until.js';
import { Program } from '../simulators/program.js';
import { type Site, startSite } from '../simulators/site.js';
import { suspend } from '../simulators/suspend.js';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

/** A camera that fails while it is recorded: noticed within 15 s, a gap with its cause, and back when the camera is. */
describe.concurrent('a camera that', () => {
  it('falls silent with its socket open', () => failAndReturn('silent', 'silent'));
  it('is unplugged', () => failAndReturn('unreachable', 'unreachable'));
  it('no longer knows the password', () => failAndReturn('sign-in-refused', 'sign-in-refused'));

  it.each(['auto', 'ffmpeg'] as const)(
    'falls silent is connected to anew within 15 s, and let go of (%s)',
    async (engine) => {
      await using site = await recordingSite(engine);
      const { camera } = site.simulator.cameras[0]!;
      expect(camera.connections).toBe(1);
      const { accepted } = camera;
      const [lastFrameAt, silentSince] = [performance.now(), Date.now()];
      await camera.setFault('silent');
      let anewMs = Number.POSITIVE_INFINITY;
      await until('a new connection, and the end of the old one', () => {
        const anew = camera.accepted - accepted;
        if (anew > 0) anewMs = Math.min(anewMs, performance.now() - lastFrameAt);
        return anew > 0 && camera.connections <= anew;
      });
      expect(anewMs).toBeLessThan(15_000);
      expect(performance.now() - lastFrameAt).toBeLessThan(15_000);
      // What the camera had sent is there: the recording closed its file all the same.
      const cut = () => Math.max(...gapsOf(site).flatMap(({ start, end }) => (end === undefined ? start : [])));
      await until('the gap to begin where the camera stopped', () => cut() > silentSince - 3_000);
      expect(gapsOf(site).at(-1)!.cause).toBe('silent');
    },
  );
});

/** Longer than a camera may be silent. Nothing of it can be hurried: the monotonic clock of a stopped process goes on. */
const SUSPENDED_MS = 10_000;

/** The real program stands still, as on a machine that is suspended, while one camera waits for it and another hangs up. */
describe.concurrent('a service that is stopped for longer than a camera may be silent', { timeout: 120_000 }, () => {
  it('connects anew only where it has to, with a gap that is closed and every second accounted for', async () => {
    const program = await Program.prepare({ cameras: ['gate', 'yard'] });
    try {
      await program.up();
      const [gate, yard] = program.simulator.cameras.map(({ camera }) => camera);
      const look = (camera: string) =>
        program.look(({ files, gaps }) => ({
          segments: files.between(camera, ...ALL).filter(({ kind }) => kind === 'continuous'),
          gaps: gaps.between(camera, ...ALL),
        }));
      await until('segments of both', () => ['gate', 'yard'].every((name) => look(name).segments.length >= 2), 60_000);

      suspend([program.child!.pid!]);
      const suspendedAt = Date.now();
      await yard!.drop();
      const droppedAt = Date.now();
      await until('the pause to be over', () => Date.now() - suspendedAt > SUSPENDED_MS, 2 * SUSPENDED_MS);
      const resumedAt = Date.now();
      program.child!.kill('SIGCONT');
      const since = (name: string) => look(name).segments.some(({ start }) => start > resumedAt);
      await until('segments of both, recorded since', () => since('gate') && since('yard'), 60_000);

      expect(gate!.accepted, 'connections to the camera that waited').toBe(1);
      expect(look('gate').gaps.map(({ cause }) => cause)).not.toContain('silent');
      expect(look('gate').gaps.filter(({ start }) => start > suspendedAt - 3_000)).toEqual([]);
      expect(yard!.accepted, 'connections to the camera that hung up').toBe(2);
      const gaps = look('yard').gaps.filter(({ start }) => start > suspendedAt - 3_000);
      expect(gaps.map(({ cause }) => cause)).toEqual(['stream-ended']);
      // Up to when it hung up at most: what had come by then was still to be read.
      expect(gaps[0]!.start).toBeLessThan(droppedAt + 1_000);
      expect(gaps[0]!.end).toBeGreaterThan(resumedAt - 1_000);
      for (const { segments, gaps } of ['gate', 'yard'].map(look)) {
        const end = Math.max(...segments.map((file) => file.end));
        const start = Math.min(...gaps.map((gap) => gap.start), ...segments.map((file) => file.start));
        const entries = [...segments.map(mediaEntry), ...gaps.map((gap) => gapEntry(gap, end))];
        expect(account(entries, { start, end }).unaccountedMs).toBe(0);
      }
      expect(program.log).not.toContain('the clock was set');
    } finally {
      await program.remove();
    }
  });
});

const segmentsOf = ({ app }: Site) =>
  app.ledger.files.between('gate', ...ALL).filter((file) => file.kind === 'continuous');
const gapsOf = ({ app }: Site) => app.ledger.gaps.between('gate', ...ALL);
const isRecording = async (site: Site) => (await site.status()).cameras[0]!.recording;

async function recordingSite(engine?: 'auto' | 'ffmpeg'): Promise<Site> {
  const site = await startSite({ engine });
  await until('recording', () => isRecording(site));
  await until('two segments', () => segmentsOf(site).length >= 2);
  return site;
}

async function failAndReturn(fault: Fault, cause: string): Promise<void> {
  await using site = await recordingSite();
  const { camera } = site.simulator.cameras[0]!;
  const [segments, gaps] = [() => segmentsOf(site), () => gapsOf(site)];
  const failedAt = Date.now();
  await camera.setFault(fault);
  // Who is signed in already would stay so.
  if (fault === 'sign-in-refused') await camera.drop();
  await until('it to be noticed', async () => !(await isRecording(site)), 20_000);
  expect(Date.now() - failedAt).toBeLessThan(15_000);
  const status = await site.status();
  expect(status.state).toBe('degraded');
  expect(status.cameras[0]!.reason).toBeTruthy();
  await until(`a gap with cause ${cause}`, () => gaps().some((gap) => gap.end === undefined && gap.cause === cause));

  await camera.setFault(undefined);
  await until('recording again', () => isRecording(site), 30_000);
  const before = segments().length;
  await until('further segments', () => segments().length >= before + 2);
  const gap = gaps().find((one) => one.cause === cause && one.end !== undefined && one.end > failedAt)!;
  expect(gap.start).toBeGreaterThan(failedAt - 3_000);
  expect(gap.start).toBeLessThan(failedAt + 3_000);
  expect(gap.end).toBeGreaterThan(gap.start);

  const last = Math.max(...segments().map((file) => file.end));
  const first = Math.min(...gaps().map((one) => one.start));
  const entries = [...segments().map(mediaEntry), ...gaps().map((one) => gapEntry(one, last))];
  expect(account(entries, { start: first, end: last }).unaccountedMs).toBe(0);
}
