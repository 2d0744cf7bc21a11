import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runChild } from '../../lib/child.js';
import { systemClock } from '../../lib/clock.js';
import type { SimulatedCamera } from '../../lib/simulator/camera.js';
import type { PersonaName } from '../../lib/simulator/persona.js';
import { type Simulator, startSimulator } from '../../lib/simulator/simulator.js';
import { main } from '../../src/cli/program.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/nvr-uplink.js', import.meta.url));
const PERSONAS: PersonaName[] = ['generic', 'hikvision', 'tapo'];
const PASSWORD = `n1ght's "Watch`;

let dir: string;
let simulator: Simulator;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'commands-'));
  await writeFile(join(dir, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  const size = { width: 320, height: 180, rateBps: 200_000, loopMs: 16_000 };
  const cameras = PERSONAS.map((persona, n) => ({
    ...{ name: `${persona}-${n}`, persona, title: 'commands', variant: 0, host: `127.0.0.${n + 41}` },
  }));
  simulator = await startSimulator(
    {
      ...{ cameras, password: PASSWORD, https: true, cacheDir: join(dir, 'clips'), restartMs: 100 },
      ...{ main: size, sub: { ...size, width: 160, height: 90 } },
    },
    new AbortController().signal,
  );
});
afterAll(async () => {
  await simulator.stop();
  await rm(dir, { recursive: true });
});
afterEach(() => {
  for (const { camera } of simulator.cameras) camera.faults.clear();
});

const cameraOf = (persona: PersonaName): SimulatedCamera =>
  simulator.cameras.find(({ camera }) => camera.persona.name === persona)!.camera;
const addressOf = (persona: PersonaName) => cameraOf(persona).deviceUrl;

/** One command line, in this process. */
async function nvr(args: string[], { env = {}, stdin = Readable.from([]) as Readable } = {}) {
  const out: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        out[name] += String(chunk);
        done();
      },
    });
  const signal = new AbortController().signal;
  const code = await main(args, {
    ...{ env: { PATH: process.env.PATH, ...env }, stdin, stdout: into('stdout'), stderr: into('stderr') },
    ...{ clock: systemClock, signal },
  });
  for (const text of Object.values(out)) expect(text).not.toContain(PASSWORD);
  return { code, ...out };
}
const signIn = () => ['--username', 'admin', '--password-file', join(dir, 'password')];

/** A configuration with these cameras in it, their password in a file beside it. */
async function config(name: string, personas: PersonaName[], more = ''): Promise<string> {
  const file = join(dir, `${name}.yaml`);
  const cameras = personas.map(
    (persona) =>
      `  ${persona}:\n    address: ${addressOf(persona)}\n    username: admin\n    password: \${file:password}\n`,
  );
  await writeFile(file, `# mine\ncameras:\n${cameras.join('')}${more}`);
  return file;
}

