import { describe, expect, it } from 'vitest';
import { type Goal, judge, type Measured } from '../../../bench/results.js';
import { table } from '../../../bench/table.js';

const cpu: Measured = { metric: 'cpu', unit: 'CPU-seconds', better: 'lower', ours: 27, peers: { bare: 24, other: 40 } };
const rate: Measured = { metric: 'rate', unit: 'MB/s', better: 'higher', ours: 9, peers: { slow: 5, fast: 10 } };

const met = (result: Measured, goal: Omit<Goal, 'metric'>) =>
  judge([result], [{ ...goal, metric: result.metric }])[0]?.met;

describe('judging a benchmark', () => {
  it('compares with the best peer, whichever way is better', () => {
    expect(judge([cpu, rate], [])).toMatchObject([
      { bestPeer: 'bare', ratio: 27 / 24 },
      { bestPeer: 'fast', ratio: 0.9 },
    ]);
  });

  it.each([
    [{ ratio: 1.125 }, cpu, true],
    [{ ratio: 1.12 }, cpu, false],
    [{ limit: 27 }, cpu, true],
    [{ limit: 26.9 }, cpu, false],
    [{ ratio: 1.2, limit: 20 }, cpu, false],
    [{ ratio: 1.1, limit: 30 }, cpu, false],
    [{ ratio: 0.9 }, rate, true],
    [{ ratio: 0.91 }, rate, false],
    [{ limit: 9 }, rate, true],
    [{ limit: 9.1 }, rate, false],
  ])('holds against %j', (goal, result, expected) => {
    expect(met(result, goal)).toBe(expected);
  });

  it('a number that is none, or a peer that was not measured, meets no goal', () => {
    expect(met({ ...cpu, ours: Number.NaN }, { ratio: 2 })).toBe(false);
    expect(met({ ...cpu, ours: Number.NaN }, { limit: 99 })).toBe(false);
    expect(met({ ...cpu, peers: {} }, { ratio: 2 })).toBe(false);
  });

  it('compares with the peer that the goal names, whoever is better', () => {
    const goal = { metric: 'cpu', ratio: 0.7, peer: 'other' };
    expect(judge([cpu], [goal])).toMatchObject([{ bestPeer: 'other', ratio: 27 / 40, met: true }]);
    expect(met(cpu, { ratio: 9, peer: 'nobody' })).toBe(false);
  });

  it('says nothing of what no goal is about', () => {
    expect(judge([cpu], [])[0]?.met).toBeUndefined();
  });

  it('takes nothing against nothing for a draw', () => {
    expect(judge([{ ...cpu, ours: 0, peers: { bare: 0 } }], [])[0]?.ratio).toBe(1);
  });

  it('refuses a goal for what was not measured', () => {
    expect(() => judge([cpu], [{ metric: 'frames-wrong', limit: 0 }])).toThrow('frames-wrong');
  });
});

it('the table shows ours, each peer, the ratio and the goal', () => {
  const results = judge([cpu, { ...rate, peers: { bare: 10 } }], [{ metric: 'cpu', ratio: 1.1 }]);
  expect(table(results).split('\n')).toEqual([
    '             ours  bare  other  ratio to best      goal',
    '───────────  ────  ────  ─────  ─────────────  ────────  ──────',
    'CPU-seconds    27    24     40    1.13 × bare  ≤ 1.10 ×  MISSED',
    'MB/s            9    10      –    0.90 × bare',
  ]);
});
