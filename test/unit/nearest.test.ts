import { describe, expect, it } from 'vitest';
import { nearest, whatThereIs } from '../../lib/nearest.js';

const CAMERAS = ['front-door', 'gate', 'yard'];

describe('the name that was perhaps meant', () => {
  it.each([
    ['gat', 'gate'],
    ['GATE', 'gate'],
    ['agte', 'gate'],
    ['frontdoor', 'front-door'],
    ['front_dor', 'front-door'],
    ['attic', undefined],
    ['', undefined],
  ])('of %j is %s', (written, meant) => {
    expect(nearest(written, CAMERAS)).toBe(meant);
  });

  it('is told with all there are, or some of very many', () => {
    expect(whatThereIs('gat', CAMERAS)).toBe('Did you mean gate? There are: front-door, gate, yard.');
    expect(whatThereIs('attic', CAMERAS)).toBe('There are: front-door, gate, yard.');
    expect(whatThereIs('attic', [])).toBe('There are none yet.');
    const many = Array.from({ length: 30 }, (_, n) => `camera-${n}`);
    expect(whatThereIs('roof', many)).toMatch(/camera-19, and 10 more\.$/);
  });
});