describe('nvr-uplink discover', () => {
  it('asks cameras by their addresses, signs in, and says what they are', async () => {
    const { code, stdout } = await nvr(['discover', ...PERSONAS.map(addressOf), ...signIn()]);
    expect(code).toBe(0);
    for (const part of [
      'HIKVISION',
      'DS-2CD2387G2-LU',
      'firmware V5.7.10',
      'Tapo C310',
      'main 320x180 H.264',
      'discover --add',
    ]) {
      expect(stdout).toContain(part);
    }
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('takes the password from a file, from standard input, or from the environment, and from nowhere else', async () => {
    const args = ['discover', addressOf('generic'), '--username', 'admin', '--json'];
    const signedIn = async (more: string[], options = {}) => {
      const { stdout } = await nvr([...args, ...more], options);
      return JSON.parse(stdout)[0].authenticated;
    };
    expect(await signedIn(['--password-file', join(dir, 'password')])).toBe(true);
    expect(await signedIn(['--password-file', '-'], { stdin: Readable.from([`${PASSWORD}\n`]) })).toBe(true);
    expect(await signedIn([], { env: { NVR_UPLINK_CAMERA_PASSWORD: PASSWORD } })).toBe(true);
    expect(await signedIn([], { env: { NVR_UPLINK_CAMERA_PASSWORD: 'wrong' } })).toBe(false);
    const without = await nvr(args);
    expect([without.code, JSON.parse(without.stdout).error.code]).toEqual([2, 'usage']);
    await writeFile(join(dir, 'open'), PASSWORD, { mode: 0o644 });
    const open = await nvr([...args, '--password-file', join(dir, 'open')]);
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('chmod 600')]);
    expect((await nvr([...args, '--password', PASSWORD])).code).toBe(2);
  });

  it('says what to do where no camera answers, or where it cannot be asked', async () => {
    // On a loopback of its own: what other tests simulate would answer on ours.
    const alone = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, PROGRAM];
    const args = ['discover', '--interface', 'lo', '--wait', '500ms'];
    const { code, stdout, stderr } = await runChild('unshare', [...alone, ...args], AbortSignal.timeout(60_000));
    expect([code, String(stdout)]).toEqual([3, expect.stringContaining('nvr-uplink discover 192.168.1.20')]);
    expect(stderr).toContain('looking for cameras on lo for 0.5 s');
    const unknown = await nvr(['discover', '--interface', 'nowhere0']);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('There is no network interface "nowhere0"'),
    ]);
    const nobody = await nvr(['discover', '127.0.0.99', '--json']);
    expect(nobody.code).toBe(0);
    expect(JSON.parse(nobody.stdout)).toMatchObject([{ authenticated: false, problem: { code: 'unreachable' } }]);
  });

  it.each([
    [['rtsp://admin:secret@127.0.0.1/x'], 'use `username`'],
    [['rtsp://[127.0.0.1/x'], 'write rtsp://ADDRESS'],
    [['admin:secret@127.0.0.1'], 'use `username`'],
    [['--wait', '5'], 'from 500ms to 2m'],
  ])('exits 2 for %j', async (args, remedy) => {
    const { code, stderr } = await nvr(['discover', ...args]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(remedy)]);
    expect(stderr).not.toContain('secret');
  });

  it('shows the certificate of one that speaks HTTPS, and signs in only once it is pinned', async () => {
    const url = cameraOf('generic').secureUrl!;
    const first = JSON.parse((await nvr(['discover', url, '--json', ...signIn()])).stdout)[0];
    expect(first).toMatchObject({ authenticated: false, problem: { code: 'certificate-unknown' } });
    expect(first.certificate).toMatch(/^SHA256:[0-9a-f]{64}$/);
    const file = join(dir, 'https.yaml');
    const pinned = ['--certificate', first.certificate, '--add', '-c', file, ...signIn()];
    expect((await nvr(['discover', url, ...pinned])).stdout).toContain('ok');
    expect(await readFile(file, 'utf8')).toContain(`certificate: ${first.certificate}`);
    const other = ['--certificate', `SHA256:${'ab'.repeat(32)}`, '--json', ...signIn()];
    expect(JSON.parse((await nvr(['discover', url, ...other])).stdout)[0].problem.code).toBe('certificate-changed');
  });

  it('knows the cameras of a configuration again, even where it is not finished', async () => {
    const file = await config(
      'again',
      ['generic', 'tapo'],
      `  broken: { address: 5 }\n  other: { password: "\${UNSET}" }\n`,
    );
    const { stdout } = await nvr(['discover', addressOf('generic'), addressOf('hikvision'), '-c', file, '--json']);
    // Signed in to with what the configuration says; nobody else's sign-in is tried on the other.
    expect(JSON.parse(stdout)).toMatchObject([
      { authenticated: true, known: { names: ['generic'], movedFrom: null } },
      { authenticated: false, known: null },
    ]);
    // A password that is not to be had here leaves the one that was given.
    const unset = await config('unset', []);
    await writeFile(
      unset,
      `cameras: { generic: { address: '${addressOf('generic')}', username: x, password: "\${UNSET}" } }\n`,
    );
    const given = await nvr(['discover', addressOf('generic'), '-c', unset, '--json', ...signIn()]);
    expect(JSON.parse(given.stdout)).toMatchObject([{ authenticated: true, known: { names: ['generic'] } }]);
  });
});

