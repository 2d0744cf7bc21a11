import { expect, it } from 'vitest';
import { hasRoom, isNearlySent } from '../../../src/upload/room.js';

const MB = 1_000_000;
const times = (count: number, bytes: number) => Array.from({ length: count }, () => bytes);

it.each([
  ['none', [], true],
  ['as many large ones as may go at once', [5 * MB, 5 * MB], false],
  ['one of them nearly sent', [5 * MB, 1.9 * MB], true],
  ['one of them not quite', [5 * MB, 2 * MB], false],
  ['as many again in their place', [5 * MB, 5 * MB, 1 * MB], false],
  ['all nearly sent, and more than small ones hold together', times(3, 1.9 * MB), true],
  ['twice as many, all nearly sent', times(4, 1.9 * MB), false],
  ['a large one and three nearly sent', [5 * MB, 1 * MB, 1 * MB, 1 * MB], false],
  ['many that hold little together', times(31, 0.1 * MB), true],
  ['the most of them', times(32, 0.1 * MB), false],
  ['many tiny ones that hold more', times(31, 0.3 * MB), true],
  ['as many that are not tiny', times(31, 0.4 * MB), false],
] as const)('beside %s another is begun or not', (_, left, expected) => {
  expect(hasRoom(left, 2)).toBe(expected);
});

it('a file is nearly sent when half is left of what small ones hold together', () => {
  expect([isNearlySent(2 * MB - 1), isNearlySent(2 * MB)]).toEqual([true, false]);
});
