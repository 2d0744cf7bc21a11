import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3Remote } from '../../lib/remote/s3.js';
import { until } from '../peers/until.js';
import { type Certificate, createAuthority, selfSigned } from '../simulators/certificates.js';
import { type S3Operation, type S3Script, ScriptedS3Server } from '../simulators/scripted-s3-server.js';

const never = () => new AbortController().signal;
const SMALL = 100_000;
/** Two parts. */
const LARGE = 10_000_000;

let local: string;
let server: ScriptedS3Server;
let remote: S3Remote;

beforeEach(async () => {
  local = await mkdtemp(join(tmpdir(), 's3-lies-'));
  for (const size of [SMALL, LARGE]) await writeFile(join(local, String(size)), randomBytes(size));
});
afterEach(async () => {
  await remote.close();
  await server.stop();
  await rm(local, { recursive: true, force: true });
});

async function scripted(script: S3Script): Promise<void> {
  server = await ScriptedS3Server.start(script);
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret-canary' };
  remote = new S3Remote({ bucket: 'b', region: 'eu-north-1', endpoint: server.endpoint, credentials, stallMs: 1_000 });
}

const put = (size: number) => remote.put('k', join(local, String(size)), never());
const says = (operation: S3Operation, ...answer: [number, string]): S3Script => ({
  answer: (asked) => (asked === operation ? answer : undefined),
});
const does = (operation: S3Operation, what: 'silence' | 'reset'): S3Script => ({
  answer: (asked) => (asked === operation ? what : undefined),
});

describe('an honest S3', () => {
  it.each([
    [SMALL, ['put']],
    [LARGE, ['create', 'part', 'part', 'complete']],
  ])('proves %i bytes by the checksum in its reply, and is asked for nothing else', async (size, operations) => {
    await scripted({});
    expect(await put(size)).toMatchObject({ bytes: size, proven: 'checksum', provenBy: 'reply' });
    expect(server.operations).toEqual(operations);
    expect(server.objects.get('k')!.data).toHaveLength(size);
  });

  it.each([SMALL, LARGE])('without checksums is asked for the size of %i bytes', async (size) => {
    await scripted({ checksums: 'none' });
    expect(await put(size)).toMatchObject({ proven: 'size', provenBy: 'stat' });
  });

  it('that lets nobody read is asked for a listing', async () => {
    await scripted({ checksums: 'none', answer: (asked) => (asked === 'head' ? [403, 'AccessDenied'] : undefined) });
    expect(await put(SMALL)).toMatchObject({ proven: 'size', provenBy: 'list' });
  });

  it.each([SMALL, LARGE])('that stored %i bytes and lost the reply keeps them, and they count', async (size) => {
    await scripted({});
    await put(size);
    expect(await put(size)).toMatchObject({ bytes: size, proven: 'checksum', provenBy: 'stat' });
  });

  it('outlives whoever hangs up in the middle of a body: what a put comes to is for the put to say', async () => {
    await scripted({});
    const { port, hostname } = new URL(server.endpoint);
    const socket = connect(Number(port), hostname);
    socket.write('PUT /b/k HTTP/1.1\r\nhost: b\r\ncontent-length: 100\r\n\r\nhalf');
    await until('the request', () => server.operations.length === 1);
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect(await put(SMALL)).toMatchObject({ proven: 'checksum' });
  });

  it('that knows no conditional writes gets plain ones from then on', async () => {
    await scripted(says('put', 501, 'NotImplemented'));
    await expect(put(SMALL)).rejects.toMatchObject({ kind: 'transient' });
    server.script = {};
    await put(SMALL);
    // It would be refused with a condition.
    await put(SMALL);
    expect(server.operations.slice(-2)).toEqual(['put', 'put']);
  });
});

