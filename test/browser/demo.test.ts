import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntriesReply, StatusReport } from '../../src/browse/api.js';
import { launchChromium } from '../peers/browser.js';
import { until } from '../peers/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));

interface Ready {
  event: string;
  url: string;
  user: string;
  password: string;
  config: string;
}

/** The demo as a stranger starts it: the program itself, and Chromium. */
describe('nvr-uplink demo', () => {
  const startedAt = performance.now();
  let dir: string;
  let child: ChildProcess;
  let lines: string[];
  let ready: Ready;
  let browser: Browser;
  let cookie: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'demo-'));
    child = spawn(process.execPath, [PROGRAM, 'demo', '--dir', dir, '--json', '-q'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    lines = [];
    createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
    await until('the demo to be ready', () => lines.length > 0, 90_000);
    ready = JSON.parse(lines[0]!) as Ready;
    browser = await launchChromium();
    cookie = await signIn();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
    await rm(dir, { recursive: true, force: true });
    expect(lines.filter((line) => line.includes('"violation"'))).toEqual([]);
  });

  async function signIn(): Promise<string> {
    const reply = await fetch(`${ready.url}/api/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: ready.url },
      body: JSON.stringify({ user: ready.user, password: ready.password }),
    });
    expect(reply.ok).toBe(true);
    return reply.headers.get('set-cookie')!.split(';')[0]!;
  }

  async function get<Reply>(path: string): Promise<Reply> {
    const reply = await fetch(`${ready.url}/api/v1/${path}`, { headers: { cookie } });
    expect(reply.ok).toBe(true);
    return (await reply.json()) as Reply;
  }

  const today = () => new Date().toISOString().slice(0, 10);

  async function uploaded(camera: string): Promise<string[]> {
    const { entries } = await get<EntriesReply>(`entries?camera=${camera}&day=${today()}`);
    return entries.flatMap((entry) => (entry.type === 'segment' && entry.uploaded ? [entry.key] : []));
  }

  it('says where it is in the promised shape', () => {
    expect(ready).toEqual({
      event: 'ready',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      user: expect.any(String),
      password: expect.any(String),
      config: join(dir, 'nvr-uplink.yaml'),
    });
  });

  it('has uploaded footage of two cameras within 90 seconds', async () => {
    const { cameras } = await get<{ cameras: string[] }>('cameras');
    expect(cameras.length).toBeGreaterThanOrEqual(2);
    for (const camera of cameras) {
      await until(`two uploaded segments of ${camera}`, async () => (await uploaded(camera)).length >= 2, 90_000);
      for (const key of await uploaded(camera)) expect(existsSync(join(dir, 'archive', key))).toBe(true);
    }
    // Drawing and encoding the scenes included; started before the first test, so that this is the whole wait.
    expect(performance.now() - startedAt).toBeLessThan(90_000);
  });

  it('plays in the timeline', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name: name!, value: value!, url: ready.url }]);
    const page = await context.newPage();
    await page.goto(`${ready.url}/timeline`);
    await page.waitForSelector('video.front');
    expect(await page.locator('.row').count()).toBeGreaterThanOrEqual(2);
    await page.keyboard.press('Space');
    const video = () =>
      page.locator('video.front').evaluate((element) => {
        const { currentTime, videoWidth } = element as unknown as { currentTime: number; videoWidth: number };
        return { currentTime, videoWidth };
      });
    const begin = (await video()).currentTime;
    await until('half a second of playback', async () => (await video()).currentTime > begin + 0.5);
    expect((await video()).videoWidth).toBe(1280);
    await context.close();
  });

  it('shows motion that the cameras told of, in the timeline and the review', async () => {
    for (const camera of ['driveway', 'garden']) {
      await until(`motion of ${camera}`, async () => {
        const { entries } = await get<EntriesReply>(`entries?camera=${camera}&day=${today()}`);
        return entries.some((entry) => entry.type === 'segment' && (entry.motion?.length ?? 0) > 0);
      });
    }
    const context = await browser.newContext();
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name: name!, value: value!, url: ready.url }]);
    const page = await context.newPage();
    await page.goto(`${ready.url}/review`);
    await page.locator('.event').first().waitFor();
    await context.close();
  });

  it('prints its status as JSON in the promised shape, exit 0', () => {
    const output = execFileSync(process.execPath, [PROGRAM, 'status', '--json', '-c', ready.config], {
      encoding: 'utf8',
    });
    const status = JSON.parse(output) as StatusReport;
    expect(status.state).toBe('ok');
    for (const camera of status.cameras) {
      expect(camera).toMatchObject({
        name: expect.any(String),
        recording: true,
        lastFrameAt: expect.stringMatching(/Z$/),
        lastVerifiedUploadAt: expect.stringMatching(/Z$/),
        backlog: { files: expect.any(Number), bytes: expect.any(Number) },
        gaps24h: expect.any(Number),
      });
      expect(camera.backlog).toHaveProperty('oldestAt');
    }
    expect(status.remotes).toEqual([
      expect.objectContaining({ name: expect.any(String), state: expect.any(String), reason: null }),
    ]);
    expect(status.disk).toMatchObject({ usedBytes: expect.any(Number), freeBytes: expect.any(Number) });
  });

  it('keeps all it writes below the folder it was given, and passwords out of every argument list', async () => {
    expect((await readdir(dir)).sort()).toEqual([
      'archive',
      'nvr-uplink.yaml',
      'recorder',
      'recorder_ed25519',
      'simulator',
    ]);
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    expect(processes).toContain('nvr-uplink.js demo');
    const config = execFileSync('grep', ['-h', 'password:', ready.config], { encoding: 'utf8' });
    const passwords = [...config.matchAll(/password: (\S+)/g)].map((match) => match[1]!);
    expect(passwords.length).toBeGreaterThanOrEqual(2);
    for (const password of passwords) expect(processes).not.toContain(password);
  });
});