describe('nvr-uplink camera set', () => {
  it('says what would change, changes it, and proves that it did', async () => {
    const file = await config('set', ['generic']);
    const camera = cameraOf('generic');
    const args = [
      'camera',
      'set',
      'generic',
      'fps=10',
      'sub.bitrate=96kbit',
      'hostname=gate',
      'ntp=10.1.2.3',
      '-c',
      file,
    ];
    const before = structuredClone({ ...camera.settings });
    const dry = await nvr([...args, '-n']);
    expect([dry.code, dry.stdout]).toEqual([3, expect.stringContaining('4 would change; nothing was written')]);
    expect({ ...camera.settings }).toEqual(before);
    const { code, stdout } = await nvr(args);
    expect([code, stdout]).toEqual([0, expect.stringContaining('4 changed and verified')]);
    expect(camera.settings).toMatchObject({ hostname: { name: 'gate' }, encoders: { main: { fps: 10 } } });
    const again = await nvr([...args, '--json']);
    expect(again.code).toBe(0);
    const { changes } = JSON.parse(again.stdout) as { changes: { setting: string; state: string }[] };
    expect(changes.map(({ setting, state }) => `${setting} ${state}`)).toEqual([
      'ntp same',
      'clock same',
      'hostname same',
      'main.fps same',
      'sub.bitrate same',
    ]);
  });

  it('exits 1 where the camera says yes and does nothing, and says what it takes', async () => {
    const file = await config('ignored', ['tapo']);
    const { code, stdout } = await nvr(['camera', 'set', 'tapo', 'fps=12', '-c', file]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/main\.fps .*FAILED\n.*accepted 12, and left it at 15\n.*→ The camera says it takes 15\./);
  });

  it('changes a password, proven by signing in, and names no secret', async () => {
    const [file, fresh] = [await config('password', ['hikvision']), join(dir, 'fresh')];
    await writeFile(fresh, 'Qu1te-new\n', { mode: 0o600 });
    const args = [
      'camera',
      'set',
      'hikvision',
      '--user',
      'viewer',
      '--level',
      'User',
      '--new-password-file',
      fresh,
      '-c',
      file,
    ];
    const { code, stdout, stderr } = await nvr(args);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/password of viewer .*verified/)]);
    expect(stdout + stderr).not.toContain('Qu1te-new');
    expect(cameraOf('hikvision').settings.find('viewer')).toMatchObject({ password: 'Qu1te-new', level: 'User' });
    await writeFile(fresh, 'admin123\n');
    expect((await nvr(args)).stderr).toContain('everybody tries first');
    expect((await nvr(['camera', 'set', 'hikvision', '--user', 'viewer', '-c', file])).code).toBe(2);
  });

  it('moves a camera to a static address, and the configuration with it', async () => {
    const file = await config('move', ['hikvision'], '# end\n');
    const { code, stdout } = await nvr(['camera', 'set', 'hikvision', 'ip=127.0.0.142/8', '-c', file]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ip .*127\.0\.0\.142\/8 .*verified/)]);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('address: http://127.0.0.142:');
    expect(text).toMatch(/^# mine\n[\s\S]*\n# end\n$/);
    await nvr(['camera', 'set', 'hikvision', 'ip=127.0.0.42/8', '-c', file]);
    expect(cameraOf('hikvision').settings.network.address).toBe('127.0.0.42');
  });

  it('names every fault of a command line, and what there is', async () => {
    const file = await config('usage', ['generic']);
    const { code, stderr } = await nvr([
      'camera',
      'set',
      'generic',
      'fps=ten',
      'colour=red',
      'gop',
      'bitrate=4',
      'ip=1.2.3.4',
      'dns=x',
      '-c',
      file,
    ]);
    expect(code).toBe(2);
    for (const part of [
      'fps: ',
      'colour: there is no such setting',
      'gop: write it as',
      'e.g. 4Mbit',
      'ADDRESS/PREFIX',
      'dns: ',
      'timezone, ntp',
    ]) {
      expect(stderr).toContain(part);
    }
    expect((await nvr(['camera', 'set', 'generic', '-c', file])).stderr).toContain('nothing to set');
    expect((await nvr(['camera', 'set', 'nobody', 'fps=5', '-c', file])).stderr).toContain('Configured are: generic');
  });
});

