import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { race } from '../../lib/race.js';
import { Attempt } from '../../lib/remote/attempt.js';

/** In macrotasks of its own: what a task still holds is not collected within it. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let n = 0; n < 2; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
}

/** Waits a hundred times, and tells how much of what came is still held: of all but the last, which the machine may have at hand. */
async function held(wait: (value: Promise<object>) => Promise<unknown>): Promise<number> {
  const brought: WeakRef<object>[] = [];
  for (let n = 0; n < 100; n++) {
    const value = { n };
    brought.push(new WeakRef(value));
    await wait(Promise.resolve(value));
  }
  await collect();
  return brought.slice(0, -1).filter((one) => one.deref() !== undefined).length;
}

describe('race', () => {
  it('settles as what is waited for does, and as what lasts where that comes first', async () => {
    let end!: (why: string) => void;
    const lasting = new Promise<string>((resolve) => {
      end = resolve;
    });
    const hanging = new Promise<never>(() => undefined);
    await expect(race(Promise.resolve('a'), lasting)).resolves.toBe('a');
    await expect(race(Promise.reject(new Error('b')), lasting)).rejects.toThrow('b');
    const [one, other] = [race(hanging, lasting), race(hanging, lasting)];
    end('over');
    await expect(Promise.all([one, other])).resolves.toEqual(['over', 'over']);
    await expect(race(hanging, lasting)).resolves.toBe('over');
  });

  it('rejects as what lasts does, for all that wait', async () => {
    let fail!: (error: Error) => void;
    const lasting = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const hanging = new Promise<never>(() => undefined);
    const waits = [race(hanging, lasting), race(hanging, lasting)];
    fail(new Error('lost'));
    for (const wait of [...waits, race(hanging, lasting)]) await expect(wait).rejects.toThrow('lost');
  });

  it('brings what has come already, as Promise.race does, where both have settled', async () => {
    const lasting = Promise.reject(new Error('lost'));
    for (let n = 0; n < 2; n++) {
      await expect(race(Promise.resolve('here'), lasting)).resolves.toBe('here');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('lets go of what came, however long the other lasts', async () => {
    const lasting = new Promise<never>(() => undefined);
    expect(await held((value) => race(value, lasting))).toBe(0);
    await race(Promise.resolve(), lasting);
  });
});

it('an attempt lets go of what came, however long it goes on', async () => {
  const attempt = new Attempt(new AbortController().signal);
  expect(await held((value) => attempt.race(value))).toBe(0);
  attempt.end();
});
