import { expect, it } from 'vitest';
import { dayBeside } from '../../../web/src/timeline/day-keys.js';

it('leads from day to day and week to week, over months and years, and not into the future', () => {
  const today = '2026-05-03';
  expect(dayBeside('2026-05-01', 'ArrowLeft', today)).toBe('2026-04-30');
  expect(dayBeside('2026-04-30', 'ArrowRight', today)).toBe('2026-05-01');
  expect(dayBeside('2026-01-03', 'ArrowUp', today)).toBe('2025-12-27');
  expect(dayBeside('2026-04-25', 'ArrowDown', today)).toBe('2026-05-02');
  expect(dayBeside('2026-04-28', 'ArrowDown', today)).toBeUndefined();
  expect(dayBeside(today, 'ArrowRight', today)).toBeUndefined();
  expect(dayBeside(today, 'Enter', today)).toBeUndefined();
});
