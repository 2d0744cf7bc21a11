import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON, newFile } from '../../simulators/storage.js';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
});
afterEach(() => ledger.close());

let made = 0;
/** A file in the spool, and how it stands with each remote. */
function file(standing: Record<string, 'waiting' | 'verified' | 'unproven'>, camera = 'gate'): number {
  const id = ledger.files.begin(newFile(NOON + made++ * MINUTE, { camera }));
  ledger.files.setState(id, 'ready');
  ledger.deliveries.add(id, Object.keys(standing));
  for (const [remote, state] of Object.entries(standing)) {
    if (state !== 'waiting') ledger.deliveries[state](id, remote, NOON, 'stat', 'size');
  }
  return id;
}
const forget = (remote: string, remaining: string[]) =>
  ledger.transaction(() => ledger.owed.forget(remote, remaining, NOON + 5));
const verifiedAt = (id: number) => ledger.files.byId(id)!.verifiedAt;
const removable = () => ledger.files.removable(100).map(({ id }) => id);

describe('what is owed', () => {
  it('is known by remote, with its size and its age', () => {
    const first = file({ old: 'waiting', new: 'verified' });
    file({ old: 'unproven', new: 'waiting' });
    file({ new: 'waiting' });
    expect(ledger.owed.remotes()).toEqual(['new', 'old']);
    expect(ledger.owed.to('old')).toEqual({ files: 2, bytes: 2_000, oldest: ledger.files.byId(first)!.start });
    expect(ledger.owed.to('nobody')).toEqual({ files: 0, bytes: 0, oldest: undefined });
    expect(ledger.owed.abandoned(['new']).map(({ remote, files }) => [remote, files])).toEqual([['old', 2]]);
    expect(ledger.owed.abandoned(['old', 'new'])).toEqual([]);
  });

  it('to nobody is nothing', () => {
    file({ new: 'verified' });
    expect(ledger.owed.remotes()).toEqual([]);
  });
});

describe('forgetting a remote', () => {
  it('counts as delivered what every other remote has verified', () => {
    const both = file({ old: 'waiting', a: 'verified', b: 'verified' });
    const unproven = file({ old: 'unproven', a: 'verified', b: 'verified' });
    expect(removable()).toEqual([]);
    forget('old', ['a', 'b']);
    expect([both, unproven].map(verifiedAt)).toEqual([NOON + 5, NOON + 5]);
    expect(removable()).toEqual([both, unproven]);
    expect(ledger.owed.remotes()).toEqual([]);
    expect(ledger.chains.pending('gate', 10)).toHaveLength(2);
  });

  it('counts as delivered what it was to get from a copy that turned out damaged, where every other has it', () => {
    const damaged = file({ old: 'waiting', a: 'verified' });
    ledger.damages.found(ledger.files.byId(damaged)!, 'old', true, 'damaged');
    forget('old', ['a']);
    expect(ledger.files.backlog('gate').files).toBe(0);
    expect([verifiedAt(damaged), removable()]).toEqual([NOON + 5, [damaged]]);
  });

  it.each([
    ['some remote that remains is still owed it', { old: 'waiting', a: 'verified', b: 'waiting' }, ['a', 'b']],
    ['some remote that remains proved too little', { old: 'waiting', a: 'verified', b: 'unproven' }, ['a', 'b']],
    ['a remote that was added has not been owed it yet', { old: 'waiting', a: 'verified' }, ['a', 'b']],
    ['another remote that is gone is still owed it', { old: 'waiting', a: 'verified', older: 'waiting' }, ['a']],
    ['only a remote that is gone has verified it', { old: 'waiting', older: 'verified' }, ['a']],
    ['no remote remains', { old: 'waiting', older: 'verified' }, []],
  ] as const)('frees nothing where %s', (_, standing, remaining) => {
    const id = file(standing);
    expect(ledger.owed.release('old', remaining)).toMatchObject([{ released: { files: 0 }, kept: { files: 1 } }]);
    forget('old', [...remaining]);
    expect(verifiedAt(id)).toBeUndefined();
    expect(removable()).toEqual([]);
    expect(ledger.owed.to('old').files).toBe(0);
  });

  it('leaves alone what was verified already, and what was never owed to it', () => {
    const other = file({ a: 'waiting' });
    const done = file({ old: 'verified', a: 'verified' });
    ledger.files.verified(done, NOON, undefined);
    const owed = file({ old: 'waiting', a: 'verified' });
    forget('old', ['a']);
    expect([other, done, owed].map(verifiedAt)).toEqual([undefined, NOON, NOON + 5]);
  });

  it('is told beforehand, camera by camera', () => {
    file({ old: 'waiting', a: 'verified' });
    file({ old: 'waiting', a: 'waiting' });
    file({ old: 'waiting', a: 'waiting' }, 'yard');
    const told = ledger.owed.release('old', ['a']);
    expect(told.map(({ camera, released, kept }) => [camera, released.files, kept.files])).toEqual([
      ['gate', 1, 1],
      ['yard', 0, 1],
    ]);
    expect(told[0]!.released.bytes).toBe(1_000);
  });
});
