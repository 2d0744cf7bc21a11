import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigFailure, type Fault } from '../../../src/config/faults.js';
import { loadConfig } from '../../../src/config/load.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'remotes-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

type Settings = Record<string, unknown>;
const ACCOUNT = { host: 'h', username: 'u', password: 'p-canary' };
const PIN = `SHA256:${'A'.repeat(43)}`;
const PRINT = Array.from({ length: 32 }, () => 'Ab').join(':');

const load = (remote: Settings, environment = {}) => {
  const file = join(dir, 'nvr-uplink.yaml');
  const cameras = { gate: { streams: { main: 'rtsp://10.0.0.5/x' } } };
  writeFileSync(file, stringify({ cameras, remotes: { far: remote } }), { mode: 0o600 });
  return loadConfig(file, environment).config.remotes.far!;
};
const faultsOf = (remote: Settings): readonly Fault[] => {
  try {
    load(remote);
  } catch (error) {
    if (error instanceof ConfigFailure) {
      expect(error.message).not.toContain('canary');
      return error.faults;
    }
    throw error;
  }
  throw new Error('the configuration is valid');
};

describe('a remote', () => {
  it.each<[Settings, Settings]>([
    [
      { type: 'sftp', ...ACCOUNT, host_key: PIN },
      { port: 22, parallel: 2, root: '', host_key: [PIN] },
    ],
    [{ type: 'sftp', host: 'h', username: 'u', agent: true, host_key: [PIN, PIN] }, { agent: true }],
    [
      { type: 'ftps', ...ACCOUNT },
      { port: 21, parallel: 4, root: '' },
    ],
    [{ type: 'ftps', ...ACCOUNT, certificate: PRINT }, { certificate: [PRINT] }],
    [{ type: 'ftp', ...ACCOUNT, allow_cleartext: true }, { allow_cleartext: true }],
    [
      { type: 's3', bucket: 'b', region: 'eu-north-1' },
      { parallel: 2, proof: 'size', allow_cleartext: false },
    ],
    [{ type: 's3', bucket: 'b', endpoint: 'https://s3.example.com', proof: 'checksum' }, { proof: 'checksum' }],
    [{ type: 's3', bucket: 'b', endpoint: 'http://127.0.0.1:9000', allow_cleartext: true }, { bucket: 'b' }],
    [
      { type: 'https', url: 'https://h/x' },
      { method: 'PUT', proof: 'size', parallel: 2 },
    ],
    [
      { type: 'https', url: 'https://h/x?n={key}', token: 't', proof: 'accepted', headers: { 'x-a': 'b' } },
      { token: 't' },
    ],
    [{ type: 'folder', path: '/mnt/nas' }, { path: '/mnt/nas' }],
  ])('may be %j', (settings, expected) => {
    expect(load(settings)).toMatchObject(expected);
  });

  it.each<[Settings, string, RegExp]>([
    [{ type: 'scp' }, 'type', /sftp.*folder/],
    [{ type: 'sftp', host: 'h', username: 'u', host_key: PIN }, '', /key_file/],
    [{ type: 'sftp', ...ACCOUNT, host_key: 'any' }, 'host_key', /OpenSSH/],
    [{ type: 'sftp', ...ACCOUNT, host_key: PIN, root: '../up' }, 'root', /\.\./],
    [{ type: 'ftps', host: 'h', username: 'u' }, 'password', /missing/],
    [{ type: 'ftps', ...ACCOUNT, certificate: 'AB:CD' }, 'certificate', /openssl/],
    [{ type: 'ftp', ...ACCOUNT }, 'allow_cleartext', /in the clear.*ftps/],
    [{ type: 'ftp', ...ACCOUNT, allow_cleartext: false }, 'allow_cleartext', /in the clear.*ftps/],
    [{ type: 's3', bucket: 'b' }, 'region', /region/],
    [{ type: 's3', bucket: 'b', region: 'r', access_key_id: 'id' }, 'secret_access_key', /access_key_id/],
    [{ type: 's3', bucket: 'b', region: 'r', secret_access_key: 'canary' }, 'access_key_id', /secret_access_key/],
    [{ type: 's3', bucket: 'b', endpoint: 'http://h' }, 'endpoint', /in the clear/],
    [{ type: 's3', bucket: 'b', region: 'r', prefix: '/x' }, 'prefix', /"\/"/],
    [{ type: 's3', bucket: 'b', region: 'r', proof: 'accepted' }, 'proof', /./],
    [{ type: 'https', url: 'http://h/x' }, 'url', /in the clear/],
    [{ type: 'https', url: 'https://u:canary@h/x' }, 'url', /sign-in/],
    [{ type: 'https', url: 'h/x?t=canary' }, 'url', /https:/],
    [{ type: 'https', url: 'https://h', token: 't', username: 'u', password: 'p' }, 'token', /not both/],
    [{ type: 'https', url: 'https://h', username: 'u' }, 'username', /together/],
    [{ type: 'https', url: 'https://h', headers: { 'x y': 'canary' } }, 'headers', /header/],
  ])('may not be %j', (settings, path, remedy) => {
    const faults = faultsOf(settings);
    expect(faults[0]!.path).toContain(`remotes.far${path && `.${path}`}`);
    expect(faults[0]!.remedy).toMatch(remedy);
  });

  it('has the files it names beside the configuration', () => {
    writeFileSync(join(dir, 'ca.pem'), 'PEM');
    expect(load({ type: 'ftps', ...ACCOUNT, ca_file: 'ca.pem' })).toMatchObject({ ca_file: join(dir, 'ca.pem') });
    const agent = load({ type: 'sftp', host: 'h', username: 'u', host_key: PIN, agent: 'agent.sock' });
    expect(agent).toMatchObject({ agent: join(dir, 'agent.sock') });
  });

  it('may have its secrets from the environment', () => {
    const environment = {
      NVR_UPLINK__REMOTES__FAR__SECRET_ACCESS_KEY: '0123',
      NVR_UPLINK__REMOTES__FAR__ACCESS_KEY_ID: '42a',
    };
    const remote = load({ type: 's3', bucket: 'b', region: 'r' }, environment);
    expect(remote).toMatchObject({ secret_access_key: '0123', access_key_id: '42a' });
  });
});
