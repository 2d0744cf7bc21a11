import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const GOOD = "it('a', () => {}); it('b', () => {});";
const BAD = "it('c', () => expect(1).toBe(2));";

describe('the closing line of a test run', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'closing-line-'));
    await symlink(resolve('node_modules'), join(dir, 'node_modules'));
    const reporter = JSON.stringify(resolve('test/peers/closing-line-reporter.ts'));
    await writeFile(
      join(dir, 'vitest.config.mts'),
      `import { ClosingLineReporter } from ${reporter};
       export default { test: { globals: true, include: ['*.test.js'], reporters: ['default', new ClosingLineReporter()] } };`,
    );
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** The last line that a real run over `files` prints. */
  async function closing(files: Record<string, string>): Promise<string | undefined> {
    return (await printed(files)).at(-1);
  }

  async function printed(files: Record<string, string>, ...args: string[]): Promise<string[]> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    const { CI: _, ...env } = process.env;
    return new Promise((done) => {
      execFile(resolve('node_modules/.bin/vitest'), ['run', ...args], { cwd: dir, env }, (_error, stdout) => {
        done(stdout.trimEnd().split('\n'));
      });
    });
  }

  it.each([
    ['a good run', { 'a.test.js': GOOD }, '2 passed, 0 failed'],
    ['a failed test', { 'a.test.js': GOOD, 'b.test.js': BAD }, '2 passed, 1 failed'],
    ['tests passed over', { 'a.test.js': `${GOOD} it.runIf(false)('d', () => {});` }, '2 passed, 0 failed, 1 skipped'],
    [
      'a file that cannot be loaded',
      { 'a.test.js': GOOD, 'b.test.js': "import './nowhere.js';" },
      '2 passed, 1 failed',
    ],
    [
      'a hook that throws',
      { 'a.test.js': `${GOOD} describe('e', () => { beforeAll(() => { throw Error(); }); it('f', () => {}); });` },
      '2 passed, 1 failed, 1 skipped',
    ],
    [
      'an error nobody awaited',
      { 'a.test.js': `it('g', async () => { Promise.reject(Error()); await new Promise(setImmediate); });` },
      '1 passed, 1 failed',
    ],
    ['no test at all', {}, '0 passed, 1 failed'],
  ])('%s', async (_, files, line) => {
    expect(await closing(files as Record<string, string>)).toBe(line);
  });

  it('is preceded by what passed at the second try only, by name and reason', async () => {
    const stumbles = "let tries = 0; describe('e', () => { it('s', () => expect(++tries).toBe(2)); });";
    const lines = await printed({ 'a.test.js': `${GOOD} ${stumbles}` }, '--retry=1');
    expect(lines.slice(-2)).toEqual([
      'at the second try: a.test.js > e > s: expected 1 to be 2 // Object.is equality',
      '3 passed, 0 failed',
    ]);
  });
});
