import { parseArgs } from 'node:util';
import { killCycles } from './faults/kill-cycles.js';

/** `npm run prove -- NAME [--size N]`: long harnesses at any size; exit status 1 on any violation. */
const PROOFS: Record<string, { size: number; run: (size: number) => Promise<{ violations: string[] }> }> = {
  kill: { size: 20, run: (size) => killCycles(size, (line) => console.error(line)) },
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { size: { type: 'string' } } });
const proof = PROOFS[positionals[0] ?? ''];
if (!proof) {
  console.error(`usage: npm run prove -- ${Object.keys(PROOFS).join('|')} [--size N]`);
  process.exit(2);
}
const report = await proof.run(Number(values.size ?? proof.size));
console.log(JSON.stringify(report, null, 2));
process.exit(report.violations.length > 0 ? 1 : 0);
