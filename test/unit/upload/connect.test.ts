import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/clock.js';
import { configSchema } from '../../../src/config/schema.js';
import { connectRemote, isCleartext, neededProof } from '../../../src/upload/connect.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'connect-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const pins = { pin: () => undefined, setPin: () => undefined };
const configOf = (settings: Record<string, unknown>) => {
  const camera = { streams: { main: 'rtsp://127.0.0.1/x' } };
  return configSchema.parse({ cameras: { gate: camera }, remotes: { far: settings } }).remotes.far!;
};
const remote = (settings: Record<string, unknown>) => connectRemote('far', configOf(settings), pins, systemClock);
const sftp = (more: Record<string, unknown>) =>
  remote({ type: 'sftp', host: 'h', username: 'u', host_key: 'trust-on-first-use', ...more });

describe('a remote of the configuration', () => {
  it('is opened by name, without a secret in it', async () => {
    const secret = 'CANARY';
    expect((await sftp({ password: secret })).name).toBe('sftp://u@h:22');
    const folder = await remote({ type: 'folder', path: dir });
    expect(folder.name).toContain(dir);
    await folder.close();
  });

  it('refuses a private key that others can read, or that is not there, before anything is sent', async () => {
    const key = join(dir, 'key');
    const failing = () => sftp({ key_file: key });
    const refused = expect.objectContaining({ code: 'key-unreadable', kind: 'permanent' });
    await expect(failing()).rejects.toEqual(refused);
    writeFileSync(key, 'CANARY');
    chmodSync(key, 0o640);
    await expect(failing()).rejects.toEqual(refused);
    await expect(failing()).rejects.toThrow(/chmod 600/);
    await expect(failing()).rejects.not.toThrow(/CANARY/);
    chmodSync(key, 0o600);
    expect((await failing()).name).toBe('sftp://u@h:22');
  });

  it.each([
    ['ftps', { type: 'ftps', host: 'h', username: 'u', password: 'CANARY' }, 'ftps://u@h:21', 'size', false],
    [
      'ftp',
      { type: 'ftp', host: 'h', username: 'u', password: 'CANARY', allow_cleartext: true },
      'ftp://u@h:21',
      'size',
      true,
    ],
    ['s3', { type: 's3', bucket: 'b', region: 'r', prefix: 'p', proof: 'checksum' }, 's3://b/p', 'checksum', false],
    ['https', { type: 'https', url: 'https://h/x?t=CANARY', proof: 'accepted' }, 'https://h/x', 'accepted', false],
    ['http', { type: 'https', url: 'http://h/x', allow_cleartext: true }, 'http://h/x', 'size', true],
  ])('of type %s is opened by name, and says what it must prove and whether it is in the clear', async (...row) => {
    const [, settings, name, proof, clear] = row;
    const opened = await remote(settings);
    expect(opened.name).toBe(name);
    await opened.close();
    const config = configOf(settings);
    expect([neededProof(config), isCleartext(config)]).toEqual([proof, clear]);
  });

  it('refuses a certificate that is not there', async () => {
    const settings = { type: 'ftps', host: 'h', username: 'u', password: 'p', ca_file: join(dir, 'none') };
    await expect(remote(settings)).rejects.toMatchObject({ code: 'certificate-unreadable', kind: 'permanent' });
  });
});