describe('nvr-uplink camera apply', () => {
  it('gives every camera what the configuration wishes, and none fails for another', async () => {
    const wishes = `  gone: { address: 127.0.0.99 }
  plain: { streams: { main: rtsp://127.0.0.1:9/x } }
camera_settings: { sub: { fps: 10 }, timezone: Europe/Copenhagen }
`;
    const file = await config('apply', ['generic', 'hikvision'], wishes);
    const dry = await nvr(['camera', 'apply', '-n', '--json', 'generic', '-c', file]);
    expect(dry.code).toBe(3);
    const { code, stdout } = await nvr(['camera', 'apply', '--json', '-c', file]);
    expect(code).toBe(1);
    const cameras = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { camera: string; changes: { state: string }[] });
    const states = Object.fromEntries(
      cameras.map(({ camera, changes }) => [camera, [...new Set(changes.map(({ state }) => state))]]),
    );
    expect(states).toMatchObject({
      gone: ['failed'],
      generic: expect.not.arrayContaining(['failed']),
      hikvision: expect.not.arrayContaining(['failed']),
    });
    expect(Object.keys(states)).toHaveLength(3);
    for (const persona of ['generic', 'hikvision'] as const) {
      expect(cameraOf(persona).settings.time.zone).toBe('CET-1CEST,M3.5.0,M10.5.0/3');
    }
    expect((await nvr(['camera', 'apply', 'generic', 'hikvision', '-c', file])).code).toBe(0);
    expect((await nvr(['camera', 'apply', '-c', await config('none', ['generic'])])).stderr).toContain(
      'camera_settings',
    );
  });
});

