import { defineConfig } from 'vite';

/** Builds the browser pages of `web/` to `dist/web`, which the recorder serves. */
export default defineConfig({
  root: 'web',
  build: { outDir: '../dist/web', emptyOutDir: true, assetsInlineLimit: 0 },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
