import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { Throttle } from '../../lib/remote/throttle.js';
import { generateHostKey } from '../../lib/transfer-endpoint/host-key.js';
import { S3Store } from '../../lib/transfer-endpoint/s3-store.js';
import type { FileRow } from '../../src/ledger/files.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { Spool } from '../../src/spool/commit.js';
import { createSpool, spoolLayout } from '../../src/spool/layout.js';
import { Uploader } from '../../src/upload/uploader.js';
import type { Radosgw } from '../peers/radosgw.js';
import { sharedRadosgw } from '../peers/shared.js';
import { until } from '../peers/until.js';
import { command } from '../simulators/command.js';
import { standIn } from '../simulators/stand-in.js';

const NOON = Date.UTC(2026, 4, 3, 12);
const CONTENT = 'a film that was sent over SFTP';
const account = { username: 'home', password: 'correct horse' };

/** A recorder that may only put, over SFTP; and somebody who may read the bucket behind it, and nothing else. */
describe('verify through the viewer’s keys', () => {
  let server: Radosgw;
  let bucket: string;
  let dir: string;
  let config: string;
  let key: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'viewer-'));
    server = await sharedRadosgw();
    bucket = await server.createBucket();
    const store = new S3Store({ ...server.access, bucket });
    const endpoint = standIn({
      ...{ store, hostKey: generateHostKey().privateKey, clock: systemClock },
      users: [{ name: account.username, password: account.password, root: '', mode: 'dropbox' }],
    });
    await endpoint.listen();
    const stop = new AbortController();
    const serving = endpoint.run(stop.signal);
    const { host, port } = endpoint.address;
    key = await deliver(new SftpRemote({ host, port, ...account, hostKeys: [endpoint.fingerprint] }));
    stop.abort();
    await serving;
    await store.close();
    const sftp = { type: 'sftp', host, port, ...account, host_key: endpoint.fingerprint };
    config = join(dir, 'nvr-uplink.yaml');
    await writeFile(config, JSON.stringify(await settings(sftp)), { mode: 0o600 });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  async function deliver(remote: SftpRemote): Promise<string> {
    const layout = spoolLayout(join(dir, 'storage'));
    createSpool(layout);
    const ledger = new Ledger(layout.ledger);
    const spool = new Spool(layout, 'home', ledger, ['aws'], systemClock);
    await writeFile(join(layout.work, 'film'), CONTENT);
    const times = { start: NOON, end: NOON + 60_000, source: 'rtsp' as const };
    await spool.commitMedia(join(layout.work, 'film'), { camera: 'gate', kind: 'continuous', ...times });
    const uploader = new Uploader({
      ...{ remoteName: 'aws', remote, ledger, clock: systemClock, parallel: 2, deadlineMs: 60_000 },
      log: createLog({ write: () => undefined }),
      outbox: {
        folder: layout.ready,
        moveToSent: (name: string) => spool.moveToSent(name),
        rekey: (file: FileRow) => spool.rekey(file),
      },
      line: { closed: () => undefined },
      throttle: new Throttle(systemClock, () => Number.POSITIVE_INFINITY),
    });
    const stop = new AbortController();
    const running = uploader.run(stop.signal);
    await until('delivered', () => ledger.files.backlog('gate').files === 0);
    stop.abort();
    await running;
    const [file] = ledger.files.between('gate', 0, Number.MAX_SAFE_INTEGER);
    ledger.close();
    return file!.key;
  }

  async function settings(sftp: object): Promise<object> {
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const Statement = [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource }];
    const viewer = await server.assumeRole({ Version: '2012-10-17', Statement });
    const keys = {
      ...{ access_key_id: viewer.accessKeyId, secret_access_key: viewer.secretAccessKey },
      session_token: viewer.sessionToken,
    };
    const { endpoint, region } = server.access;
    return {
      ...{ site: 'home', storage: { dir: './storage' }, remotes: { aws: sftp } },
      cameras: { gate: { streams: { main: 'rtsp://127.0.0.1/a' } } },
      archive: { type: 's3', bucket, endpoint, region, ...keys, allow_cleartext: true },
    };
  }

  const verify = async (...more: string[]) => {
    const { exit, stdout, stderr } = await command(['verify', '-c', config, '--json', ...more]);
    const { checked, altered, truncated, missing } = JSON.parse(stdout || '{}');
    return { exit, stderr, checked, altered, truncated, missing };
  };

  it('names what the bucket holds in place of what was sent over SFTP', async () => {
    const fine = { exit: 0, checked: 2, altered: [], truncated: [], missing: [] };
    expect(await verify('--checksum')).toMatchObject(fine);
    const owner = new S3Client({ ...server.access, forcePathStyle: true });
    const replace = (Body: string) => owner.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
    await replace(CONTENT.replace('film', 'lie!'));
    expect(await verify()).toMatchObject(fine);
    expect(await verify('--checksum')).toMatchObject({ exit: 3, altered: [{ key }], truncated: [], missing: [] });
    await replace(CONTENT.slice(1));
    expect(await verify()).toMatchObject({ exit: 3, altered: [], truncated: [{ key }], missing: [] });
    owner.destroy();
  });
});
