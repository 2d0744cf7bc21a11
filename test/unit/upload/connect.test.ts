import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import { configSchema } from '../../../src/config/schema.js';
import { connectRemote } from '../../../src/upload/connect.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'connect-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const pins = { pin: () => undefined, setPin: () => undefined };
const remote = (settings: Record<string, unknown>) => {
  const camera = { streams: { main: 'rtsp://127.0.0.1/x' } };
  const config = configSchema.parse({ cameras: { gate: camera }, remotes: { far: settings } });
  return connectRemote('far', config.remotes.far!, pins, systemClock);
};
const sftp = (more: Record<string, unknown>) =>
  remote({ type: 'sftp', host: 'h', username: 'u', host_key: 'trust-on-first-use', ...more });

describe('a remote of the configuration', () => {
  it('is opened by name, without a secret in it', async () => {
    const secret = 'CANARY';
    expect(sftp({ password: secret }).name).toBe('sftp://u@h:22');
    const folder = remote({ type: 'folder', path: dir });
    expect(folder.name).toContain(dir);
    await folder.close();
  });

  it('refuses a private key that others can read, or that is not there, before anything is sent', () => {
    const key = join(dir, 'key');
    const failing = () => sftp({ key_file: key });
    const refused = expect.objectContaining({ code: 'key-unreadable', kind: 'permanent' });
    expect(failing).toThrow(refused);
    writeFileSync(key, 'CANARY');
    chmodSync(key, 0o640);
    expect(failing).toThrow(refused);
    expect(failing).toThrow(/chmod 600/);
    expect(failing).not.toThrow(/CANARY/);
    chmodSync(key, 0o600);
    expect(failing).not.toThrow(refused);
  });
});
