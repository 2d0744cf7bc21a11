import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/peers/closing-line-reporter.js';

/** Unit tests are instant; integration and browser tests talk to real peers and may take a while each. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/peers/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: ['default', new ClosingLineReporter()],
  },
});
