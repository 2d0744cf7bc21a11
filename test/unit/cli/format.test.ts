import { expect, it } from 'vitest';
import { count } from '../../../src/cli/format.js';

it('counts one as one', () => {
  expect([count(0, 'file'), count(1, 'file'), count(2, 'file')]).toEqual(['0 files', '1 file', '2 files']);
  expect([count(1, 'local copy', 'local copies'), count(2, 'entry', 'entries')]).toEqual(['1 local copy', '2 entries']);
});
