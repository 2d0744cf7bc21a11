import { beforeAll, describe, expect, it } from 'vitest';
import { type Finding, lint } from './linted.js';

const IMPORT = 'lint/style/noRestrictedImports';
const GLOBAL = 'lint/style/noRestrictedGlobals';

const READS_THE_CLOCK: [line: string, rule: string][] = [
  ["import { setTimeout as delay } from 'node:timers/promises';", IMPORT],
  ["import { setInterval as every } from 'node:timers';", IMPORT],
  ['export const later = setTimeout(delay, 5);', GLOBAL],
  ['export const often = setInterval(every, 5);', GLOBAL],
  ['export const sneaky = globalThis.setTimeout(delay, 5);', 'plugin'],
  ['export const sneakier = globalThis.setInterval(every, 5);', 'plugin'],
  ['export const now = Date.now();', 'plugin'],
  ['export const read = Date.now;', 'plugin'],
  ['export const today = new Date();', 'plugin'],
  ['export const same = new Date;', 'plugin'],
  ['export const text = Date();', 'plugin'],
  ['export const tick = performance.now();', 'plugin'],
];

/** Taking a known time apart, or yielding to the event loop, reads no clock. */
const TIMELESS = [
  "import { setImmediate as turn } from 'node:timers/promises';",
  'export const words = (time: number) => new Date(time).toISOString();',
  'export const noon = Date.UTC(2026, 4, 3, 12);',
  'export const yielded = turn();',
];

/** Rules of the base settings and of two overrides at once: were one to replace the others, these would go unseen. */
const ALL_RULES: [line: string, rule: string][] = [
  ["import { uploader } from '../upload/uploader.js';", IMPORT],
  ["import { readFileSync } from 'fs';", 'lint/style/useNodejsImportProtocol'],
  ['export const all = (one: any) => [one, uploader, readFileSync, Date.now()];', 'lint/suspicious/noExplicitAny'],
  ['export const never = () => {};', 'lint/suspicious/noEmptyBlockStatements'],
  ['export async function late() { setTimeout(never, 5); late(); }', 'lint/nursery/noFloatingPromises'],
];

const lines = (cases: readonly [string, string][]) => cases.map(([line]) => line);

describe('lint keeps the time in lib/clock.ts', () => {
  let of: (path: string) => Finding[];

  beforeAll(async () => {
    const reads = lines(READS_THE_CLOCK);
    const findings = await lint({
      'src/recording/reads.ts': reads,
      'src/reads.ts': reads,
      'src/app.ts': reads,
      'src/app-web.ts': reads,
      'src/cli/reads.ts': reads,
      'lib/remote/reads.ts': reads,
      'lib/clock.ts': reads,
      'test/reads.ts': reads,
      'src/recording/timeless.ts': TIMELESS,
      'lib/timeless.ts': TIMELESS,
      'src/recording/all.ts': lines(ALL_RULES),
    });
    of = (path) => findings.filter((finding) => finding.path === path);
  });

  it.each([
    'src/recording/reads.ts',
    'src/reads.ts',
    'src/app.ts',
    'src/app-web.ts',
    'src/cli/reads.ts',
    'lib/remote/reads.ts',
  ])('nothing in %s reads or waits by itself', (path) => {
    const found = of(path).map(({ line, rule }) => [line, rule]);
    for (const expected of READS_THE_CLOCK) expect(found).toContainEqual(expected);
  });

  it.each(['lib/clock.ts', 'test/reads.ts', 'src/recording/timeless.ts', 'lib/timeless.ts'])('%s may', (path) => {
    expect(of(path).filter(({ rule }) => [IMPORT, GLOBAL, 'plugin'].includes(rule))).toEqual([]);
  });

  it('no override silences a rule of another', () => {
    const found = of('src/recording/all.ts').map(({ line, rule }) => [line, rule]);
    for (const expected of ALL_RULES) expect(found).toContainEqual(expected);
    expect(found.map(([, rule]) => rule)).toEqual(expect.arrayContaining(['plugin', GLOBAL]));
  });
});
