import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../../lib/clock.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import type { Step } from '../../src/upload/probe.js';
import { Proftpd } from '../peers/proftpd.js';
import { Sshd } from '../peers/sshd.js';
import { Webdav } from '../peers/webdav.js';
import { createAuthority } from '../simulators/certificates.js';
import { command } from '../simulators/command.js';
import { FTP_PASSWORD, ScriptedFtpServer } from '../simulators/scripted-ftp-server.js';
import { ScriptedS3Server } from '../simulators/scripted-s3-server.js';
import { standIn } from '../simulators/stand-in.js';

let dir: string;
let stops: (() => unknown)[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'upload-test-'));
  stops = [];
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await rm(dir, { recursive: true, force: true });
});

type Settings = Record<string, unknown>;

async function configured(remotes: Record<string, Settings>): Promise<string> {
  const file = join(dir, 'nvr-uplink.yaml');
  const cameras = { gate: { streams: { main: 'rtsp://127.0.0.1:9/x' } } };
  await writeFile(file, stringify({ site: 'shop', storage: { dir: './stored' }, cameras, remotes }), { mode: 0o600 });
  return file;
}

async function test(settings: Settings, ...args: string[]) {
  const file = await configured({ far: settings });
  const { exit, stdout } = await command(['upload', 'test', '--json', '--size', '1MB', '-c', file, ...args]);
  expect(stdout).not.toContain(FTP_PASSWORD);
  const { ok, remotes } = JSON.parse(stdout) as { ok: boolean; remotes: { remote: string; steps: Step[] }[] };
  expect(exit).toBe(ok ? 0 : 1);
  const { steps } = remotes[0]!;
  for (const { ms } of steps) expect(ms).toBeGreaterThanOrEqual(0);
  return {
    ok,
    steps,
    last: steps.at(-1)!,
    names: steps.map(({ step }) => step),
    of: (name: string) => steps.find((one) => one.step === name)!,
  };
}

const USE = ['write', 'proof', 'overwrite', 'throughput', 'clean-up'];

