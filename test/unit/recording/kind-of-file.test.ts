import { afterEach, beforeEach, expect, it } from 'vitest';
import { kindOfFile } from '../../../src/app-motion.js';
import { Ledger } from '../../../src/ledger/ledger.js';
import { MINUTE, NOON } from '../../simulators/storage.js';

const SECOND = 1_000;
const PRE = 5 * SECOND;
const POST = 10 * SECOND;

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger(':memory:');
  const id = ledger.motion.begin({ camera: 'gate', source: 'onvif', kind: 'motion', start: NOON + 6 * SECOND });
  ledger.motion.end(id, NOON + MINUTE - 12 * SECOND, undefined);
});
afterEach(() => ledger.close());

const kindOf = (start: number, end: number, mode: 'motion' | 'continuous' = 'motion') =>
  kindOfFile(
    { plan: { modeOfFile: () => mode }, ledger, preRollMs: PRE, postRollMs: POST },
    { camera: 'gate', start, end },
  );

it.each([
  ['what moved itself', NOON, NOON + MINUTE, 'motion'],
  ['only what came before, with the group of pictures it begins in: a border fell there', NOON - 2_000, NOON, 'motion'],
  ['only what came after', NOON + MINUTE, NOON + MINUTE + 3_000, 'motion'],
  ['what was recorded because nobody could tell, long after', NOON + 20 * MINUTE, NOON + 21 * MINUTE, 'continuous'],
] as const)(
  'a file of a time that is recorded for motion, and holds %s, counts as it should',
  (_, start, end, kind) => {
    expect(kindOf(start, end)).toBe(kind);
  },
);

it('a file of a time at which everything is recorded is continuous, whatever moved', () => {
  expect(kindOf(NOON, NOON + MINUTE, 'continuous')).toBe('continuous');
});
