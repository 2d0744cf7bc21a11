import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/**
 * What many commands load and talks to nobody: as one file each it takes a third of the time. Whatever has a wire to the
 * outside stays a package of its own, so that an update of it takes effect.
 */
const INLINED = new Set(['commander', 'yaml', 'zod', 'pino']);

const packages: Plugin = {
  name: 'packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point' || INLINED.has(packageOf(path))) return undefined;
      if (kind === 'import-statement' && isCommonJs(path)) return { path, namespace: 'required' };
      return { path, external: true };
    });
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

/**
 * Before Node imports a package written for CommonJS, it reads what that exports with a parser of its own, which for ssh2 takes as
 * long as loading it. What is required is only loaded, and is the same.
 */
function isCommonJs(path: string): boolean {
  if (isBuiltin(path)) return false;
  const file = fileURLToPath(import.meta.resolve(path));
  // Some packages are there twice.
  if (createRequire(import.meta.url).resolve(path) !== file) return false;
  const { type } = JSON.parse(readFileSync(`node_modules/${packageOf(path)}/package.json`, 'utf8')) as {
    type?: string;
  };
  return file.endsWith('.cjs') || (file.endsWith('.js') && type !== 'module');
}

function packageOf(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}

/** Builds `dist/bin/nvr-uplink.js` and the parts it loads when they are asked for. Nothing is renamed: traces stay readable. */
for (const folder of ['src', 'lib', 'bin']) await rm(`dist/${folder}`, { recursive: true, force: true });
await build({
  entryPoints: ['bin/nvr-uplink.ts'],
  outdir: 'dist',
  entryNames: 'bin/[name]',
  // As deep as the sources are, for what is found from there: the pages, package.json.
  chunkNames: 'src/[name]-[hash]',
  ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', sourcemap: true },
  plugins: [packages],
  // Packages written for CommonJS ask for Node's own modules by it.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
  },
  logLevel: 'warning',
});
