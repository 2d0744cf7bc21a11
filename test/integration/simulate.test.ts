import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { soapCall } from '../simulators/soap-call.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));

interface Line {
  event: string;
  [fact: string]: unknown;
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simulate-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function start(args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const command = [PROGRAM, 'simulate', '--small', '--same-scene', '--dir', join(dir, 'scenes'), ...args];
  const bare = { PATH: process.env.PATH, HOME: dir };
  return spawn(process.execPath, command, { env: { ...bare, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Everything it says until it is ready. */
async function ready(child: ChildProcess): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(JSON.parse(line) as Line);
    if (lines.at(-1)!.event === 'ready') return lines;
  }
  throw new Error(`it ended before it was ready: ${await text(child.stderr!)}`);
}

/** As Ctrl-C does. */
async function interrupt(child: ChildProcess): Promise<number | null> {
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function refused(args: string[]): Promise<string> {
  const child = start(args);
  const [stderr, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  expect(code).toBe(2);
  return stderr;
}

describe('nvr-uplink simulate', () => {
  it('prints what each camera is and where, with the password it was given, until Ctrl-C', async () => {
    const args = ['--json', '--persona', 'tapo', 'axis', '--count', '3', '--https', '--fault', 'clock-skew=-7200000'];
    const child = start(args, { NVR_UPLINK_SIMULATE_PASSWORD: 's3cret' });
    const [first, second, third, last] = await ready(child);
    expect([first!.name, second!.name, third!.name]).toEqual(['tapo-1', 'axis-1', 'tapo-2']);
    expect(last).toEqual({ event: 'ready', cameras: 3 });
    expect(first).toMatchObject({
      ...{ event: 'camera', manufacturer: 'tp-link', username: 'admin', password: 's3cret', address: '127.0.0.1' },
      ...{ onvif: expect.stringMatching(/:\d+\/onvif\/service$/), main: expect.stringMatching(/:\d+\/stream1$/) },
      ...{ https: expect.stringMatching(/^https:/), certificate: expect.stringMatching(/^([0-9A-F]{2}:){31}/) },
      faults: ['clock-skew=-7200000'],
    });
    expect([first!.snapshot, second!.snapshot]).toEqual([undefined, expect.stringContaining('/onvif-cgi/jpg')]);
    expect(first!.serial).toMatch(/^\d{20}$/);
    expect(await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).not.toContain('s3cret');
    const createdMs = Date.now() - 7_200_000;
    const signIn = { username: 'admin', password: 's3cret', createdMs };
    expect((await soapCall(first!.onvif as string, 'device', 'GetScopes', { signIn })).status).toBe(200);
    expect(await interrupt(child)).toBe(0);
    await expect(fetch(first!.onvif as string)).rejects.toThrow();
  });

  it('tells a person the same, with a password it made up', async () => {
    const child = start(['--name', 'yard', '--quiet']);
    const chunks: string[] = [];
    const shown = new Promise<string>((resolve) => {
      child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
        chunks.push(chunk);
        if (chunks.join('').includes('Ctrl-C')) resolve(chunks.join(''));
      });
    });
    const screen = await shown;
    expect(screen).toMatch(
      / {2}yard\n +Maker +nvr-uplink Simulated Camera, firmware 1\.0\n +Serial +SIM\w+\n +MAC +02(:[0-9a-f]{2}){5}\n/,
    );
    expect(screen).toMatch(/ONVIF +http:\/\/127\.0\.0\.1:\d+\/onvif\/device_service/);
    const password = /Sign in +admin \/ (\S{12})/.exec(screen)![1]!;
    const [url] = /http:\S+device_service/.exec(screen)!;
    const signIn = { username: 'admin', password };
    expect((await soapCall(url, 'device', 'GetScopes', { signIn })).status).toBe(200);
    expect(await interrupt(child)).toBe(0);
  });

  it('has the same serial number at each start, wherever it listens', async () => {
    const password = join(dir, 'password');
    await writeFile(password, 'from a file\n', { mode: 0o600 });
    const args = ['--json', '--persona', 'reolink', '--name', 'shop', '--password-file', password];
    const again = async (...more: string[]) => {
      const child = start([...args, ...more]);
      const [camera] = await ready(child);
      await interrupt(child);
      return camera!;
    };
    const [first, second] = [await again(), await again('--address', '127.0.0.9')];
    expect(second).toMatchObject({
      serial: first.serial,
      mac: first.mac,
      address: '127.0.0.9',
      password: 'from a file',
    });
  });

  it('has faults of the whole camera too', async () => {
    const child = start(['--json', '--fault', 'sign-in-refused'], { NVR_UPLINK_SIMULATE_PASSWORD: 's3cret' });
    const [camera] = await ready(child);
    const signIn = { username: 'admin', password: 's3cret' };
    expect((await soapCall(camera!.onvif as string, 'device', 'GetScopes', { signIn })).fault).toEqual([
      'NotAuthorized',
    ]);
    await interrupt(child);
  });

  it('refuses what it does not understand, with what there is instead', async () => {
    expect(await refused(['--persona', 'sony'])).toMatch(/'sony' is invalid.*generic, hikvision/);
    expect(await refused(['--fault', 'rain'])).toMatch(/no fault "rain"; there are unreachable, .*, clock-skew, /);
    expect(await refused(['--fault', 'drip=slow'])).toMatch(/drip wants a whole number \(ms\), got "slow"/);
    expect(await refused(['--fault', 'stalled=1'])).toMatch(/stalled takes no value, got "1"/);
    expect(await refused(['--count', '1e9'])).toMatch(/'1e9' is invalid.*1 to 256/);
    expect(await refused(['--address', 'localhost'])).toMatch(/'localhost' is invalid.*IPv4/);
    expect(await refused(['--password-file', join(dir, 'none')])).toMatch(/password cannot be read.*none.*→/s);
  });
});
