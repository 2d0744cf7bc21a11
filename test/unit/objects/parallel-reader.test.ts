import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { PIECE } from '../../../lib/objects/ahead.js';
import type { ObjectRange, ObjectReader } from '../../../lib/objects/object-reader.js';
import { ParallelReader } from '../../../lib/objects/parallel-reader.js';
import { resolveRange } from '../../../lib/objects/range.js';
import { FakeClock } from '../../simulators/fake-clock.js';

const [KB, MB] = [1024, 1024 * 1024];
const KEY = 'home/gate/film.mp4';

/** One film; each read of it waits until it is let go. */
class HeldStore {
  bytes = Buffer.from(Array.from({ length: 3 * MB }, (_, index) => (index * 31 + (index >> 8)) % 251));
  asked: { range: string; letGo: () => void }[] = [];
  isHeld = true;

  readonly reader = {
    name: 'held',
    open: async (key: string, wanted?: Partial<ObjectRange>) => {
      const range = `${wanted?.start}-${wanted?.end}`;
      await new Promise<void>((letGo) => {
        this.asked.push({ range, letGo });
        if (!this.isHeld) letGo();
      });
      if (key !== KEY) return undefined;
      const { start, end } = resolveRange(this.bytes.length, wanted);
      const stream = Readable.from([this.bytes.subarray(start, end + 1)], { objectMode: false });
      return { stream, bytes: this.bytes.length, range: { start, end } };
    },
  } as unknown as ObjectReader;

  release(): void {
    this.isHeld = false;
    for (const { letGo } of this.asked) letGo();
  }
}

let store: HeldStore;
let clock: FakeClock;
let reader: ParallelReader;
beforeEach(() => {
  store = new HeldStore();
  clock = new FakeClock();
  reader = new ParallelReader(store.reader, clock);
});

describe('a player that jumps', () => {
  const start = 2 * MB + 1000;

  it('is given its bytes in order, of pieces asked for at once that came in any', async () => {
    const opening = reader.open(KEY, { start });
    await clock.advance(0);
    // Whole pieces, the first of which holds the wanted byte, and none of them asked for twice.
    const ranges = store.asked.map(({ range }) => range.split('-').map(Number) as [number, number]);
    expect(ranges.length).toBeGreaterThan(10);
    expect(ranges[0]![0]).toBeLessThanOrEqual(start);
    for (const [index, [from, to]] of ranges.entries()) {
      expect(from % PIECE).toBe(0);
      expect(to - from).toBe(PIECE - 1);
      if (index > 0) expect(from).toBe(ranges[index - 1]![1] + 1);
    }
    store.isHeld = false;
    for (const { letGo } of [...store.asked].reverse()) {
      letGo();
      await clock.advance(0);
    }
    const opened = (await opening)!;
    expect(opened).toMatchObject({ bytes: 3 * MB, range: { start, end: 3 * MB - 1 } });
    expect((await buffer(opened.stream)).equals(store.bytes.subarray(start))).toBe(true);
  });

  it('has nothing more asked for when it has left, and finds again what came meanwhile', async () => {
    const opening = reader.open(KEY, { start });
    await clock.advance(0);
    store.release();
    (await opening)!.stream.destroy();
    await clock.advance(0);
    const asked = store.asked.length;
    await clock.advance(10_000);
    expect(store.asked).toHaveLength(asked);
    (await reader.open(KEY, { start: start + 40 * KB }))!.stream.destroy();
    // Only what lies beyond the first jump's pieces.
    expect(store.asked.length - asked).toBeLessThanOrEqual(5);
  });

  it('goes before others, who wait until its pictures are there', async () => {
    const opening = reader.open(KEY, { start });
    await clock.advance(0);
    const before = store.asked.length;
    const small = reader.open(KEY, { start: 2 * MB, end: 2 * MB + 99 });
    await clock.advance(1_000);
    expect(store.asked).toHaveLength(before);
    store.release();
    await buffer((await opening)!.stream);
    const parts = store.asked.length;
    await clock.advance(1_000);
    expect((await buffer((await small)!.stream)).equals(store.bytes.subarray(2 * MB, 2 * MB + 100))).toBe(true);
    expect(store.asked.slice(parts).map(({ range }) => range)).toEqual([`${2 * MB}-${2 * MB + 99}`]);
  });

  it('does not keep them waiting for ever', async () => {
    void reader.open(KEY, { start });
    void reader.open(KEY, { start: 2 * MB, end: 2 * MB + 99 });
    await clock.advance(0);
    const before = store.asked.length;
    await clock.advance(3_000);
    expect(store.asked).toHaveLength(before + 1);
  });
});

describe('a player that reads the beginning of a film', () => {
  it('is given all of it', async () => {
    store.isHeld = false;
    const opened = (await reader.open(KEY, { start: 0 }))!;
    expect((await buffer(opened.stream)).equals(store.bytes)).toBe(true);
  });

  it('and is going to jump, is given the rest only when it has not', async () => {
    store.isHeld = false;
    reader.foresee(KEY, 100);
    const opened = (await reader.open(KEY, { start: 0 }))!;
    const film = buffer(opened.stream);
    await clock.advance(0);
    const head = store.asked.length;
    await clock.advance(300);
    expect(store.asked).toHaveLength(head);
    await clock.advance(200);
    expect(store.asked.length).toBeGreaterThan(head);
    expect((await film).equals(store.bytes)).toBe(true);
  });

  it('and left, has nothing more asked for', async () => {
    store.isHeld = false;
    reader.foresee(KEY, 100);
    const opened = (await reader.open(KEY, { start: 0 }))!;
    opened.stream.resume();
    await clock.advance(0);
    const head = store.asked.length;
    opened.stream.destroy();
    await clock.advance(10_000);
    expect(store.asked).toHaveLength(head);
  });

  it('shares what is under way already', async () => {
    void reader.open(KEY, { start: 0 });
    await clock.advance(0);
    const { length } = store.asked;
    void reader.open(KEY, { start: 0, end: 15 });
    await clock.advance(0);
    expect(store.asked).toHaveLength(length);
  });
});

it('never joins what was an object to what is one', async () => {
  store.isHeld = false;
  const opened = (await reader.open(KEY, { start: 2 * MB }))!;
  opened.stream.destroy();
  store.bytes = store.bytes.subarray(0, 2_700_000);
  const again = (await reader.open(KEY, { start: 2 * MB }))!;
  await expect(buffer(again.stream)).rejects.toMatchObject({ code: 'replaced' });
  const anew = (await reader.open(KEY, { start: 2 * MB }))!;
  expect((await buffer(anew.stream)).equals(store.bytes.subarray(2 * MB))).toBe(true);
});

it('what is not there is not there, and what fails fails', async () => {
  store.isHeld = false;
  expect(await reader.open('home/gate/none.mp4', { start: 0 })).toBeUndefined();
  await expect(reader.open(KEY, { start: 9 * MB })).rejects.toMatchObject({ code: 'range-not-satisfiable' });
});
