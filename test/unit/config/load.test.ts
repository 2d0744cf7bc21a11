import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigFailure, type Fault } from '../../../src/config/faults.js';
import { loadConfig, TO_ASK, TO_READ } from '../../../src/config/load.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const write = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(dir, name), text);
  chmodSync(join(dir, name), mode);
  return join(dir, name);
};
const load = (text: string, environment = {}) => loadConfig(write('nvr-uplink.yaml', text), environment).config;
const failureOf = (text: string, environment = {}): ConfigFailure => {
  try {
    load(text, environment);
  } catch (error) {
    if (error instanceof ConfigFailure) return error;
    throw error;
  }
  throw new Error('the configuration is valid');
};
const faultsOf = (text: string, environment = {}): readonly Fault[] => failureOf(text, environment).faults;

const CAMERA = 'cameras: { gate: { streams: { main: rtsp://10.0.0.5/stream1 } } }\n';
const KEY = 'SHA256:uNiVztksCsDhcc0u9e8BrqXVb0OcVUPa1qEKkMpHy+k';

describe('a configuration', () => {
  it('is told in words for people what to write where a rule has none of its own', () => {
    const faults = faultsOf(`${CAMERA}version: 2
record: { mode: sometimes }
storage: { dir: '' }
discovery: { interfaces: [] }
inbox: { folders: { nvr: { path: in } }, cameras: { yard: { label: [] } }, ftp: { listen: '127.0.0.1:1', users: {}, connections: 0 } }
remotes: { nas: { type: sftp, host: h, username: u, password: p, host_key: '${KEY}', parallel: 99, port: 70000 } }`);
    const told = Object.fromEntries(faults.map(({ path, remedy }) => [path, remedy]));
    expect(told).toMatchObject({
      version: 'write 1',
      'record.mode': 'write one of continuous, motion, off',
      'storage.dir': 'it is empty; write a text',
      'discovery.interfaces': 'the list is empty; write at least one entry',
      'inbox.cameras.yard.label': 'the list is empty; write at least one entry',
      'inbox.ftp.connections': 'write a number of at least 1',
      'remotes.nas.parallel': 'write a number of at most 8',
      'remotes.nas.port': 'write a number of at most 65535',
    });
    expect(JSON.stringify(faults)).not.toMatch(/Too |Invalid /);
  });

  it.each([
    ['mqtt', 'mqtt: { url: mqtts://h, ca_file: none.pem }'],
    ['remotes.far', 'remotes: { far: { type: ftps, host: h, username: u, password: p, ca_file: none.pem } }'],
    ['archive', 'archive: { type: s3, bucket: b, region: r, ca_file: none.pem }'],
  ])('names the ca_file of %s that is not there', (path, text) => {
    expect(faultsOf(CAMERA + text)).toEqual([
      {
        ...{ path: `${path}.ca_file`, value: JSON.stringify(join(dir, 'none.pem')), line: 2 },
        remedy: 'there is no such file; write the path of a PEM file with the certificate',
      },
    ]);
    write('none.pem', 'PEM');
    expect(() => load(CAMERA + text)).not.toThrow();
  });

  it('refuses a header that could never be sent, and says how alerts and switches are written', () => {
    const faults = faultsOf(
      `${CAMERA}alerts:
  a: { url: https://h, token: "hush\\n", headers: { x-one: "hush\\r\\nx: y", x-two: "hush \u20ac" } }
  b: { url: http://h }
remotes: { far: { type: https, url: https://h, token: "hush\\n", headers: { x-one: "hush\\0" } } }
cameras: { yard: { address: 10.0.0.5, backfill: "true" } }`.replace(CAMERA, ''),
    );
    const told = Object.fromEntries(faults.map(({ path, remedy }) => [path, remedy]));
    const header = expect.stringMatching(/^no header can hold a line break.*; write it on one line/);
    expect(told).toEqual({
      ...{ 'alerts.a.token': header, 'alerts.a.headers.x-one': header, 'alerts.a.headers.x-two': header },
      'alerts.b.url':
        'http sends everything in the clear, the sign-in too: use `https`, or add `allow_cleartext: true`',
      ...{ 'remotes.far.token': header, 'remotes.far.headers.x-one': header },
      'cameras.yard.backfill': 'write true or false, without quotes',
    });
    expect(JSON.stringify(faults)).not.toContain('hush');
  });

  it('refuses settings that could never work, each with what to write instead', () => {
    const faults = faultsOf(`${CAMERA}record: { pre_roll_memory: 1kB, schedule: 'off; mon motion' }
mqtt: { url: mqtt://h, password: hush-hush }`);
    expect(faults.map(({ path, value, line }) => [path, value, line])).toEqual([
      ['record.schedule', '"off; mon motion"', 2],
      ['record.pre_roll_memory', '"1kB"', 2],
      ['mqtt.username', undefined, 3],
    ]);
    expect(faults[1]!.remedy).toMatch(/^at least 1MB/);
    expect(faults[2]!.remedy).toBe('missing: a password needs a username');
    expect(JSON.stringify(faults)).not.toContain('hush-hush');
  });

  it('needs no more than one camera', () => {
    const config = load(CAMERA);
    expect(config).toMatchObject({ site: 'home', remotes: {}, record: { segment: 300_000, mode: 'continuous' } });
    expect(config.cameras.gate!.streams!.main).toBe('rtsp://10.0.0.5/stream1');
  });

  it('has its relative paths beside the file, wherever it is read from', () => {
    const config = load(`${CAMERA}storage: { dir: data }
archive: { type: folder, path: ../archive }
remotes:
  a: { type: folder, path: /mnt/nas }
  b: { type: sftp, host: h, username: u, key_file: keys/id, host_key: '${KEY}' }`);
    expect(config.storage.dir).toBe(join(dir, 'data'));
    expect(config.archive).toEqual({ type: 'folder', path: join(dir, '..', 'archive') });
    expect(config.remotes.a).toMatchObject({ path: '/mnt/nas' });
    expect(config.remotes.b).toMatchObject({ key_file: join(dir, 'keys/id'), host_key: [KEY], port: 22 });
  });

  it('tells all faults together, each with where, what, what instead, and the line', () => {
    const text = `site: Bad Site
timezone: Mars
cameras:
  gate:
    streams: { main: http://10.0.0.5/ }
    colour: red
    password: secret-1
  Yard: { streams: { main: rtsp://10.0.0.6/ } }
record:
  segment: 7m
storage: { max: 200 }
remotes:
  a: { type: sftp, host: h, username: u, host_key: nonsense }
  b: { type: scp }
  c: { type: sftp, host: h, username: 77, host_key: trust-on-first-use, key_file: k, port: '22' }
web: { listen: somewhere }
`;
    const found = faultsOf(text).map(({ path, value, remedy, line }) => [line, path, value, remedy]);
    expect(found.sort((a, b) => Number(a[0]) - Number(b[0]) || String(a[1]).localeCompare(String(b[1])))).toEqual([
      [1, 'site', '"Bad Site"', expect.stringContaining('a site name is')],
      [2, 'timezone', '"Mars"', expect.stringContaining('Europe/Copenhagen')],
      [5, 'cameras.gate.streams.main', '"http://10.0.0.5/"', expect.stringContaining('write rtsp://')],
      [5, 'cameras.gate.username', undefined, expect.stringContaining('a password needs a username')],
      [6, 'cameras.gate.colour', undefined, expect.stringContaining('no such setting')],
      [8, 'cameras.Yard', undefined, expect.stringContaining('a camera name is')],
      [10, 'record.segment', '"7m"', expect.stringContaining('divide a day')],
      [11, 'storage.max', '200', expect.stringContaining('e.g. 200GB')],
      [13, 'remotes.a', '{…}', expect.stringContaining('give `key_file`')],
      [13, 'remotes.a.host_key', '"nonsense"', expect.stringContaining('SHA256:')],
      [14, 'remotes.b.type', '"scp"', expect.stringContaining('`type: sftp`')],
      [15, 'remotes.c.port', '"22"', 'write a number'],
      [15, 'remotes.c.username', '77', 'put it in quotes'],
      [16, 'web.listen', '"somewhere"', expect.stringContaining('127.0.0.1:8080')],
    ]);
    expect(failureOf(text).message).toContain('14 faults');
    expect(failureOf(text).message).toContain('record.segment (line 10): "7m" – ');
  });

  it('tells what settings are wrong together even where one of them is wrong by itself', () => {
    const found = faultsOf('cameras: { gate: { streams: 5, password: secret-1 } }').map(({ path }) => path);
    expect(found.sort()).toEqual(['cameras.gate.streams', 'cameras.gate.username']);
  });

  it('says where a file stops being YAML, and what is missing altogether', () => {
    expect(faultsOf('site: a\nb: c: d\n')[0]).toMatchObject({ line: 2 });
    expect(faultsOf('- a\n')).toMatchObject([{ path: '' }]);
    expect(faultsOf('')).toMatchObject([{ path: 'cameras', remedy: expect.stringContaining('missing') }]);
    expect(faultsOf('cameras: {}')).toMatchObject([{ path: 'cameras', remedy: 'no camera is configured' }]);
    const missing = expect.objectContaining({ code: 'config-missing' });
    expect(() => loadConfig(join(dir, 'nowhere.yaml'), {})).toThrow(missing);
    expect(() => loadConfig(undefined, { NVR_UPLINK_CONFIG: join(dir, 'nowhere.yaml') })).toThrow(missing);
  });
});

