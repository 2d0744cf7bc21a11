import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Lines of source by path, as if they lay in this repository. */
export type Sources = Record<string, string[]>;

export interface Finding {
  path: string;
  /** The whole line that is complained about. */
  line: string;
  rule: string;
}

interface Diagnostic {
  category: string;
  location: { path: string; start?: { line: number } };
}

/** What our lint settings find in `sources`, laid out in a folder of their own. */
export async function lint(sources: Sources): Promise<Finding[]> {
  const root = await mkdtemp(join(tmpdir(), 'lint-'));
  try {
    for (const file of ['biome.json', '.biome', '.gitignore']) await cp(file, join(root, file), { recursive: true });
    for (const [path, lines] of Object.entries(sources)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), `${lines.join('\n')}\n`);
    }
    const diagnostics = await biome(root);
    return diagnostics.map(({ category, location: { path, start } }) => ({
      path,
      line: sources[path]?.[(start?.line ?? 0) - 1] ?? '',
      rule: category,
    }));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function biome(root: string): Promise<Diagnostic[]> {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', '.'];
  return new Promise((done, reject) => {
    execFile(resolve('node_modules/.bin/biome'), args, { cwd: root, maxBuffer: 1e8 }, (_, stdout, stderr) => {
      // It exits 1 for findings and for its own troubles alike: only the report tells them apart.
      const start = stdout.indexOf('{');
      if (start < 0) reject(new Error(`Biome gave no report: ${stderr}`));
      else done((JSON.parse(stdout.slice(start)) as { diagnostics: Diagnostic[] }).diagnostics);
    });
  });
}