describe('a lying or broken S3', () => {
  const lies: [string, S3Script, number, Record<string, unknown>][] = [
    ['keeps half and says so', { kept: (data) => data.subarray(1) }, SMALL, { code: 'checksum-mismatch' }],
    ['keeps half of many parts', { kept: (data) => data.subarray(1) }, LARGE, { code: 'checksum-mismatch' }],
    ['makes a checksum up', { checksums: 'wrong' }, SMALL, { code: 'checksum-mismatch' }],
    [
      'keeps half without checksums',
      { checksums: 'none', kept: (data) => data.subarray(1) },
      SMALL,
      { code: 'size-mismatch' },
    ],
    ['hides what it stored', { checksums: 'none', ...says('head', 404, 'NotFound') }, SMALL, { code: 'not-stored' }],
    ['is out of space', says('put', 507, 'QuotaExceeded'), SMALL, { kind: 'transient', code: 'remote-full' }],
    ['is out of space at the second part', says('part', 507, 'QuotaExceeded'), LARGE, { code: 'remote-full' }],
    ['fails to put the parts together', says('complete', 500, 'InternalError'), LARGE, { code: 'remote-failure' }],
    ['asks for patience', says('put', 503, 'SlowDown'), SMALL, { kind: 'transient', code: 'remote-busy' }],
    ['denies', says('put', 403, 'AccessDenied'), SMALL, { kind: 'permanent', code: 'permission-denied' }],
    ['refuses the key', says('put', 403, 'InvalidAccessKeyId'), SMALL, { kind: 'permanent', code: 'sign-in-refused' }],
    ['is in another region', says('put', 400, 'AuthorizationHeaderMalformed'), SMALL, { code: 'wrong-region' }],
    ['never answers', does('put', 'silence'), SMALL, { kind: 'transient', code: 'stalled' }],
    ['never answers a part', does('part', 'silence'), LARGE, { kind: 'transient', code: 'stalled' }],
    ['never puts the parts together', does('complete', 'silence'), LARGE, { kind: 'transient', code: 'stalled' }],
    ['resets at the put', does('put', 'reset'), SMALL, { kind: 'transient', code: 'connection-lost' }],
    ['resets at a part', does('part', 'reset'), LARGE, { kind: 'transient', code: 'connection-lost' }],
  ];

  it.each(lies)('that %s is never believed', async (_what, script, size, failure) => {
    await scripted(script);
    const outcome = await put(size).then(
      (receipt) => ({ receipt }),
      (error) => error,
    );
    expect(outcome).toMatchObject({ name: 'Failure', ...failure });
    expect(outcome.hint).toMatch(/^[A-Z].*[.?]$/);
    expect([outcome.message, outcome.hint, outcome.stack].join()).not.toContain('canary');
    server.script = {};
    server.objects.clear();
    expect(await put(size)).toMatchObject({ bytes: size, proven: 'checksum' });
  });

  it('that holds another object of the same key and size is not believed to hold ours', async () => {
    await scripted({});
    await writeFile(join(local, 'other'), randomBytes(SMALL));
    await remote.put('k', join(local, 'other'), never());
    await expect(put(SMALL)).rejects.toMatchObject({ kind: 'permanent', code: 'key-taken' });
  });
});

describe('S3 over HTTPS', () => {
  const authority = createAuthority();
  const open = async (identity: Certificate) => {
    server = await ScriptedS3Server.start({}, identity);
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret-canary' };
    const { endpoint } = server;
    remote = new S3Remote({ ...{ bucket: 'b', region: 'r', endpoint, credentials, ca: authority.ca, stallMs: 1_000 } });
  };

  it.each([SMALL, LARGE])('takes %i bytes from an authority that was named', async (size) => {
    await open(authority.issue('127.0.0.1'));
    expect(await put(size)).toMatchObject({ bytes: size, proven: 'checksum' });
  });

  it.each<[string, () => Certificate]>([
    ['has expired', () => authority.issue('127.0.0.1', { days: -1 })],
    ['was issued for another host', () => authority.issue('s3.example.com')],
    ['is signed by itself', () => selfSigned('127.0.0.1')],
  ])('is told nothing where its certificate %s', async (_what, identity) => {
    await open(identity());
    await expect(put(SMALL)).rejects.toMatchObject({ kind: 'permanent', code: 'certificate-refused' });
    expect(server.operations).toEqual([]);
  });
});
