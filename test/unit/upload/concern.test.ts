import { expect, it } from 'vitest';
import { Failure } from '../../../lib/errors.js';
import { concernsOneFile } from '../../../src/upload/concern.js';

it('a name that a disk cannot hold says nothing of other files, a refused sign-in of all', () => {
  const failure = (code: string) => new Failure('no', { kind: 'permanent', code });
  expect(concernsOneFile(failure('name-too-long'))).toBe(true);
  expect(concernsOneFile(failure('sign-in-refused'))).toBe(false);
});
