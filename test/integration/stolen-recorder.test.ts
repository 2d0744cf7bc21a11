import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { findFfmpeg } from '../../lib/ffmpeg/find.js';
import { createLog } from '../../lib/log.js';
import { startSimulator } from '../../lib/simulator/simulator.js';
import { App } from '../../src/app.js';
import { identityFingerprint, loadIdentity } from '../../src/archive/signature.js';
import { configSchema } from '../../src/config/schema.js';
import { dayOf } from '../../src/segment.js';
import { example, synthesize } from '../cdk/synthesized.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { until } from '../peers/until.js';
import { command } from '../simulators/command.js';

const run = promisify(execFile);
const DAY_MS = 86_400_000;
/** The recorder's clock stands shortly before a midnight that is over for everybody else: a day ends, and is signed. */
const MIDNIGHT = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
const DAY = dayOf(MIDNIGHT - 1);

describe('after the recorder was stolen', () => {
  let server: Radosgw;
  let bucket: string;
  let owner: S3Client;
  let home: string;
  let fingerprint: string;
  let env: Record<string, string>;
  let place: string[];

  beforeAll(async () => {
    server = await sharedRadosgw();
    bucket = await server.createBucket();
    owner = new S3Client({ ...server.access, forcePathStyle: true });
    fingerprint = await record();
    home = await mkdtemp(join(tmpdir(), 'laptop-'));
    const viewer = await server.assumeRole(viewerPolicy(bucket));
    env = {
      ...{ PATH: process.env.PATH!, HOME: home, AWS_ACCESS_KEY_ID: viewer.accessKeyId },
      ...{ AWS_SECRET_ACCESS_KEY: viewer.secretAccessKey, AWS_SESSION_TOKEN: viewer.sessionToken },
    };
    const { endpoint, region } = server.access;
    place = ['--bucket', bucket, '--endpoint', endpoint, '--region', region, '--timezone', 'UTC'];
  }, 240_000);
  afterAll(async () => {
    owner.destroy();
    await rm(home, { recursive: true, force: true });
  });

  /** The real pipeline, from camera to bucket, over a midnight; then every trace of it is deleted. */
  async function record(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'stolen-'));
    const ending = new AbortController();
    const small = { width: 320, height: 180, rateBps: 300_000 };
    const simulator = await startSimulator(
      {
        ...{ cameras: [{ name: 'gate', variant: 0, title: 'site' }], cacheDir: join(dir, 'clips'), onvif: false },
        ...{ main: small, sub: small },
      },
      ending.signal,
    );
    const { accessKeyId, secretAccessKey } = server.access.credentials;
    const remote = {
      ...{ type: 's3', bucket, endpoint: server.access.endpoint, region: server.access.region },
      ...{ access_key_id: accessKeyId, secret_access_key: secretAccessKey, allow_cleartext: true },
    };
    const { username, password } = simulator.account;
    const config = configSchema.parse({
      ...{ site: 'home', storage: { dir: join(dir, 'recorder'), min_free: '1MB' } },
      ...{ record: { segment: '2s' }, index: { every: '1s' }, snapshot: { every: '3s' }, remotes: { bucket: remote } },
      cameras: { gate: { streams: { main: simulator.cameras[0]!.mainUrl }, username, password } },
    });
    let offset = MIDNIGHT - 7_000 - Date.now();
    const clock = { ...systemClock, now: () => Date.now() + offset };
    const app = await App.open({
      config,
      ffmpeg: await findFfmpeg(),
      clock,
      log: createLog({ write: () => undefined }),
    });
    const stopping = new AbortController();
    const running = app.run(stopping.signal);
    await until('the day to be over', () => clock.now() > MIDNIGHT + 5_000);
    // Days are signed an hour after they ended.
    offset += 3_700_000;
    const signed = `home/index/gate/${DAY.replaceAll('-', '/')}/signature-`;
    await until('the day to be signed', async () => (await keys()).some((key) => key.startsWith(signed)), 90_000);
    const identity = await loadIdentity(join(dir, 'recorder', 'identity.pem'));
    stopping.abort();
    await running;
    ending.abort();
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
    return identityFingerprint(identity.publicKey);
  }

  async function keys(): Promise<string[]> {
    const { Contents = [] } = await owner.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key }) => Key!);
  }
  const mediaOfDay = async () =>
    (await keys())
      .filter((key) => key.startsWith(`home/gate/${DAY.replaceAll('-', '/')}/`) && key.endsWith('.mp4'))
      .sort();
  const bytesOf = async (Key: string) => {
    const { Body } = await owner.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return Buffer.from(await Body!.transformToByteArray());
  };
  const put = (Key: string, Body: Buffer) => owner.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

  /** The program as somebody's laptop runs it: nothing but Node, the bucket's name and the viewer's keys. */
  async function nvr(...args: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
    try {
      const bin = join(process.cwd(), 'dist/bin/nvr-uplink.js');
      return { exit: 0, ...(await run(process.execPath, [bin, ...args], { env, cwd: home })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exit: code, stdout, stderr };
    }
  }
  /** The same in this process, with the viewer's keys: quicker where it is asked many times. */
  const here = async (...args: string[]) => {
    for (const [name, value] of Object.entries(env)) if (name.startsWith('AWS_')) vi.stubEnv(name, value);
    try {
      return await command(args, env);
    } finally {
      vi.unstubAllEnvs();
    }
  };
  const verify = async () => {
    const { stdout, exit } = await here('verify', ...place, '--day', DAY, '--key', fingerprint, '--checksum', '--json');
    const { missing, truncated, altered, unindexed, checked, signers } = JSON.parse(stdout);
    return { exit, checked, signers, missing, truncated, altered, unindexed };
  };
  const named = (found: { key?: string; message: string }[]) => found.map(({ key, message }) => key ?? message);

  it('the archive is verified whole by the key that was noted, and by no other', async () => {
    const result = await verify();
    expect(result).toMatchObject({ exit: 0, missing: [], truncated: [], altered: [], unindexed: [] });
    expect(result.checked).toBeGreaterThanOrEqual((await mediaOfDay()).length);
    expect(result.signers).toEqual([fingerprint]);
    const other = `SHA256:${'A'.repeat(43)}`;
    // As a laptop runs it that has never seen the recorder.
    expect((await nvr('verify', ...place, '--day', DAY, '--key', fingerprint, '--checksum')).exit).toBe(0);
    const { exit, stdout } = await here('verify', ...place, '--day', DAY, '--key', other);
    expect([exit, stdout]).toEqual([3, expect.stringContaining('signed with another key')]);
  });

  it('a flipped byte of any object, an entry or an object that is gone, are named', async () => {
    const shard = (await keys()).find(
      (key) => key.includes('/index/') && key.includes(DAY.replaceAll('-', '/')) && key.endsWith('.ndjson'),
    )!;
    const signature = (await keys()).find((key) => key.includes('/signature-'))!;
    const [film] = await mediaOfDay();
    for (const key of [film!, shard, signature]) {
      const bytes = await bytesOf(key);
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(bytes.length / 2)]! ^= 1;
      await put(key, flipped);
      const found = await verify();
      expect(found.exit, key).toBe(3);
      expect(
        named(found.altered).some((one) => one.startsWith(key)),
        key,
      ).toBe(true);
      await owner.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      const gone = await verify();
      expect(gone.exit, key).toBe(3);
      expect(gone.missing.length, key).toBeGreaterThan(0);
      await put(key, bytes);
    }
    const lines = (await bytesOf(shard)).toString().split('\n');
    await put(shard, Buffer.from(lines.slice(1).join('\n')));
    const found = await verify();
    expect([found.exit, found.missing.length > 0]).toEqual([3, true]);
    await put(shard, Buffer.from(lines.join('\n')));
    expect((await verify()).exit).toBe(0);
  });

  it('what there is can be listed and fetched, each file held against its hash', async () => {
    const cameras = await here('ls', ...place, '--json');
    expect(JSON.parse(cameras.stdout.split('\n')[0]!)).toMatchObject({ site: 'home', camera: 'gate', first: DAY });
    const span = ['--camera', 'gate', '--from', DAY, '--to', new Date(MIDNIGHT).toISOString()];
    const listed = (await here('ls', ...place, ...span, '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const films = listed.filter(({ type }) => type === 'segment').map(({ key }) => key);
    expect(films).toEqual(await mediaOfDay());
    expect((await here('ls', ...place, ...span)).stdout).toContain(films[0]);
    const got = await nvr('get', ...place, ...span, '-o', 'got', '-q');
    expect([got.exit, got.stdout]).toEqual([0, expect.stringContaining('held against its hash')]);
    for (const key of films) {
      expect(await readFile(join(home, 'got', key.split('/').at(-1)))).toEqual(await bytesOf(key));
    }
    // A part of an earlier attempt is gone on from, unless it is of something else.
    const name = films[0].split('/').at(-1);
    const whole = await bytesOf(films[0]);
    await rm(join(home, 'got', name));
    await writeFile(join(home, 'got', `${name}.part`), whole.subarray(0, 1_000));
    expect((await here('get', ...place, films[0], '-o', join(home, 'got'))).exit).toBe(0);
    expect(await readFile(join(home, 'got', name))).toEqual(whole);
    await rm(join(home, 'got', name));
    await writeFile(join(home, 'got', `${name}.part`), Buffer.alloc(1_000, 7));
    const wrong = await here('get', ...place, films[0], '-o', join(home, 'got'), '--json');
    expect([wrong.exit, JSON.parse(wrong.stdout).code]).toEqual([1, 'hash-mismatch']);
    expect(await readdir(join(home, 'got'))).not.toContain(name);
  });

  it('an export holds the film and what proves it, and any change to it is named', async () => {
    const [first, second] = await mediaOfDay();
    const from = /T(\d\d)(\d\d)(\d\d)Z/.exec(first!)!.slice(1).join(':');
    const span = ['--camera', 'gate', '--from', `${DAY}T${from}Z`, '--to', new Date(MIDNIGHT + 500).toISOString()];
    const made = await nvr('export', ...place, ...span, '--originals', '-o', 'export', '--json');
    expect(made.stderr).toBe('');
    const manifest = JSON.parse(made.stdout);
    expect(manifest.clips).toHaveLength(1);
    expect(manifest.clips[0].parts.map(({ key }: { key: string }) => key).slice(0, 2)).toEqual([first, second]);
    // Pictures are those of the files it was cut from.
    const frames = async (file: string) => {
      const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framemd5', '-'], {
        maxBuffer: 2 ** 26,
      });
      return stdout.split('\n').flatMap((line) => (line.startsWith('#') ? [] : (line.split(',')[5]?.trim() ?? [])));
    };
    const film = await frames(join(home, 'export', 'clip.mp4'));
    expect(film).toHaveLength(manifest.clips[0].frames);
    const originals = [];
    for (const { file } of manifest.sources) originals.push(...(await frames(join(home, 'export', file))));
    expect(film).toEqual(originals.slice(0, film.length));

    const check = async () => {
      const { exit, stdout } = await here('verify', join(home, 'export'), '--key', fingerprint, '--json');
      const { results } = JSON.parse(stdout) as { results: { state: string; what: string }[] };
      return { exit, wrong: results.filter(({ state }) => state === 'wrong').map(({ what }) => what), results };
    };
    const whole = await check();
    expect(whole).toMatchObject({ exit: 0, wrong: [] });
    expect(
      whole.results
        .filter(({ what }) => /copied from the originals|as signed|as expected/.test(what))
        .every(({ state }) => state === 'proved'),
    ).toBe(true);
    for (const name of ['clip.mp4', manifest.sources[0].file, manifest.index[0].file]) {
      const path = join(home, 'export', name);
      const bytes = await readFile(path);
      const flipped = Buffer.from(bytes);
      flipped[bytes.length - 20]! ^= 1;
      await writeFile(path, flipped);
      expect((await check()).wrong.join('\n'), name).toContain(name);
      // Somebody may change the manifest as well: then the originals, and the signed index, contradict it.
      const sha256 = (await run('sha256sum', [path])).stdout.slice(0, 64);
      const text = await readFile(join(home, 'export', 'manifest.json'), 'utf8');
      const old = [...manifest.clips, ...manifest.sources, ...manifest.index].find(({ file }) => file === name)!.sha256;
      await writeFile(join(home, 'export', 'manifest.json'), text.replaceAll(old, sha256));
      expect((await check()).exit, `${name} and the manifest`).toBe(3);
      await writeFile(join(home, 'export', 'manifest.json'), text);
      await writeFile(path, bytes);
    }
    expect((await check()).exit).toBe(0);
  });

  it('browse shows it, signed in by its link, and films come by range, through its own process', async () => {
    const bin = join(process.cwd(), 'dist/bin/nvr-uplink.js');
    const child = spawn(process.execPath, [bin, 'browse', ...place, '--json', '--port', '0'], { env, cwd: home });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const { url } = JSON.parse(line) as { url: string };
      const opened = await fetch(url, { redirect: 'manual' });
      const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
      const ask = (path: string, more: RequestInit = {}) =>
        fetch(new URL(path, url), { ...more, headers: { ...more.headers, cookie } });
      expect(await (await ask('/api/v1/session')).json()).toMatchObject({
        source: 'archive',
        capabilities: { storage: true },
      });
      const { entries } = (await (await ask(`/api/v1/entries?camera=gate&day=${DAY}`)).json()) as {
        entries: { key: string; type: string }[];
      };
      const film = entries.find(({ type }) => type === 'segment')!;
      const whole = await bytesOf(film.key);
      const part = await ask(`/api/v1/media/${film.key}`, { headers: { range: 'bytes=10-19' }, redirect: 'manual' });
      expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, whole.subarray(10, 20)]);
      const all = await ask(`/api/v1/media/${film.key}`, { redirect: 'manual' });
      expect([all.status, Buffer.from(await all.arrayBuffer())]).toEqual([200, whole]);
      expect((await fetch(new URL(`/api/v1/media/${film.key}`, url))).status).toBe(401);
      expect((await ask(`/api/v1/sprites/${film.key}`)).headers.get('content-type')).toBe('image/jpeg');
      expect((await fetch(new URL('/api/v1/cameras', url))).status).toBe(401);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  it('the viewer may change nothing', async () => {
    const credentials = {
      ...{ accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! },
      sessionToken: env.AWS_SESSION_TOKEN!,
    };
    const client = new S3Client({ ...server.access, credentials, forcePathStyle: true });
    const Key = (await mediaOfDay())[0]!;
    for (const command of [
      new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }),
      new DeleteObjectCommand({ Bucket: bucket, Key }),
    ]) {
      await expect(client.send(command as PutObjectCommand)).rejects.toMatchObject({
        $metadata: { httpStatusCode: 403 },
      });
    }
    client.destroy();
  });
});

/** What the role of the viewer stack may do, word for word, of this bucket. */
function viewerPolicy(bucket: string): object {
  const { Resources } = synthesize(example('two-cameras')).template('Viewer').toJSON();
  const roles = Object.values(
    Resources as Record<string, { Type: string; Properties: { Policies?: { PolicyDocument: object }[] } }>,
  );
  const [{ PolicyDocument }] = roles.find(({ Type }) => Type === 'AWS::IAM::Role')!.Properties.Policies! as [
    { PolicyDocument: { Statement: { Action: unknown; Sid: string }[] } },
  ];
  const Statement = PolicyDocument.Statement.filter(({ Sid }) => Sid !== 'UseKey').map(({ Action, Sid }) => ({
    ...{ Effect: 'Allow', Action },
    Resource: `arn:aws:s3:::${bucket}${Sid === 'Read' ? '/*' : ''}`,
  }));
  return { Version: '2012-10-17', Statement };
}
