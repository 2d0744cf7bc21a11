import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Throttle } from '../../../lib/remote/throttle.js';
import { type BatchEvent, type BatchFile, sendBatch } from '../../../src/upload/batch.js';
import { until } from '../../peers/until.js';
import { FakeClock } from '../../simulators/fake-clock.js';
import { refusal, ScriptedRemote } from '../../simulators/scripted-remote.js';

let dir: string;
let clock: FakeClock;
let remote: ScriptedRemote;
let events: BatchEvent[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batch-'));
  clock = new FakeClock();
  remote = new ScriptedRemote();
  events = [];
});
afterEach(() => rm(dir, { recursive: true }));

async function files(count: number, content = 'some footage'): Promise<BatchFile[]> {
  const all = Array.from({ length: count }, (_, n) => ({
    path: join(dir, `${n}`),
    key: `home/x/${n}`,
    bytes: content.length,
  }));
  for (const { path } of all) await writeFile(path, content);
  return all;
}
const send = (all: readonly BatchFile[], parallel = 2, signal = new AbortController().signal) => {
  const pace = new Throttle(clock, () => Number.POSITIVE_INFINITY).pace(false);
  return sendBatch({ remote, files: all, parallel, pace, clock, onEvent: (event) => events.push(event) }, signal);
};
const ends = () =>
  events.filter(({ type }) => type !== 'started' && type !== 'progress').map(({ type, file }) => `${file.key} ${type}`);

it('sends every file, tells its end once, and leaves out what is there already', async () => {
  const all = await files(30);
  remote.stored.set('home/x/3', Buffer.from('some footage'));
  await send(all);
  expect(ends().sort()).toEqual(all.map(({ key }, n) => `${key} ${n === 3 ? 'skipped' : 'stored'}`).sort());
  expect(remote.puts).not.toContain('home/x/3');
  expect(remote.stored.size).toBe(30);
});

it('overwrites nothing with something else (I2)', async () => {
  const all = await files(3);
  remote.stored.set('home/x/1', Buffer.from('of someone else'));
  await send(all);
  expect(ends()).toContain('home/x/1 failed');
  expect(String(remote.stored.get('home/x/1'))).toBe('of someone else');
  expect(events.find(({ type }) => type === 'failed')).toMatchObject({ error: { code: 'key-taken' } });
  expect(remote.puts).toHaveLength(2);
});

it('says whether what is there already was compared, and refuses what is known to be other bytes of the same size', async () => {
  const all = await files(3);
  for (const { key } of all) remote.stored.set(key, Buffer.from('SOME FOOTAGE'));
  const answers = new Map([
    ['home/x/0', true],
    ['home/x/1', false],
  ]);
  const pace = new Throttle(clock, () => Number.POSITIVE_INFINITY).pace(false);
  const options = { remote, files: all, parallel: 2, pace, clock, onEvent: (event: BatchEvent) => events.push(event) };
  await sendBatch({ ...options, isSame: async ({ key }) => answers.get(key) }, new AbortController().signal);
  const told = events.filter(({ type }) => type !== 'started');
  expect(told.find(({ file }) => file.key === 'home/x/0')).toMatchObject({ type: 'skipped', compared: true });
  expect(told.find(({ file }) => file.key === 'home/x/1')).toMatchObject({
    type: 'failed',
    error: { code: 'key-taken' },
  });
  expect(told.find(({ file }) => file.key === 'home/x/2')).toMatchObject({ type: 'skipped', compared: false });
  expect(remote.puts).toEqual([]);
});

it('tries a file again that fails in passing, gives it up after a few times, and sends the others', async () => {
  const all = await files(3);
  const failures = new Map([
    ['home/x/0', 2],
    ['home/x/1', 99],
  ]);
  remote.beforePut = (key) => {
    const left = failures.get(key) ?? 0;
    failures.set(key, left - 1);
    return left > 0 && Promise.reject(refusal('size-mismatch'));
  };
  const done = send(all);
  for (let second = 0; second < 60; second++) await clock.advance(1_000);
  await done;
  expect(ends().sort()).toEqual(['home/x/0 stored', 'home/x/1 failed', 'home/x/2 stored']);
  expect(remote.puts.filter((key) => key === 'home/x/1')).toHaveLength(4);
});

