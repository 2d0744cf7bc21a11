import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason } from 'vitest/node';

/**
 * Ends a run with one plain line, `12 passed, 0 failed, 1 skipped`, for whatever reads the output but does not know vitest. Before it, by
 * name and reason, the tests that passed only at the second try: each is a fault of the test or of the product that is still to be found.
 */
export class ClosingLineReporter implements Reporter {
  readonly #print: (line: string) => void;

  constructor(print = (line: string) => void process.stdout.write(`${line}\n`)) {
    this.#print = print;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        count[test.result().state]++;
        if (test.diagnostic()?.flaky) this.#print(`at the second try: ${toldOf(test)}`);
      }
      count.failed += brokenOutsideTests(module);
    }
    // A run that was stopped half-way, or failed for a reason of its own, must not read as a good one.
    const failed = count.failed + count.pending || Number(reason !== 'passed');
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    this.#print(`${count.passed} passed, ${failed} failed${skipped}`);
  }
}

function toldOf(test: TestCase): string {
  const reasons = (test.result().errors ?? []).map(({ message }) => message.split('\n')[0]);
  return `${test.module.relativeModuleId} > ${test.fullName}: ${reasons.join('; ')}`;
}

/** A file that cannot be loaded, or a hook that throws, fails without a single failed test. */
function brokenOutsideTests(module: TestModule): number {
  let broken = module.errors().length;
  for (const suite of module.children.allSuites()) broken += suite.errors().length;
  return broken;
}
