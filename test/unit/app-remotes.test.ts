import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../lib/log.js';
import { App } from '../../src/app.js';
import { configSchema } from '../../src/config/schema.js';
import { FakeClock } from '../simulators/fake-clock.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'app-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Takes the storage over and lets go of it again; resolves to what was logged. */
async function startOnce(remotes: Record<string, unknown>): Promise<string[]> {
  const logged: string[] = [];
  const config = configSchema.parse({
    storage: { dir: join(dir, 'data') },
    cameras: { gate: { streams: { main: 'rtsp://127.0.0.1:9/x' }, record: { mode: 'off' } } },
    remotes,
  });
  const app = await App.open({
    config,
    ffmpeg: { path: '/usr/bin/ffmpeg', version: '5' },
    clock: new FakeClock(),
    log: createLog({ write: (line) => logged.push(line) }),
  });
  await app.run(AbortSignal.abort());
  return logged;
}

it('warns at each start of remotes that are sent to in the clear, and of no others', async () => {
  const account = { host: '127.0.0.1', port: 9, username: 'u', password: 'p-canary' };
  const remotes = {
    old: { type: 'ftp', ...account, allow_cleartext: true },
    web: { type: 'https', url: 'http://127.0.0.1:9/x', allow_cleartext: true },
    safe: { type: 'ftps', ...account },
    nas: { type: 'folder', path: join(dir, 'nas') },
  };
  for (let start = 0; start < 2; start++) {
    const warned = (await startOnce(remotes)).filter((line) => line.includes('in the clear'));
    expect(warned.map((line) => JSON.parse(line).remote)).toEqual(['old', 'web']);
    expect(warned.join('')).not.toContain('canary');
  }
});
