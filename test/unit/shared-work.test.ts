import { expect, it } from 'vitest';
import { SharedWork } from '../../lib/shared-work.js';

/** Ends when told to, or rejects when it is given up. */
function work() {
  let finish = (_: string) => undefined as void;
  const shared = new SharedWork<string>(
    (signal) =>
      new Promise((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => reject(new Error('given up')));
      }),
  );
  return { shared, finish: (value: string) => finish(value) };
}

it('goes on for those who stay', async () => {
  const { shared, finish } = work();
  const leaves = new AbortController();
  const left = shared.wait(leaves.signal);
  const stays = shared.wait(new AbortController().signal);
  leaves.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  expect(shared.isGivenUp).toBe(false);
  finish('done');
  expect(await stays).toBe('done');
});

it('is given up when the last has left', async () => {
  const { shared } = work();
  const leaves = new AbortController();
  const left = shared.wait(leaves.signal);
  leaves.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  expect(shared.isGivenUp).toBe(true);
  await shared.ended;
});
