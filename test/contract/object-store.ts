import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.js';
import type { ObjectReader, ObjectStore } from '../../lib/transfer-endpoint/object-store.js';

export interface StoreUnderTest {
  store: ObjectStore;
  /** How many unfinished objects the store still holds. */
  leftovers(): Promise<number>;
  stop(): Promise<void>;
}

/** What every `ObjectStore` promises. */
export function objectStoreContract(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: ObjectStore;

    beforeAll(async () => {
      under = await start();
      store = under.store;
    });
    afterAll(() => under?.stop());

    const write = async (key: string, ...chunks: (string | Uint8Array)[]) => {
      const writer = await store.begin(key);
      for (const chunk of chunks) await writer.write(Buffer.from(chunk));
      return writer;
    };
    const put = async (key: string, ...chunks: (string | Uint8Array)[]) => (await write(key, ...chunks)).commit();
    const get = async (key: string) => {
      const reader = await store.open(key);
      return reader && (await contentOf(reader)).toString();
    };
    const listed = async (folder: string) => {
      const names: string[] = [];
      for await (const entry of store.list(folder)) {
        names.push(entry.type === 'folder' ? `${entry.name}/` : `${entry.name} ${entry.bytes}`);
      }
      return names.sort();
    };

    it('shows an object whole at commit and not before', async () => {
      const writer = await write('whole/2026/05/a.mp4', 'half', ' and half');
      expect(await store.head('whole/2026/05/a.mp4')).toBeUndefined();
      expect(await listed('whole')).toEqual([]);
      await writer.commit();
      const found = await store.head('whole/2026/05/a.mp4');
      expect(found).toMatchObject({ key: 'whole/2026/05/a.mp4', bytes: 13 });
      expect(Math.abs(found!.modified - systemClock.now())).toBeLessThan(3_600_000);
      expect(await get('whole/2026/05/a.mp4')).toBe('half and half');
    });

    it('keeps an object of no bytes', async () => {
      await put('empty');
      expect(await store.head('empty')).toMatchObject({ bytes: 0 });
      expect(await get('empty')).toBe('');
    });

    it('replaces the earlier object only at commit', async () => {
      await put('replaced', 'old');
      const writer = await write('replaced', 'brand new');
      expect(await get('replaced')).toBe('old');
      await writer.commit();
      expect(await get('replaced')).toBe('brand new');
    });

    it('forgets what is discarded', async () => {
      await put('discarded', 'old');
      await (await write('discarded', 'new')).discard();
      await (await write('never', randomBytes(2 ** 20))).discard();
      expect(await get('discarded')).toBe('old');
      expect(await store.head('never')).toBeUndefined();
    });

    it('forgets many parts as well', async () => {
      const writer = await write('parts-discarded', ...Array.from({ length: 20 }, () => randomBytes(2 ** 20)));
      expect(await under.leftovers()).toBe(1);
      await writer.discard();
      expect(await under.leftovers()).toBe(0);
      expect(await store.head('parts-discarded')).toBeUndefined();
    });

    it('publishes what arrived of an interrupted object', async () => {
      await put('partial', 'an earlier, longer object');
      await (await write('partial', 'what ', 'arrived')).publishPartial();
      expect(await get('partial')).toBe('what arrived');
    });

    it('does not mix two writers of one key', async () => {
      const first = await write('raced', 'a'.repeat(100));
      const second = await write('raced', 'b'.repeat(50));
      await first.write(Buffer.from('a'.repeat(100)));
      await second.commit();
      expect(await get('raced')).toBe('b'.repeat(50));
      await first.commit();
      expect(await get('raced')).toBe('a'.repeat(200));
    });

    it('keeps every byte of a large object and reads it anywhere', async () => {
      const content = randomBytes(21 * 2 ** 20 + 17);
      const writer = await store.begin('large.bin');
      for (let at = 0; at < content.length; at += 31_952) await writer.write(content.subarray(at, at + 31_952));
      await writer.commit();
      const reader = (await store.open('large.bin'))!;
      expect(reader.bytes).toBe(content.length);
      for (const offset of [0, 4 * 2 ** 20 - 10, 13_000_000, 5, content.length - 3]) {
        const piece = await reader.read(offset, 1000);
        expect(piece.length).toBeGreaterThan(0);
        expect(Buffer.from(piece).equals(content.subarray(offset, offset + piece.length))).toBe(true);
      }
      expect(await reader.read(content.length, 10)).toHaveLength(0);
      expect((await contentOf(reader)).equals(content)).toBe(true);
    });

    it('reads one object, even if it is replaced meanwhile', async () => {
      const size = 9 * 2 ** 20;
      await put('changing.bin', Buffer.alloc(size, 'a'));
      const reader = (await store.open('changing.bin'))!;
      expect((await reader.read(0, 1))[0]).toBe('a'.charCodeAt(0));
      await put('changing.bin', Buffer.alloc(size, 'b'));
      const later = await reader.read(size - 1, 1).catch((error: Error) => error);
      if (later instanceof Error) expect(later).toMatchObject({ code: 'store-failed' });
      else expect(later[0]).toBe('a'.charCodeAt(0));
      await reader.close();
    });

    it('knows nothing of what is not there', async () => {
      await put('there/object', 'x');
      expect(await store.head('nowhere')).toBeUndefined();
      expect(await store.head('there')).toBeUndefined();
      expect(await store.head('there/object/below')).toBeUndefined();
      expect(await store.open('nowhere')).toBeUndefined();
      expect(await store.open('there')).toBeUndefined();
      expect(await listed('nowhere')).toEqual([]);
    });

    it('lists what lies directly in a folder', async () => {
      await put('listed/b', '22');
      await put('listed/a', '1');
      await put('listed/deep/er/c', '333');
      await put('listed-too', '4');
      await store.mark('listed/marked');
      expect(await listed('listed')).toEqual(['a 1', 'b 2', 'deep/', 'marked/']);
      expect(await listed('listed/deep')).toEqual(['er/']);
      expect(await listed('listed/marked')).toEqual([]);
      expect(await listed('')).toEqual(expect.arrayContaining(['listed/', 'listed-too 1']));
    });

    it('lists more than one page', async () => {
      const names = Array.from({ length: 1_050 }, (_, index) => `n${String(index).padStart(4, '0')}`);
      for (let at = 0; at < names.length; at += 25) {
        await Promise.all(names.slice(at, at + 25).map((name) => put(`pages/${name}`)));
      }
      expect(await listed('pages')).toEqual(names.map((name) => `${name} 0`));
    });

    it('takes names as they are', async () => {
      const names = ['a b', 'ü', 'e\u0301', '100%', 'a+b', "it's", '#1', '?x=1&y', '日本', '~', '*'];
      for (const name of names) await put(`names/${name}/${name}`, name);
      for (const name of names) expect(await get(`names/${name}/${name}`)).toBe(name);
      expect(await listed('names')).toEqual(names.map((name) => `${name}/`).sort());
    });

    it('refuses keys that could mean something else', async () => {
      for (const key of ['', '/a', '../a', 'a/../b', 'a//b', 'a/', './a', 'a\0b']) {
        await expect(store.begin(key), key).rejects.toMatchObject({ code: 'key-invalid' });
        await expect(store.head(key), key).rejects.toMatchObject({ code: 'key-invalid' });
        await expect(store.open(key), key).rejects.toMatchObject({ code: 'key-invalid' });
        await expect(store.mark(key), key).rejects.toMatchObject({ code: 'key-invalid' });
      }
    });
  });
}

async function contentOf(reader: ObjectReader): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const piece = await reader.read(at, 100_000);
    if (piece.length === 0) break;
    pieces.push(piece);
    at += piece.length;
  }
  await reader.close();
  return Buffer.concat(pieces);
}
