import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectReader } from '../../lib/objects/object-reader.js';

export interface ReaderUnderTest {
  reader: ObjectReader;
  /** Puts an object as its owner would. */
  put(key: string, data: string): Promise<void>;
  dispose(): Promise<void>;
}

async function listed(reader: ObjectReader, folder: string) {
  const all = [];
  for await (const object of reader.list(folder)) all.push(object);
  return all.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The contract written on `ObjectReader`, run against one implementation of it. */
export function objectReaderContract(name: string, create: () => Promise<ReaderUnderTest>): void {
  describe(`${name} keeps the contract of ObjectReader`, () => {
    let store: ReaderUnderTest;
    let reader: ObjectReader;
    beforeEach(async () => {
      store = await create();
      reader = store.reader;
      for (const key of ['home/gate/a.mp4', 'home/gate/2026/b.mp4', 'home/gate-2/c.mp4', 'home/[0@0] x.jpg']) {
        await store.put(key, `content of ${key}`);
      }
    });
    afterEach(async () => {
      reader.close();
      await store.dispose();
    });
    const read = async (key: string, range?: { start?: number; end?: number }) => {
      const opened = await reader.open(key, range);
      return opened && { ...opened, stream: undefined, data: (await buffer(opened.stream)).toString() };
    };

    it('names what lies directly below a folder', async () => {
      expect((await reader.names('home/gate')).sort()).toEqual(['2026', 'a.mp4']);
      expect((await reader.names('home/gate/')).sort()).toEqual(['2026', 'a.mp4']);
      expect((await reader.names('')).sort()).toEqual(['home']);
      expect(await reader.names('home/nothing')).toEqual([]);
    });

    it('lists everything below a folder, and not what merely begins like it', async () => {
      const keys = (await listed(reader, 'home/gate')).map(({ key }) => key);
      expect(keys).toEqual(['home/gate/2026/b.mp4', 'home/gate/a.mp4']);
      expect(await listed(reader, 'home/gate/')).toHaveLength(2);
      expect(await listed(reader, '')).toHaveLength(4);
      expect(await listed(reader, 'home/nothing')).toEqual([]);
    });

    it('says of an object how large it is, when it was written, and a version that changes with it', async () => {
      const key = 'home/gate/a.mp4';
      const before = (await reader.stat(key))!;
      expect(before).toMatchObject({ key, bytes: `content of ${key}`.length });
      expect(Math.abs(before.modifiedAt - Date.now())).toBeLessThan(120_000);
      const inList = (await listed(reader, 'home/gate')).find((object) => object.key === key)!;
      // Some tell the time of a listing more exactly.
      expect(Math.abs(inList.modifiedAt - before.modifiedAt)).toBeLessThan(1_000);
      expect(inList).toEqual({ ...before, modifiedAt: inList.modifiedAt });
      await store.put(key, 'other bytes');
      expect((await reader.stat(key))!.version).not.toBe(before.version);
      expect(await reader.stat('home/gate/none.mp4')).toBeUndefined();
      expect(await reader.stat('home/gate')).toBeUndefined();
    });

    it('reads all of an object, or a range of it', async () => {
      const key = 'home/[0@0] x.jpg';
      const whole = `content of ${key}`;
      const bytes = whole.length;
      expect(await read(key)).toMatchObject({ data: whole, bytes, range: { start: 0, end: bytes - 1 } });
      expect(await read(key, { start: 3, end: 6 })).toMatchObject({ data: 'tent', bytes, range: { start: 3, end: 6 } });
      expect(await read(key, { start: 20 })).toMatchObject({ data: whole.slice(20), bytes });
      expect(await read(key, { start: 20, end: 9_999 })).toMatchObject({ range: { start: 20, end: bytes - 1 } });
      expect(await read('home/none')).toBeUndefined();
      await expect(read(key, { start: 9_999 })).rejects.toMatchObject({ code: 'range-not-satisfiable' });
    });

    it('reads an empty object', async () => {
      await store.put('home/empty', '');
      expect(await read('home/empty')).toMatchObject({ data: '', bytes: 0, range: { start: 0, end: -1 } });
    });

    it.each([
      '',
      '/etc/passwd',
      '../x',
      'home/../home/gate/a.mp4',
      'home//gate/a.mp4',
      'home/gate/a.mp4/',
      'home\\gate',
      'a\0b',
    ])('finds nothing at the key %j', async (key) => {
      expect(await reader.stat(key)).toBeUndefined();
      expect(await reader.open(key)).toBeUndefined();
      expect(await reader.checksum(key)).toBeUndefined();
    });

    it('knows a checksum, or says that it knows none', async () => {
      expect(await reader.checksum('home/none')).toBeUndefined();
      expect(await reader.checksum('home/gate/a.mp4')).toBeDefined();
    });
  });
}