describe('nvr-uplink camera check', () => {
  const verdictsOf = (stdout: string) =>
    Object.fromEntries(
      (JSON.parse(stdout).checks as { id: string; verdict: string }[]).map(({ id, verdict }) => [id, verdict]),
    );

  it('exits 0 where nothing must be repaired, 3 where something must, 1 where nobody answers', async () => {
    const file = await config('check', ['generic']);
    const camera = cameraOf('generic');
    const args = ['camera', 'check', 'generic', '--seconds', '3', '--json', '-c', file];
    const fine = await nvr(args);
    expect(verdictsOf(fine.stdout)).toMatchObject({
      main: 'ok',
      sub: 'ok',
      snapshot: 'ok',
      clock: 'ok',
      https: 'warn',
    });
    expect(fine.code).toBe(0);
    camera.faults.set('clock-skew', 3_600_000);
    camera.faults.set('no-subscription', true);
    camera.faults.set('empty-snapshot', true);
    const bad = await nvr(args);
    expect(verdictsOf(bad.stdout)).toMatchObject({ main: 'ok', clock: 'fail', motion: 'fail', snapshot: 'warn' });
    expect(bad.code).toBe(3);
    const gone = await nvr(['camera', 'check', '127.0.0.99', '--seconds', '2', '--json', ...signIn()]);
    expect([gone.code, verdictsOf(gone.stdout).onvif]).toEqual([1, 'fail']);
    // All that was subscribed was given back.
    expect([camera.subscriptions.created > 0, camera.subscriptions.taken]).toEqual([true, 0]);
    const wide = await nvr(args.filter((arg) => arg !== '--json'));
    for (const line of wide.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('takes an address with a sign-in, whatever the configuration is worth', async () => {
    await writeFile(join(dir, 'faulty.yaml'), 'cameras: 5\n');
    const args = ['camera', 'check', addressOf('tapo'), '--seconds', '2', '-c', join(dir, 'faulty.yaml')];
    const { code, stdout } = await nvr([...args, ...signIn()]);
    expect(code).toBe(0);
    expect(stdout).toContain('Tapo C310');
    expect(stdout).not.toContain('camera set');
    expect((await nvr(args)).code).toBe(2);
  });

  it('calls a password well known without trying any', async () => {
    const file = join(dir, 'known.yaml');
    await writeFile(
      file,
      'cameras: { gate: { streams: { main: rtsp://127.0.0.1:9/x }, username: admin, password: admin123 } }\n',
    );
    const { code, stdout } = await nvr(['camera', 'check', 'gate', '--seconds', '2', '--json', '-c', file]);
    expect([code, verdictsOf(stdout).password]).toEqual([1, 'fail']);
    expect(stdout).not.toContain('admin123');
  });
});

describe('nvr-uplink camera snapshot', () => {
  it('writes a picture, whole or not at all, and says why not in the better way', async () => {
    const file = await config('snapshot', ['generic', 'tapo']);
    const picture = join(dir, 'picture.jpg');
    cameraOf('generic').faults.set('cut-snapshot', true);
    const { code, stdout, stderr } = await nvr(['camera', 'snapshot', 'generic', '-o', picture, '-c', file]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('320x180')]);
    expect(stdout).toContain('taken by playing its stream');
    expect(stderr).toContain('not by the camera');
    expect((await stat(picture)).size).toBeGreaterThan(1_000);
    const nowhere = await nvr(['camera', 'snapshot', '127.0.0.99', '-o', join(dir, 'none.jpg'), ...signIn()]);
    expect(nowhere.code).toBe(1);
    await expect(stat(join(dir, 'none.jpg'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a camera of which only a stream is known', () => {
  const url = () => cameraOf('generic').mainUrl;
  const asked = (...more: string[]) => ['discover', url(), '--username', 'admin', ...more];
  const withPassword = () => ['--password-file', join(dir, 'password')];

  it('is found by its URL, by what it sends, and written into the configuration', async () => {
    const file = join(dir, 'streams.yaml');
    await writeFile(file, '# mine\nsite: shop\n');
    const found = await nvr([...asked(...withPassword()), '-c', file, '--json']);
    expect(found.code).toBe(0);
    expect(JSON.parse(found.stdout)).toEqual([
      expect.objectContaining({
        ...{ address: url(), authenticated: true, manufacturer: null, known: null },
        streams: [expect.objectContaining({ stream: 'main', codec: 'H264', width: 320, height: 180, url: url() })],
      }),
    ]);
    const added = await nvr([...asked(...withPassword()), '-c', file, '--add']);
    expect(added.code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain(`main: ${url()}`);
    expect(text).toMatch(/password: \$\{\w+_PASSWORD\}/);
    expect(text).not.toContain(PASSWORD);
    const [, variable] = /\$\{(\w+)\}/.exec(text)!;
    const env = { [variable!]: PASSWORD };
    expect((await nvr(['config', 'validate', '-c', file], { env })).code).toBe(0);
    const again = await nvr([...asked(...withPassword()), '-c', file, '--add'], { env });
    expect(again.stdout).toContain('There is nothing to add');
  });

  it('is not added when it refuses the sign-in, and its URL holds no password', async () => {
    const file = join(dir, 'refused.yaml');
    await writeFile(join(dir, 'wrong'), 'not this one\n', { mode: 0o600 });
    const refused = await nvr([...asked('--password-file', join(dir, 'wrong')), '-c', file, '--add', '--json']);
    expect(JSON.parse(refused.stdout)[0]).toMatchObject({ authenticated: false, problem: { code: 'sign-in-refused' } });
    expect(refused.stderr).toContain('nothing to add');
    const secret = await nvr(['discover', url().replace('://', '://admin:CANARY@'), '-c', file]);
    expect(secret).toMatchObject({ code: 2, stderr: expect.stringContaining('do not belong in the URL') });
    expect(secret.stderr).not.toContain('CANARY');
  });
});
