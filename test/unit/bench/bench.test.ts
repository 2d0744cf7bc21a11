import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The real command with a benchmark of this test's own, whose result is known. */
describe('npm run bench', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bench-'));
    for (const shared of ['lib', 'node_modules', 'package.json']) await symlink(resolve(shared), join(dir, shared));
    for (const file of ['bench.ts', 'results.ts', 'table.ts']) await cp(`bench/${file}`, join(dir, 'bench', file));
    await writeFile(
      join(dir, 'bench', 'browse.ts'),
      `export async function run({ quick, say }) {
         say('measuring');
         return [{ metric: 'time', unit: 'seconds', better: 'lower', ours: quick ? 1 : 3, peers: { other: 2 } }];
       }`,
    );
    await writeFile(join(dir, 'bench', 'upload.ts'), `export async function run() { throw new Error('no line'); }`);
    await writeFile(
      join(dir, 'bench', 'record.ts'),
      `export const belongs = (metric, part) => metric.startsWith(part + '-');
       export async function run({ only, say }) {
         say(only.join());
         return only.map((part) => ({ metric: part + '-time', unit: 's', better: 'lower', ours: 3, peers: {} }));
       }`,
    );
    const goals = { browse: [{ metric: 'time', ratio: 1 }], record: [{ metric: 'far-time', limit: 2 }] };
    await writeFile(join(dir, 'bench', 'goals.json'), JSON.stringify(goals));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  function bench(...args: string[]): Promise<Outcome> {
    return new Promise((done) => {
      execFile(resolve('node_modules/.bin/tsx'), ['bench/bench.ts', ...args], { cwd: dir }, (error, stdout, stderr) => {
        done({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }

  it('prints the table and exits 0 where the goals are met', async () => {
    const { code, stdout, stderr } = await bench('browse', '--quick');
    expect(stdout).toMatch(/seconds .*0\.50 × other .*met/);
    expect(stderr).toBe('measuring\n');
    expect(code).toBe(0);
  });

  it('exits 1 where a goal is missed, and writes the numbers all the same', async () => {
    const { code, stdout } = await bench('browse', '--json', 'out.json');
    expect(stdout).toContain('MISSED');
    expect(code).toBe(1);
    expect(JSON.parse(await readFile(join(dir, 'out.json'), 'utf8'))).toMatchObject({
      bench: 'browse',
      quick: false,
      machine: { node: process.version },
      results: [{ metric: 'time', ours: 3, bestPeer: 'other', ratio: 1.5, met: false }],
    });
  });

  it('exits 1 where a benchmark fails, with the reason', async () => {
    expect(await bench('upload')).toEqual({ code: 1, stdout: '', stderr: 'failed: no line\n' });
  });

  it('measures the parts that are asked for, and asks no goals of others', async () => {
    const { code, stdout, stderr } = await bench('record', '--only', 'near,far-wide');
    expect(stderr).toBe('near,far-wide\n');
    expect(stdout).not.toContain('MISSED');
    expect(code).toBe(0);
    expect((await bench('record', '--only', 'far')).code).toBe(1);
  });

  it('exits 2 for parts of a benchmark that has none', async () => {
    const { code, stderr } = await bench('browse', '--only', 'near');
    expect([code, stderr]).toEqual([2, 'bench browse has no parts: leave --only out\n']);
  });

  it('exits 2 for a benchmark that is not there', async () => {
    expect(await bench('motion')).toEqual({ code: 2, stdout: '', stderr: 'bench motion: not built yet\n' });
  });

  it.each([[[]], [['nonsense']], [['browse', 'upload']], [['browse', '--fast']], [['browse', '--json']]])(
    'exits 2 for %j',
    async (args) => {
      const { code, stderr } = await bench(...args);
      expect(code).toBe(2);
      expect(stderr).toContain('usage: npm run bench --');
    },
  );
});
