import { beforeAll, describe, expect, it } from 'vitest';
import { lint } from './linted.js';

const STAGES = ['camera', 'motion', 'recording', 'inbox', 'spool', 'upload', 'archive', 'browse', 'operate', 'cli'];
const OTHERS = ['bin', 'cdk', 'test', 'bench', 'web'];
const COMMON = ['segment.js', 'archive-source.js', 'config/load.js', 'ledger/ledger.js'];

/** What the file at `path` may import, and what not. */
interface Case {
  path: string;
  allowed: string[];
  forbidden: string[];
}

const stagesBut = (own: string, prefix: string) =>
  STAGES.filter((stage) => stage !== own).map((stage) => `${prefix}${stage}/x.js`);
const stages = (prefix: string) => stagesBut('', prefix);
const others = (prefix: string, own = '') =>
  OTHERS.filter((folder) => folder !== own).map((folder) => `${prefix}${folder}/x.js`);
const common = (prefix: string) => COMMON.map((path) => prefix + path);

const fromSrc = (toSrc: string) => (toSrc === './' ? '../' : `${toSrc}../`);

/** `toSrc` leads from the file to `src/`. */
function stageCase(stage: string, path: string, toSrc: string): Case {
  return {
    path,
    // A folder of lib/ may well be called as one of ours is.
    allowed: [
      'node:fs',
      'zod',
      './own.js',
      `${toSrc}../lib/clock.js`,
      `${toSrc}../lib/camera/x.js`,
      `${toSrc}../lib/test/x.js`,
      ...common(toSrc),
    ],
    forbidden: [...stagesBut(stage, toSrc), `${toSrc}app.js`, `${toSrc}app-web.js`, ...others(`${toSrc}../`)],
  };
}

const inSrc: Case[] = [
  ...['config', 'ledger', ...STAGES.filter((stage) => stage !== 'cli')].flatMap((stage) => [
    stageCase(stage, `src/${stage}/x.ts`, '../'),
    stageCase(stage, `src/${stage}/deeper/x.ts`, '../../'),
  ]),
  ...[
    ['src/cli/x.ts', '../'],
    ['src/cli/deeper/x.ts', '../../'],
    ['src/app.ts', './'],
    ['src/app-web.ts', './'],
  ].map(([path, toSrc]) => ({
    path: path!,
    allowed: [...stages(toSrc!), `${toSrc}app.js`, `${fromSrc(toSrc!)}lib/test/x.js`, ...common(toSrc!)],
    forbidden: others(fromSrc(toSrc!)),
  })),
  ...['src/segment.ts', 'src/archive-source.ts', 'src/later.ts'].map((path) => ({
    path,
    allowed: ['./segment.js', './config/units.js', '../lib/clock.js', '../lib/test/x.js'],
    forbidden: [...stages('./'), './app.js', './app-web.js', ...others('../')],
  })),
];

const inLib: Case[] = [
  ...['lib/x.ts', 'lib/clock.ts'].map((path) => ({
    path,
    allowed: ['node:fs', 'ssh2', './errors.js', './camera/x.js', './upload/x.js'],
    forbidden: ['../src/segment.js', '../src/upload/x.js', ...others('../')],
  })),
  {
    path: 'lib/remote/x.ts',
    allowed: ['../errors.js', '../archive/x.js', './sftp.js'],
    forbidden: ['../../src/segment.js', '../../src/config/schema.js', ...others('../../')],
  },
];

const elsewhere: Case[] = [
  {
    path: 'cdk/x.ts',
    allowed: ['aws-cdk-lib/aws-s3', './own.js', '../src/segment.js', '../src/config/schema.js'],
    forbidden: [
      '../src/app.js',
      '../src/archive-source.js',
      '../src/ledger/x.js',
      '../lib/x.js',
      ...others('../', 'cdk'),
      ...stages('../src/'),
    ],
  },
  {
    path: 'cdk/login/x.ts',
    allowed: ['../own.js', '../../src/segment.js', '../../src/config/schema.js'],
    forbidden: ['../../src/upload/x.js', '../../lib/errors.js', '../../bin/x.js', '../../test/x.js'],
  },
  ...['web/src/x.ts', 'web/src/x.tsx'].map((path) => ({
    path,
    allowed: [
      'preact',
      './player/x.js',
      '../../src/browse/api.js',
      '../../src/archive-source.js',
      '../../src/segment.js',
    ],
    forbidden: [
      '../../src/app.js',
      '../../src/config/x.js',
      '../../lib/clock.js',
      ...others('../../', 'web'),
      ...stages('../../src/'),
    ],
  })),
  ...['bin/x.ts', 'bench/x.ts', 'test/x.ts'].map((path) => ({
    path,
    allowed: [...stages('../src/'), '../src/app.js', '../lib/clock.js', '../cdk/x.js'],
    forbidden: [],
  })),
];

const CASES = [...inSrc, ...inLib, ...elsewhere];
const exporting = (specifier: string) => `export * from '${specifier}';`;

/** Every way to name a module counts, a type alone included. */
const FORMS = [
  "import { a } from '../upload/a.js';",
  "import type { B } from '../upload/b.js';",
  "import { type C } from '../upload/c.js';",
  "import '../upload/d.js';",
  "export { e } from '../upload/e.js';",
  "export type { F } from '../upload/f.js';",
  "export const g = await import('../upload/g.js');",
];

describe('lint keeps the folders apart', () => {
  let reported: (path: string) => string[];

  beforeAll(async () => {
    const sources = CASES.map(({ path, allowed, forbidden }) => [path, [...allowed, ...forbidden].map(exporting)]);
    const findings = await lint({ ...Object.fromEntries(sources), 'src/motion/forms.ts': FORMS });
    const imports = findings.filter((finding) => finding.rule === 'lint/style/noRestrictedImports');
    reported = (path) => imports.filter((finding) => finding.path === path).map((finding) => finding.line);
  });

  it.each(CASES)('$path', ({ path, forbidden }) => {
    expect(reported(path).sort()).toEqual(forbidden.map(exporting).sort());
  });

  it('sees every form of import', () => {
    expect(reported('src/motion/forms.ts').sort()).toEqual([...FORMS].sort());
  });
});

it('what the pages may import of src/browse/ is types and one sum: nothing of the server ends up in a browser', async () => {
  expect(Object.keys(await import('../../src/browse/api.js'))).toEqual(['spriteLayout']);
});
