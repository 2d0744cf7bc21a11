import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../lib/transfer-endpoint/object-store.js';
import { until } from '../peers/until.js';
import { EndpointUnderTest, type EndpointUnderTestOptions } from '../simulators/endpoint-under-test.js';
import { OPEN_MODE, RawSftp, STATUS_CODE } from '../simulators/raw-sftp.js';

const { PERMISSION_DENIED, OP_UNSUPPORTED, NO_SUCH_FILE } = STATUS_CODE;

let under: EndpointUnderTest;

afterEach(() => under.remove());

async function start(options?: EndpointUnderTestOptions): Promise<void> {
  under = await EndpointUnderTest.start(options);
}

describe('what Transfer over S3 cannot do', () => {
  const { READ, WRITE, CREAT, TRUNC, APPEND, EXCL } = OPEN_MODE;
  it.each([
    [READ | WRITE, 'READ, WRITE', 'read-write'],
    [READ | WRITE | CREAT | TRUNC, 'READ, WRITE, CREAT, TRUNC', 'read-write'],
    [READ | WRITE | CREAT | EXCL, 'READ, WRITE, CREAT, EXCL', 'read-write'],
    [WRITE | CREAT | APPEND, 'WRITE, APPEND, CREAT', 'append'],
    [APPEND, 'APPEND', 'append'],
    [WRITE | CREAT | EXCL, 'WRITE, CREAT, EXCL', undefined],
  ])('refuses to open with flags %i', async (flags, names, violation) => {
    await start();
    const sftp = await under.session();
    await expect(sftp.open('clip.mp4', flags)).rejects.toMatchObject({
      code: OP_UNSUPPORTED,
      message: `Cannot open file in mode: ${names}`,
    });
    expect(under.violations).toEqual(violation ? [violation] : []);
    expect(await under.stored('site-a/clip.mp4')).toBeUndefined();
  });

  it.each([
    ['denied', PERMISSION_DENIED],
    ['unsupported', OP_UNSUPPORTED],
  ] as const)('refuses attributes as %s', async (setStat, code) => {
    await start({ behaviour: { setStat } });
    const sftp = await under.session();
    const handle = await sftp.open('clip.mp4');
    await expect(sftp.setTimesOpen(handle)).rejects.toMatchObject({ code });
    await sftp.close(handle);
    await expect(sftp.setTimes('clip.mp4')).rejects.toMatchObject({ code });
    expect(under.violations).toEqual(['set-attributes', 'set-attributes']);
  });

  it('ignores attributes where it is told to', async () => {
    await start({ behaviour: { setStat: 'ignored' } });
    await writeFile(join(under.dir, 'clip.mp4'), 'x');
    expect(await under.openssh('site', `put -p ${under.dir}/clip.mp4`)).toMatchObject({ code: 0, stderr: '' });
    expect(under.violations).toContain('set-attributes');
  });

  it.each(['site', 'drop'])('lets %s neither rename nor remove', async (user) => {
    await start();
    const sftp = await under.session(user);
    await sftp.put('dir/clip.mp4', 'x');
    await expect(sftp.rename('dir/clip.mp4', 'b')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.unlink('dir/clip.mp4')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.rmdir('dir')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    expect(under.violations).toEqual(['rename', 'remove', 'remove']);
    expect(await sftp.list('dir')).toEqual(['clip.mp4']);
  });

  it.each([
    ['marked', ['made']],
    ['ignored', []],
    ['denied', []],
  ] as const)('answers mkdir as %s', async (mkdir, shown) => {
    await start({ behaviour: { mkdir } });
    const sftp = await under.session();
    const made = sftp.mkdir('made');
    if (mkdir === 'denied') await expect(made).rejects.toMatchObject({ code: PERMISSION_DENIED });
    else await made;
    expect(await sftp.list('/')).toEqual(shown);
    expect(under.violations).toEqual(['mkdir']);
    if (mkdir === 'marked') {
      expect((await sftp.stat('made')).isDirectory()).toBe(true);
      expect(await sftp.list('made')).toEqual([]);
    }
  });

  it('opens ten channels in a connection and no more, until one is closed', async () => {
    await start();
    const client = await under.connect('site');
    const sessions: RawSftp[] = [];
    for (let count = 0; count < 10; count++) sessions.push(await RawSftp.on(client));
    await expect(RawSftp.on(client)).rejects.toThrow();
    expect(under.violations).toEqual(['too-many-channels']);
    const closed = once(sessions[3]!.sftp, 'close');
    sessions[3]!.sftp.end();
    await closed;
    await (await RawSftp.on(client)).put('clip.mp4', 'x');
    expect(await under.stored('site-a/clip.mp4')).toEqual(Buffer.from('x'));
  });
});

describe('the view of a user', () => {
  it('shows a verifying user what is stored', async () => {
    await start();
    const sftp = await under.session();
    await sftp.put('gate/clip.mp4', 'moving pictures');
    expect(await sftp.stat('gate/clip.mp4')).toMatchObject({ size: 15 });
    expect((await sftp.stat('gate')).isDirectory()).toBe(true);
    const handle = await sftp.open('gate/clip.mp4', OPEN_MODE.READ);
    expect((await sftp.read(handle, 7, 100)).toString()).toBe('pictures');
    expect(await sftp.read(handle, 15, 100)).toHaveLength(0);
    await expect(sftp.stat('gate/other.mp4')).rejects.toMatchObject({ code: NO_SUCH_FILE });
    await expect(sftp.open('gate/other.mp4', OPEN_MODE.READ)).rejects.toMatchObject({ code: NO_SUCH_FILE });
    await expect(sftp.list('nowhere')).rejects.toMatchObject({ code: NO_SUCH_FILE });
  });

  it('shows a put-only user names and sizes, and no object', async () => {
    await start();
    const sftp = await under.session('drop');
    await sftp.put('gate/clip.mp4', 'moving pictures');
    expect(await sftp.list('/gate')).toEqual(['clip.mp4']);
    expect((await sftp.stat('gate')).isDirectory()).toBe(true);
    for (const path of ['gate/clip.mp4', 'gate/other.mp4']) {
      await expect(sftp.stat(path)).rejects.toMatchObject({ code: PERMISSION_DENIED });
      await expect(sftp.open(path, OPEN_MODE.READ)).rejects.toMatchObject({ code: PERMISSION_DENIED });
    }
  });

  // Asked of the store and not of the system: there the garbage collector closes folders too, with a warning, and sooner or later.
  it.each(['closes the folder', 'is gone'])(
    'lets go of a folder that was never read, once the client %s',
    async (how) => {
      let open = 0;
      await start({ wrap: (store) => withListing(store, (by) => (open += by)) });
      const sftp = await under.session();
      await sftp.put('clip.mp4', 'x');
      const handle = await sftp.openFolder('/');
      expect(open).toBe(1);
      if (how === 'is gone') sftp.sftp.end();
      else await sftp.close(handle);
      await until('the folder to be let go', () => open === 0, 10_000);
    },
  );

  it('shows a put-only user nothing where listing is off', async () => {
    await start({ behaviour: { dropboxListing: false } });
    const sftp = await under.session('drop');
    await sftp.put('gate/clip.mp4', 'moving pictures');
    await expect(sftp.list('/gate')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    await expect(sftp.stat('/gate')).rejects.toMatchObject({ code: PERMISSION_DENIED });
    expect((await sftp.stat('/')).isDirectory()).toBe(true);
    await expect((await under.session('site')).list('/')).resolves.toEqual([]);
  });

  it('ends at its root', async () => {
    await start();
    await (await under.session('drop')).put('secret', 'of another site');
    const sftp = await under.session();
    expect(await sftp.realpath('.')).toBe('/');
    expect(await sftp.realpath('../../gate/..')).toBe('/');
    for (const path of ['/../site-b/cameras/secret', '../site-b/cameras/secret', 'x/../../site-b/cameras/secret']) {
      await expect(sftp.stat(path)).rejects.toMatchObject({ code: NO_SUCH_FILE });
    }
    await sftp.put('../../../../escaped', 'x');
    expect(await under.stored('site-a/escaped')).toEqual(Buffer.from('x'));
    expect(await sftp.list('..')).toEqual(['escaped']);
  });

  it('does not reach what the store keeps for itself, or names it cannot hold', async () => {
    await start();
    const sftp = await under.session('whole');
    for (const path of ['.incoming/x', 'a\\b', 'a\nb', 'a\uFFFDb', '/']) {
      await expect(sftp.open(path), path).rejects.toMatchObject({ code: expect.any(Number) });
    }
    expect(await sftp.list('/')).toEqual([]);
    const rooted = await under.session('site');
    await expect(rooted.open('/')).rejects.toMatchObject({ message: 'Is a directory' });
    expect(await rooted.list('/')).toEqual([]);
  });

  it('lists a large folder in pages', async () => {
    await start();
    const sftp = await under.session();
    const names = Array.from({ length: 250 }, (_, index) => `n${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => sftp.put(`many/${name}`, '')));
    expect(await sftp.list('many')).toEqual(names);
  });
});

/** `store`, counting the listings that are begun and not ended. */
function withListing(store: ObjectStore, count: (by: 1 | -1) => void): ObjectStore {
  const list = async function* (folder: string) {
    count(1);
    try {
      yield* store.list(folder);
    } finally {
      count(-1);
    }
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'list') return list;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
