import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SftpRemote } from '../../lib/remote/sftp.js';
import { S3Store } from '../../lib/transfer-endpoint/s3-store.js';
import { sharedRadosgw } from '../peers/shared.js';
import { EndpointUnderTest } from '../simulators/endpoint-under-test.js';
import { RawSftp } from '../simulators/raw-sftp.js';

/** The whole road as on AWS: SFTP client, Transfer, bucket. */
describe('the endpoint over S3', () => {
  let store: S3Store;
  let under: EndpointUnderTest;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'over-s3-'));
    const radosgw = await sharedRadosgw();
    store = new S3Store({ ...radosgw.access, bucket: await radosgw.createBucket() });
    under = await EndpointUnderTest.start({ wrap: () => store });
  });
  afterAll(async () => {
    await under?.remove();
    await store?.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('takes from OpenSSH and gives back', async () => {
    const content = randomBytes(20_000_003);
    await writeFile(join(dir, 'clip.mp4'), content);
    const put = await under.openssh('site', `put ${dir}/clip.mp4 gate/clip.mp4`);
    expect(put).toMatchObject({ code: 0, stderr: '' });
    expect(await store.head('site-a/gate/clip.mp4')).toMatchObject({ bytes: content.length });
    const get = await under.openssh('site', 'ls -l gate', `get gate/clip.mp4 ${dir}/back.mp4`);
    expect(get).toMatchObject({ code: 0, stderr: '' });
    expect((await readFile(join(dir, 'back.mp4'))).equals(content)).toBe(true);
  });

  it('takes from our own uploader, which does nothing that Transfer refuses', async () => {
    const before = under.violations.length;
    await writeFile(join(dir, 'clip.mp4'), randomBytes(9_000_001));
    for (const username of ['site', 'drop']) {
      const { host, port } = under.endpoint.address;
      const hostKeys = [under.endpoint.fingerprint];
      const remote = new SftpRemote({ host, port, username, privateKey: under.privateKey, hostKeys });
      const receipt = await remote.put('gate/2026/ours.mp4', join(dir, 'clip.mp4'), new AbortController().signal);
      expect(receipt).toMatchObject({ bytes: 9_000_001, provenBy: username === 'site' ? 'stat' : 'list' });
      await remote.close();
    }
    expect(await store.head('site-b/cameras/gate/2026/ours.mp4')).toMatchObject({ bytes: 9_000_001 });
    expect(under.violations.slice(before)).toEqual([]);
  });

  it('publishes a truncated object when the session dies', async () => {
    const client = await under.connect('site');
    const sftp = await RawSftp.on(client);
    const handle = await sftp.open('cut.mp4');
    const chunk = Buffer.alloc(31_952, 1);
    const writes = Array.from({ length: 400 }, (_, index) => sftp.write(handle, index * chunk.length, chunk));
    await Promise.all(writes);
    client.destroy();
    const event = await under.event('partial-upload');
    expect(event).toMatchObject({ key: 'site-a/cut.mp4', bytes: 400 * 31_952 });
    expect(await store.head('site-a/cut.mp4')).toMatchObject({ bytes: 400 * 31_952 });
  });
});
