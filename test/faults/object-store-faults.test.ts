import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import { FolderStore } from '../../lib/transfer-endpoint/folder-store.js';
import { S3Store } from '../../lib/transfer-endpoint/s3-store.js';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'store-faults-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** Writes half an object over a whole one, says so, and waits to be killed. */
const WRITER = `
import { FolderStore } from ${JSON.stringify(new URL('../../lib/transfer-endpoint/folder-store.ts', import.meta.url).href)};
const store = await FolderStore.open(process.argv[2]);
const whole = await store.begin('gate/clip.mp4');
await whole.write(Buffer.from('whole'));
await whole.commit();
const half = await store.begin('gate/clip.mp4');
await half.write(Buffer.alloc(1_000_000));
process.stdout.write('half way');
setInterval(() => undefined, 1_000);
`;

describe('a folder store', () => {
  it('shows no half object after a crash, and clears it away at the next start', async () => {
    const root = join(dir, 'store');
    const args = ['--import', 'tsx', '--input-type=module', '--eval', WRITER, 'writer', root];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await readdir(join(root, '.incoming'))).toHaveLength(1);
    const store = await FolderStore.open(root);
    expect(await readdir(join(root, '.incoming'))).toEqual([]);
    expect(await readFile(join(root, 'gate/clip.mp4'), 'utf8')).toBe('whole');
    expect(await store.head('gate/clip.mp4')).toMatchObject({ bytes: 5 });
  });

  it.runIf(process.getuid?.() === 0)('says when no space is left, keeps the key as it was, and recovers', async () => {
    const root = join(dir, 'small');
    await mkdir(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root]);
    try {
      const store = await FolderStore.open(root);
      const writer = await store.begin('clip.mp4');
      await writer.write(Buffer.alloc(900_000));
      await expect(writer.write(Buffer.alloc(900_000))).rejects.toMatchObject({ code: 'no-space', kind: 'transient' });
      await expect(writer.commit()).rejects.toMatchObject({ code: 'no-space' });
      await writer.discard();
      expect(await store.head('clip.mp4')).toBeUndefined();
      const next = await store.begin('clip.mp4');
      await next.write(Buffer.alloc(900_000));
      await next.commit();
      expect(await store.head('clip.mp4')).toMatchObject({ bytes: 900_000 });
    } finally {
      // Lazily: where the test fails, a writer may still hold its file open.
      execFileSync('umount', ['--lazy', root]);
    }
  });

  it('refuses an object where a folder is, and below an object', async () => {
    const store = await FolderStore.open(join(dir, 'store'));
    const put = async (key: string) => (await store.begin(key)).commit();
    await put('a/b');
    await expect(put('a')).rejects.toMatchObject({ code: 'store-failed' });
    await expect(put('a/b/c')).rejects.toMatchObject({ code: 'store-failed' });
    expect(await store.head('a/b')).toBeDefined();
    expect(await readdir(join(dir, 'store/.incoming'))).toEqual([]);
  });
});

describe('an S3 store', () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

  it('takes no more than a few parts while the server takes none', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = new S3Store({ bucket: 'b', region: 'r', endpoint: `http://127.0.0.1:${port}`, credentials });
    const writer = await store.begin('clip.mp4');
    const chunk = Buffer.alloc(2 ** 20);
    let taken = 0;
    let full = false;
    while (!full && taken < 200) {
      const write = writer.write(chunk).then(() => taken++);
      // Rejected when the store is closed below.
      write.catch(() => undefined);
      full = await Promise.race([write.then(() => false), systemClock.sleep(1_000).then(() => true)]);
    }
    expect(taken).toBeGreaterThan(8);
    expect(taken).toBeLessThan(40);
    await store.close();
    server.close();
  });

  it('tells that it may not write', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const store = new S3Store({ bucket: 'b', region: 'r', endpoint: `http://127.0.0.1:${port}`, credentials });
    const writer = await store.begin('clip.mp4');
    await writer.write(Buffer.from('x'));
    await expect(writer.commit()).rejects.toMatchObject({ code: 'permission-denied', kind: 'permanent' });
    await expect(store.head('clip.mp4')).rejects.toMatchObject({ code: 'permission-denied' });
    await store.close();
    server.close();
  });
});
