import { expect, it } from 'vitest';
import { wantedRange } from '../../../src/browse/wanted-range.js';

it.each([
  ['bytes=0-', { start: 0 }],
  ['bytes=3-9', { start: 3, end: 9 }],
  ['bytes= 3 - 9', { start: 3, end: 9 }],
  ['bytes=-7', { last: 7 }],
  ['bytes=99999999999999999999-', { start: Number.MAX_SAFE_INTEGER }],
])('reads %j', (header, range) => {
  expect(wantedRange(header)).toEqual(range);
});

it.each([
  undefined,
  '',
  'bytes',
  'bytes=',
  'bytes=-',
  'bytes=a-b',
  'bytes=0-1,3-4',
  'bytes=0-1,',
  'bytes=0x0-0x9',
  'bytes=1.5-2',
  'bytes=--5',
  'items=0-5',
])('takes %j for the whole', (header) => {
  expect(wantedRange(header)).toBeUndefined();
});
