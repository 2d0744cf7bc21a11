import { rm } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';

/**
 * What many commands load and talks to nobody: as one file each it takes a third of the time. Whatever has a wire to the
 * outside stays a package of its own, so that an update of it takes effect.
 */
const INLINED = new Set(['commander', 'yaml', 'zod', 'pino']);

const packages: Plugin = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      const name = path.split('/').slice(0, path.startsWith('@') ? 2 : 1);
      const isOurs = kind === 'entry-point' || INLINED.has(name.join('/'));
      return isOurs ? undefined : { path, external: true };
    });
  },
};

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