describe('secrets in a faulty configuration (I6)', () => {
  const CANARY = 'cAnArY-17';
  const faulty: [string, string][] = [
    ['a password that is too short for its rule', `web: { password: ${CANARY.slice(0, 6)} }`],
    ['a password that is a list', `web: { password: [${CANARY}] }`],
    ['a password that is a group', `web: { password: { value: ${CANARY} } }`],
    ['a misspelt password', `web: { pasword: ${CANARY} }`],
    ['a misspelt group with a password in it', `webb: { secret: ${CANARY}, pw: ${CANARY} }`],
    ['a group where a text belongs', `site: { pw: ${CANARY} }`],
    ['a list where a group belongs', `web: [${CANARY}]`],
    ['a password in an address', `cameras: { gate: { streams: { main: 'rtsp://a:${CANARY}@10.0.0.5/' } } }`],
    ['one with / and @', `cameras: { gate: { streams: { main: 'rtsp://a:x/${CANARY}@y@10.0.0.5/' } } }`],
    [
      'one in the query of an address',
      `cameras: { gate: { streams: { main: 'http://10.0.0.5/?password=${CANARY}' } } }`,
    ],
    ['a passphrase of a faulty remote', `remotes: { a: { type: sft, passphrase: ${CANARY} } }`],
    ['a reference to nothing in a password', `web: { password: '${CANARY}\${UNSET}' }`],
    ['a password that begins with *', `web: { password: *${CANARY} }`],
    ['a password that begins with @', `web: { password: @${CANARY} }`],
    ['a password that begins with !', `web: { password: !${CANARY} [] }`],
    ['a password that begins with &', `web: { password: &${CANARY} [] }`],
    ['a password that breaks its quotes', `web: { password: "${CANARY} \\q" }`],
    ['a file that is not YAML at all', `web: { password: ${CANARY}: ${CANARY} }`],
  ];

  it.each(faulty)('are not shown: %s', (_, text) => {
    const failure = failureOf(text.startsWith('cameras') ? text : `${CAMERA}${text}\n`);
    const shown = JSON.stringify([failure.message, failure.faults, failure.hint]);
    expect(shown).not.toContain(CANARY.slice(0, 6));
    expect(failure.faults.length).toBeGreaterThan(0);
  });
});