describe('upload test', () => {
  it('goes through every step with OpenSSH, and leaves nothing behind', async () => {
    const sshd = await Sshd.start();
    stops.push(() => sshd.stop());
    const key = join(dir, 'key');
    await writeFile(key, sshd.privateKey, { mode: 0o600 });
    const { host, port, username, fingerprint } = sshd;
    const { ok, names, of } = await test({ type: 'sftp', host, port, username, key_file: key, host_key: fingerprint });
    expect(ok).toBe(true);
    expect(names).toEqual(['dns', 'tcp', 'host key', 'sign-in', ...USE]);
    expect(of('host key').detail).toBe(fingerprint);
    expect(of('sign-in').detail).toBe(username);
    expect(of('overwrite').detail).toMatch(/^allowed/);
    expect(of('throughput').detail).toMatch(/^1\.0 MB in .* Mbit\/s$/);
    expect(await readdir(join(sshd.dir, 'shop/uploads'))).toEqual([]);
  });

  it('is content with a put-only user of Transfer Family, and says what stays', async () => {
    const { privateKey: hostKey, fingerprint } = generateHostKey();
    await mkdir(join(dir, 'archive'));
    const store = await FolderStore.open(join(dir, 'archive'));
    const users = [{ name: 'home', password: FTP_PASSWORD, root: '', mode: 'dropbox' as const }];
    const endpoint = standIn({ store, users, hostKey, clock: systemClock });
    await endpoint.listen();
    const stop = new AbortController();
    const running = endpoint.run(stop.signal);
    stops.push(() => {
      stop.abort();
      return running;
    });
    const account = { username: 'home', password: FTP_PASSWORD, host_key: fingerprint };
    const { ok, of } = await test({ type: 'sftp', ...endpoint.address, ...account });
    expect(ok).toBe(true);
    expect(of('proof').detail).toBe('the size, by a listing of its folder');
    expect(of('clean-up').detail).toMatch(/refused, as is best.*small\.bin.*large\.bin/);
  });

  it('goes through every step with ProFTPD, and shows its certificate', async () => {
    const server = await Proftpd.start();
    stops.push(() => server.stop());
    await writeFile(join(dir, 'ca.pem'), server.ca);
    const { host, port, username, password } = server;
    const { ok, names, of } = await test({ type: 'ftps', host, port, username, password, ca_file: 'ca.pem' });
    expect(ok).toBe(true);
    expect(names).toEqual(['dns', 'tcp', 'certificate', 'sign-in', ...USE]);
    expect(of('certificate').detail).toMatch(/^TLSv1\.[23], .*SHA-256 (?:[0-9A-F]{2}:){31}/);
  });

  it('finds out that a WebDAV server proves the size', async () => {
    const server = await Webdav.start();
    stops.push(() => server.stop());
    await writeFile(join(dir, 'ca.pem'), server.ca);
    const { url, username, password } = server;
    const { ok, names } = await test({ type: 'https', url, username, password, ca_file: 'ca.pem' });
    expect(ok).toBe(true);
    expect(names).toEqual(['dns', 'tcp', 'certificate', ...USE]);
  });

  it('finds out that S3 proves a checksum and refuses to replace an object', async () => {
    const server = await ScriptedS3Server.start();
    stops.push(() => server.stop());
    const keys = { access_key_id: 'id', secret_access_key: FTP_PASSWORD };
    const { endpoint } = server;
    const { ok, names, of } = await test({ type: 's3', bucket: 'b', endpoint, ...keys, allow_cleartext: true });
    expect(ok).toBe(true);
    expect(names).toEqual(['dns', 'tcp', ...USE]);
    expect(of('proof').detail).toBe('the checksum, by the reply');
    expect(of('overwrite').detail).toMatch(/^refused/);
  });

  it('fails where a remote proves less than is asked of it, before the disk fills up with what it took', async () => {
    const server = await ScriptedS3Server.start({ checksums: 'none' });
    stops.push(() => server.stop());
    const keys = { access_key_id: 'id', secret_access_key: FTP_PASSWORD, proof: 'checksum' };
    const { endpoint } = server;
    const { ok, of } = await test({ type: 's3', bucket: 'b', endpoint, ...keys, allow_cleartext: true });
    expect(ok).toBe(false);
    expect(of('proof')).toMatchObject({ ok: false, code: 'unproven', hint: expect.stringContaining('proof: size') });
  });

  it.each<[string, () => Promise<Settings>, string, string]>([
    ['an unknown name', async () => ({ ...ftps(21), host: 'nowhere.invalid' }), 'dns', 'unreachable'],
    ['a closed port', async () => ftps(1), 'tcp', 'unreachable'],
    [
      'another host key',
      async () => ({ ...(await openSsh()), host_key: `SHA256:${'A'.repeat(43)}` }),
      'host key',
      'host-key-changed',
    ],
    ['a refused password', async () => ({ ...(await openSsh()), password: 'x' }), 'sign-in', 'sign-in-refused'],
    ['an expired certificate', () => scripted({ days: -1 }), 'certificate', 'certificate-refused'],
    ['a wrong password', async () => ({ ...(await scripted({})), password: 'wrong' }), 'sign-in', 'sign-in-refused'],
    ['a refused PROT P', () => scripted({ answer: { PROT: '536 no' } }), 'sign-in', 'not-encrypted'],
    ['a full disk', () => scripted({ answer: { STOR: '552 full' } }), 'write', 'remote-full'],
  ])('stops at %s, with what to do', async (_what, settings, step, code) => {
    const { ok, steps } = await test(await settings());
    expect(ok).toBe(false);
    const at = steps.findIndex((one) => !one.ok);
    expect(steps[at]).toMatchObject({ step, ok: false, code });
    expect(steps[at]!.hint).toMatch(/^[A-Z].*[.?]$/);
    // Nothing is tried after that; what it left behind is taken away.
    expect(steps.slice(at + 1).every((one) => one.step === 'clean-up')).toBe(true);
  });

  const ftps = (port: number) => ({ type: 'ftps', host: '127.0.0.1', port, username: 'u', password: FTP_PASSWORD });
  const openSsh = async () => {
    const sshd = await Sshd.start();
    stops.push(() => sshd.stop());
    const { host, port, username, fingerprint } = sshd;
    return { type: 'sftp', host, port, username, password: FTP_PASSWORD, host_key: fingerprint };
  };
  const scripted = async ({ days, answer }: { days?: number; answer?: Record<string, string> }) => {
    const authority = createAuthority();
    const script = { answer: (asked: string) => answer?.[asked] };
    const server = await ScriptedFtpServer.start(script, authority.issue('127.0.0.1', { days }));
    stops.push(() => server.stop());
    await writeFile(join(dir, 'ca.pem'), authority.ca);
    return { ...ftps(server.port), username: server.username, ca_file: 'ca.pem' };
  };

  it('says of what a failed write left only what is so', async () => {
    const nothing = await test(await scripted({ answer: { STOR: '552 full', DELE: '550 no such file' } }));
    expect(nothing.last).toMatchObject({ step: 'clean-up', ok: true, detail: 'nothing was stored' });
    const unseen = await test({ type: 'folder', path: './nope' });
    expect(unseen.last).toMatchObject({ step: 'clean-up', ok: false, code: 'not-looked-at' });
    expect(unseen.last.detail).toMatch(/^whether anything of it stays could not be looked at: .*small\.bin$/);
    const refused = await test(await scripted({ answer: { DELE: '550 permission denied' } }));
    expect(refused.last).toMatchObject({ step: 'clean-up', ok: true });
    expect(refused.last.detail).toMatch(/^refused, as is best for footage; what stays: .*small\.bin, .*large\.bin$/);
  });

  it('tells a person the same, a line for each step, of the remotes that were named', async () => {
    await mkdir(join(dir, 'nas'));
    const file = await configured({ nas: { type: 'folder', path: './nas' }, far: ftps(1) });
    const { exit, stdout } = await command(['upload', 'test', 'nas', '--size', '1MB', '-c', file]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^nas \(folder\)\n {2}✓ write +\d+ ms {2}1 kB stored as shop\/uploads\/test-/);
    expect(stdout).not.toContain('far');
    const all = await command(['upload', 'test', '--size', '1MB', '-c', file]);
    expect(all.exit).toBe(1);
    expect(all.stdout).toMatch(/✗ tcp .*\n +→ Check host, port/);
    expect(await command(['upload', 'test', 'nobody', '-c', file])).toMatchObject({ exit: 2, stdout: '' });
    expect(await command(['upload', 'test', '--size', 'much', '-c', file])).toMatchObject({ exit: 2, stdout: '' });
  });
});
