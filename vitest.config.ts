import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/peers/closing-line-reporter.js';
import { LongFirst } from './test/peers/long-first.js';

/** Unit tests are instant; integration and browser tests talk to real peers and may take a while each. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/peers/setup.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Most tests wait, for peers and for promises that take their time: more of them than there are cores.
    maxWorkers: 3,
    maxConcurrency: 10,
    // Four thousand tests with real peers, clocks and disks on a shared machine: one that stumbles once is told of by name, and what
    // is broken fails both times.
    retry: process.env.CI ? 1 : 0,
    sequence: { sequencer: LongFirst },
    reporters: ['default', new ClosingLineReporter()],
  },
});