describe('settings from elsewhere', () => {
  it('come from the environment and from files of their own', () => {
    const secret = write('secret', 'from a file\n');
    const config = load(
      `${CAMERA}remotes:
  a: { type: sftp, host: '\${HOST}.example', username: u, password: '\${file:secret}', host_key: '${KEY}' }
web: { password: '\${file:${secret}}' }`,
      { HOST: 'nas' },
    );
    expect(config.remotes.a).toMatchObject({ host: 'nas.example', password: 'from a file' });
    expect(config.web.password).toBe('from a file');
  });

  it('are overridden by name, as text, number, or the content of a file', () => {
    const environment = {
      NVR_UPLINK__SITE: 'shop-7',
      NVR_UPLINK__CAMERAS__GATE__USERNAME: '1234',
      NVR_UPLINK__CAMERAS__GATE__PASSWORD: '12345678',
      NVR_UPLINK__WEB__PASSWORD_FILE: write('web', 'eight characters\n'),
      NVR_UPLINK__REMOTES__A__TYPE: 'sftp',
      NVR_UPLINK__REMOTES__A__HOST: 'h',
      NVR_UPLINK__REMOTES__A__USERNAME: 'u',
      NVR_UPLINK__REMOTES__A__PORT: '2222',
      NVR_UPLINK__REMOTES__A__KEY_FILE: 'id',
      NVR_UPLINK__REMOTES__A__HOST_KEY: 'trust-on-first-use',
      NVR_UPLINKED: 'not ours',
    };
    const config = load(CAMERA, environment);
    expect(config.site).toBe('shop-7');
    expect(config.cameras.gate).toMatchObject({ username: '1234', password: '12345678' });
    expect(config.web.password).toBe('eight characters');
    expect(config.remotes.a).toMatchObject({ port: 2222, key_file: join(dir, 'id') });
  });

  it('are faults, by their names, when they cannot be had', () => {
    const readable = write('readable', 'CANARY', 0o640);
    const faults = faultsOf(`${CAMERA}site: '\${UNSET}'\nweb: { password: '\${file:${readable}}' }\n`, {
      NVR_UPLINK__STORAGE__DIR__X: 'y',
      NVR_UPLINK__WEB__USERNAME_FILE: join(dir, 'missing'),
      NVR_UPLINK__SITE__X: 'y',
    });
    expect(faults).toContainEqual(expect.objectContaining({ path: 'site', remedy: expect.stringContaining('UNSET') }));
    expect(faults).toContainEqual({ path: 'web.password', value: '***', remedy: expect.stringContaining('chmod 600') });
    expect(faults).toContainEqual({ path: 'web.username', remedy: expect.stringContaining('ENOENT') });
    expect(faults).toContainEqual({ path: 'site.x', remedy: expect.stringContaining('NVR_UPLINK__SITE__X') });
    expect(JSON.stringify(faults)).not.toContain('CANARY');
  });

  it('may be missing where nothing is done with what they say, and only there', () => {
    const open = write('open', 'CANARY', 0o640);
    const text = `${CAMERA}web: { password: '\${file:${open}}' }\narchive: { type: folder, path: '\${UNSET}' }\n`;
    const file = write('spared.yaml', text);
    expect(() => loadConfig(file, {})).toThrow(/2 faults/);
    expect(() => loadConfig(file, {}, TO_READ)).toThrow(/a fault:\n {2}archive\.path: .*UNSET is not set/);
    expect(loadConfig(file, {}, TO_ASK).config.cameras).toHaveProperty('gate');
    // What is not used has to make sense all the same; where it does not, the reason is told.
    const wrong = write('wrong.yaml', `cameras: { gate: { streams: { main: '\${UNSET}' } } }\n`);
    expect(() => loadConfig(wrong, {}, TO_ASK)).toThrow(/UNSET is not set/);
  });

  it('make a camera without any file', () => {
    const environment = { CAMERA_IP: '10.0.0.5', USRNAME: 'admin', PASSWORD: '87654321', PORT: '9000' };
    const { config, origin } = loadConfig(undefined, environment);
    expect(origin).toBe('the environment');
    expect(config.cameras).toEqual({
      camera: {
        streams: { main: 'rtsp://10.0.0.5:554/stream1', sub: 'rtsp://10.0.0.5:554/stream2' },
        ...{ username: 'admin', password: '87654321' },
      },
    });
    expect(config).toMatchObject({ motion: { sources: ['analysis', 'external'] }, snapshot: { calm: 10_000 } });
    expect(loadConfig(undefined, { ...environment, CALM_PERIOD: '60' }).config.snapshot.calm).toBe(60_000);
    const wrong = () => loadConfig(undefined, { ...environment, CALM_PERIOD: 'long' });
    expect(wrong).toThrow(/has a fault:\n {2}CALM_PERIOD: "long" – write a number of seconds/);
    expect(wrong).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^Correct the environment variable/) }),
    );
    expect(config.web.listen).toBe('127.0.0.1:9000');
    const elsewhere = loadConfig(undefined, { CAMERA_IP: '10.0.0.5:8554' }).config;
    expect(elsewhere.cameras.camera!.streams!.main).toBe('rtsp://10.0.0.5:8554/stream1');
    expect(() => loadConfig(undefined, { ...environment, PORT: 'http' })).toThrow(/ {2}PORT: "http" – write a number/);
    const nowhere = { ...environment, CAMERA_IP: 'a b', USRNAME: '' };
    expect(() => loadConfig(undefined, nowhere)).toThrow(
      /2 faults:\n {2}CAMERA_IP: "a b" .*\n {2}USRNAME: "" – set it to the user/,
    );
    const overridden = { ...environment, NVR_UPLINK__SNAPSHOT__CALM: 'long' };
    expect(() => loadConfig(undefined, overridden)).toThrow(/snapshot\.calm: "long"/);
    const { PASSWORD: password, ...open } = environment;
    expect(() => loadConfig(undefined, open)).toThrow(/PASSWORD: USRNAME is given without it/);
    const override = { ...open, NVR_UPLINK__CAMERAS__CAMERA__PASSWORD: password };
    expect(loadConfig(undefined, override).config.cameras.camera!.password).toBe(password);
    expect(() => loadConfig(undefined, {})).toThrow(expect.objectContaining({ code: 'config-missing' }));
  });
});
