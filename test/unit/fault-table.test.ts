import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const TABLE = readFileSync('docs/faults.md', 'utf8');
const PROOFS = readFileSync('test/prove.ts', 'utf8');
/** Where tests are named that every implementation is held to. */
const CONTRACT = 'test/contract/remote.ts';

const sources = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('test', name));

/** `[numbers, test]` of each row. */
const rows = TABLE.split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map((cells) => [cells[1]!, cells.at(-2)!] as const);

const numbers = (list: string) => list.split(',').map(Number);

/** The text of the test files of a name, and of what they run: `x.test.ts` runs `x.ts`. */
function textOf(name: string): string {
  const wanted = [`${name}.test.ts`, `${name}.ts`];
  const files = sources.filter((path) => wanted.some((one) => `/${path}`.endsWith(`/${one}`)));
  if (!files.some((path) => path.endsWith('.test.ts'))) return '';
  return files.map((path) => readFileSync(path, 'utf8')).join('\n');
}

/** The names of the servers a file scripts, as its tests have them. */
function liesOf(file: string): string[] {
  const [, list] = /const lies: .*? = \[\n(.*?)\n {2}\];/s.exec(readFileSync(`test/faults/${file}.test.ts`, 'utf8'))!;
  return [...list!.matchAll(/\[\s*'([^']+)',/g)].map(([, name]) => name!);
}

describe('docs/faults.md', () => {
  it('has each of the faults, once, or says that it is not proven', () => {
    const [, open = ''] = /\nNot proven yet: (.*)/s.exec(TABLE) ?? [];
    const notProven = [...open.matchAll(/\brow (\d+)/g)].map(([, number]) => Number(number));
    const all = [...rows.flatMap(([list]) => numbers(list)), ...notProven].sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 42 }, (_, n) => n + 1));
  });

  it.each(rows)('row %s names tests that are there', (_row, cell) => {
    const named = [...cell.matchAll(/`([\w/-]+?)(?:\.test\.ts|(?<=-lies))`/g)].map(([, name]) => name!);
    expect(named).not.toEqual([]);
    for (const name of named) expect(textOf(name), `${name}.test.ts`).not.toBe('');
    for (const [, proof] of cell.matchAll(/prove -- ([\w-]+)/g))
      expect(PROOFS).toMatch(new RegExp(`['\\s]${proof}['\\s]*:`));
    for (const clause of cell.split(';')) {
      const files = [...clause.matchAll(/`([\w/-]+?)(?:\.test\.ts|(?<=-lies))`/g)].map(([, name]) => name!);
      const texts = files.length > 0 ? files.map(textOf) : [readFileSync(CONTRACT, 'utf8')];
      for (const [, title] of clause.matchAll(/"([^"]+)"/g))
        for (const text of texts) for (const part of title!.split('…')) expect(text).toContain(part.trim());
    }
  });

  it.each(['sftp-lies', 'ftp-lies', 's3-lies', 'https-lies'])('names each server that %s.test.ts scripts', (file) => {
    const [, count, list] = new RegExp(`\\(\`${file}\`, (\\d+)\\): (.*?)\\.\\n`, 's').exec(TABLE) ?? [];
    const named = list?.replaceAll(/\s+/g, ' ').split('; ');
    expect(named).toEqual(liesOf(file));
    expect(named).toHaveLength(Number(count));
  });

  it('is about more than twenty servers that misbehave, each of SFTP and FTPS', () => {
    for (const file of ['sftp-lies', 'ftp-lies']) expect(liesOf(file).length, basename(file)).toBeGreaterThan(20);
  });
});
