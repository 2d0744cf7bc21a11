import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { startApp } from '../../src/app-web.js';
import { loadConfig } from '../../src/config/load.js';
import { until } from '../peers/until.js';
import { command } from '../simulators/command.js';
import { FakeClock } from '../simulators/fake-clock.js';
import { Hearer } from '../simulators/hearer.js';

const SECRET = 'hush-hush-hook';
let dir: string;
let hearer: Hearer;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'alerts-'));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(async () => {
  hearer = new Hearer();
  await hearer.listen();
});
afterEach(() => hearer.close());

/** Nothing listens on port 9 of this machine. */
function configure(): string {
  const file = join(dir, 'nvr-uplink.yaml');
  const told = { allow_cleartext: true, url: hearer.url(`/${SECRET}`) };
  const settings = {
    ...{ storage: { dir: 'data', min_free: '1MB' }, web: { listen: '127.0.0.1:0' } },
    cameras: { gate: { streams: { main: 'rtsp://127.0.0.1:9/x' } } },
    alerts: { phone: { ...told, type: 'ntfy' }, ops: { ...told, token: SECRET } },
  };
  writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
  return file;
}

describe('a recorder whose camera cannot be reached', () => {
  it('tells everybody named in `alerts`, and its log and status keep their addresses to themselves', async () => {
    const { config } = loadConfig(configure(), {});
    const clock = new FakeClock(Date.UTC(2026, 4, 3, 12));
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const app = await startApp({ config, clock, log, ffmpeg: await findFfmpeg(), version: '0' });
    const stop = new AbortController();
    const running = app.run(stop.signal);
    try {
      await until('both to hear', async () => {
        await clock.advance(1_000);
        return hearer.heard.length >= 2;
      });
      // Prometheus reads the same, and only with a token.
      const authorization = `Bearer ${app.access.localToken}`;
      const figures = await fetch(`${app.url}/metrics`, { headers: { authorization } });
      expect(figures.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await figures.text();
      expect(text).toContain('nvr_uplink_problem{condition="camera-silent:gate"} 1');
      expect(text).toContain('nvr_uplink_camera_recording{camera="gate"} 0');
      expect(text).not.toContain(SECRET);
      expect((await fetch(`${app.url}/metrics`)).status).toBe(401);
    } finally {
      stop.abort();
      let isOver = false;
      void running.finally(() => (isOver = true));
      // What waits for a last file waits by this clock.
      await until('the end', () => clock.advance(1_000).then(() => isOver));
      await running;
    }
    const [one, other] = hearer.heard.map(({ body }) => body);
    for (const body of [one, other]) {
      expect(body).toMatch(/gate is not recording: .*127\.0\.0\.1:9/);
      expect(body).toContain('No remote is configured: footage stays on this disk only.');
    }
    expect(lines.join('')).toContain('alerts were told');
    expect(lines.join('')).not.toContain(SECRET);
  });
});

describe('notify test', () => {
  const run = (...args: string[]) => command(['notify', 'test', '-c', configure(), ...args], {}, new FakeClock(0));

  it('sends each a message that says it is a test', async () => {
    const { exit, stdout: out } = await run();
    expect([exit, out]).toEqual([0, expect.stringMatching(/^ok {6}phone: taken in \d+ ms\nok {6}ops: taken/)]);
    const [phone, ops] = hearer.heard;
    expect([phone!.body, phone!.headers.title, phone!.headers.priority]).toEqual([
      ...['This is a test: alerts of this recorder arrive here.', 'nvr-uplink home: test', 'default'],
    ]);
    expect(JSON.parse(ops!.body)).toMatchObject({ event: 'test', site: 'home', begun: [], ended: [] });
  });

  it('says who did not take it, why, and what to do, without the address', async () => {
    hearer.answers = [403];
    const failed = await run('--json');
    expect(failed.exit).toBe(1);
    const [phone, ops] = failed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(phone).toMatchObject({
      name: 'phone',
      ok: false,
      error: { code: 'refused', hint: expect.stringContaining('`token`') },
    });
    expect(ops).toMatchObject({ name: 'ops', ok: true });
    expect(failed.stdout + failed.stderr).not.toContain(SECRET);
  });

  it('says what to look at where nothing speaks HTTPS, or nobody answers at all', async () => {
    const file = join(dir, 'tls.yaml');
    const [near, shut] = [hearer.url('/x').replace('http:', 'https:'), createServer((socket) => socket.destroy())];
    await new Promise<void>((listening) => shut.listen(0, '127.0.0.1', listening));
    const gone = `http://127.0.0.1:${(shut.address() as AddressInfo).port}/x`;
    const cameras = { gate: { streams: { main: 'rtsp://127.0.0.1:9/x' } } };
    const alerts = { near: { url: near }, gone: { url: gone, allow_cleartext: true } };
    writeFileSync(file, JSON.stringify({ cameras, alerts }), { mode: 0o600 });
    const { exit, stdout: out } = await command(['notify', 'test', '-c', file], {}, new FakeClock(0));
    shut.close();
    expect(exit).toBe(1);
    expect(out).toMatch(
      /^FAILED {2}near: 127\.0\.0\.1:\d+ answers in the clear where TLS was due\n +→ Check host and port/,
    );
    expect(out).toMatch(/\nFAILED {2}gone: The connection to .* was lost.*\n +→ Check `url`, what listens there/);
    expect(out).not.toMatch(/file|EPROTO|SSL/);
  });

  it('knows whom it may tell', async () => {
    const { exit, stderr: err } = await run('phon');
    expect([exit, err]).toEqual([2, expect.stringContaining('Did you mean phone? There are: phone, ops.')]);
  });
});
