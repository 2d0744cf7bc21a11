import { parseArgs } from 'node:util';
import { backlogProof } from './faults/backlog-proof.js';
import { capProof } from './faults/cap-proof.js';
import { dayProof } from './faults/day-proof.js';
import { killCycles } from './faults/kill-cycles.js';
import { motionProof } from './faults/motion-proof.js';
import { onvifFuzz } from './faults/onvif-fuzz.js';
import { rtspFuzz } from './faults/rtsp-fuzz.js';
import { webFuzz } from './faults/web-fuzz.js';

/** `npm run prove -- NAME [--size N]`: long harnesses at any size; exit status 1 on any violation. */
const PROOFS: Record<string, { size: number; run: (size: number) => Promise<{ violations: string[] }> }> = {
  backlog: { size: 100_000, run: (size) => backlogProof(size, undefined, (line) => console.error(line)) },
  cap: { size: 60, run: (size) => capProof(size) },
  day: { size: 24, run: (size) => dayProof(size, Date.now() % 1_000_000, (line) => console.error(line)) },
  kill: { size: 20, run: (size) => killCycles(size, (line) => console.error(line)) },
  motion: { size: 50, run: (size) => motionProof(size, (line) => console.error(line)) },
  'rtsp-fuzz': { size: 10_000, run: (size) => rtspFuzz(size, 1, (line) => console.error(line)) },
  web: { size: 10_000, run: (size) => webFuzz(size, 1, (line) => console.error(line)) },
  'onvif-fuzz': { size: 10_000, run: (size) => onvifFuzz(size, 1, (line) => console.error(line)) },
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