it('says of a copy that came after a put that failed, and only of that, how long the server may still damage it', async () => {
  const all = await files(3);
  remote.lateMs = 900_000;
  const failures = new Map([['home/x/1', 1]]);
  remote.beforePut = (key) => {
    const left = failures.get(key) ?? 0;
    failures.set(key, left - 1);
    return left > 0 && Promise.reject(refusal('size-mismatch'));
  };
  const looks = vi.spyOn(remote, 'list').mockImplementationOnce(() => {
    // Nothing was put yet, so that nothing can come late.
    throw refusal('lost');
  });
  const done = send(all);
  for (let second = 0; second < 20; second++) await clock.advance(1_000);
  await done;
  expect(looks).toHaveBeenCalled();
  const late = events.flatMap((event) => (event.type === 'stored' ? [`${event.file.key} ${event.lateMs}`] : []));
  expect(late.sort()).toEqual(['home/x/0 0', 'home/x/1 900000', 'home/x/2 0']);
});

it('stops with the reason when it concerns all: no file is tried after a refused sign-in', async () => {
  remote.beforePut = () => Promise.reject(refusal('sign-in-refused', 'permanent', 'Check the key.'));
  await expect(send(await files(30, 'x'.repeat(2_500_000)))).rejects.toMatchObject({ code: 'sign-in-refused' });
  expect(remote.puts.length).toBeLessThanOrEqual(2);
  expect(ends()).toEqual([]);
});

it('has few large files under way, and many small ones', async () => {
  const held: (() => void)[] = [];
  remote.beforePut = () => new Promise<void>((resolve) => held.push(resolve));
  for (const [content, together] of [
    ['x'.repeat(2_500_000), 2],
    ['small', 32],
  ] as const) {
    const done = send(await files(40, content));
    await until('as many as go at once', () => held.length === together);
    await clock.advance(1_000);
    expect(held).toHaveLength(together);
    while (ends().length < 40) {
      for (const go of held.splice(0)) go();
      await clock.advance(0);
    }
    await done;
    remote.stored.clear();
    events.length = 0;
  }
});

it('begins the next large file when little of one is left, and no more than twice as many as may go at once', async () => {
  const held: { acknowledge?: (bytes: number) => void; go: () => void }[] = [];
  remote.beforePut = (_key, _signal, acknowledge) =>
    new Promise<void>((go) => {
      held.push({ acknowledge, go });
    });
  const done = send(await files(7, 'x'.repeat(5_000_000)));
  await until('as many as go at once', () => held.length === 2);
  held[0]!.acknowledge!(2_000_000);
  await clock.advance(1_000);
  expect(held).toHaveLength(2);
  held[0]!.acknowledge!(3_500_000);
  await until('the next', () => held.length === 3);
  for (const { acknowledge } of held) acknowledge!(3_500_000);
  await until('twice as many', () => held.length === 4);
  for (const { acknowledge } of held) acknowledge!(3_500_000);
  await clock.advance(1_000);
  expect(held).toHaveLength(4);
  while (ends().length < 7) {
    for (const { go } of held.splice(0)) go();
    await clock.advance(0);
  }
  await done;
});

it('ends when it is told to, with what was under way', async () => {
  const stop = new AbortController();
  remote.beforePut = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(refusal('aborted', 'aborted'))));
  const done = send(await files(5), 1, stop.signal);
  await until('one under way', () => remote.puts.length > 0);
  stop.abort();
  await expect(done).rejects.toMatchObject({ code: 'aborted' });
  expect(remote.puts.length).toBeLessThanOrEqual(5);
});

it('looks at each file by itself where nothing can be listed, and looks at none where that is refused too', async () => {
  const all = await files(3);
  remote.stored.set('home/x/1', Buffer.from('some footage'));
  remote.stored.set('home/x/2', Buffer.from('of someone else'));
  const list = vi.spyOn(remote, 'list').mockImplementation(() => {
    throw refusal('not-supported', 'permanent');
  });
  await send(all);
  expect(ends().sort()).toEqual(['home/x/0 stored', 'home/x/1 skipped', 'home/x/2 failed']);
  remote.beforeStat = () => Promise.reject(refusal('permission-denied', 'permanent'));
  events = [];
  await send([all[1]!]);
  expect(ends()).toEqual(['home/x/1 stored']);
  expect(list).toHaveBeenCalled();
});
