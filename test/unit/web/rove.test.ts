import { describe, expect, it } from 'vitest';
import { roved } from '../../../web/src/widgets/roved.js';

describe('moving the focus in a list', () => {
  it('goes up and down and to the ends, and no further', () => {
    expect([roved('ArrowDown', 0, 3), roved('ArrowDown', 2, 3), roved('ArrowUp', 0, 3)]).toEqual([1, 2, 0]);
    expect([roved('Home', 2, 3), roved('End', 0, 3)]).toEqual([0, 2]);
  });

  it('leaves all other keys alone', () => {
    expect(roved('ArrowLeft', 1, 3)).toBeUndefined();
  });
});
