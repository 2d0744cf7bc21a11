// Bundled and started by bench/motion: watches streams as the recorder does and writes one line for each beginning and end.
import { systemClock } from '../../lib/clock.js';
import { createLog } from '../../lib/log.js';
import { ReadTurns } from '../../lib/rtsp/read-turns.js';
import { type AnalysedStream, AnalysisMotionSource, READ_EVERY_MS } from '../../src/motion/analysis/analysis-source.js';

const log = createLog({ level: 'warn', format: 'text' });
const turns = new ReadTurns(systemClock, READ_EVERY_MS);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

await Promise.all(
  (JSON.parse(process.argv[2]!) as AnalysedStream[]).map(async (stream, index) => {
    const source = new AnalysisMotionSource({
      ...{ camera: String(index), source: async () => stream, ffmpeg: 'ffmpeg', clock: systemClock, log, turns },
    });
    for await (const { active } of source.changes(stop.signal)) {
      process.stdout.write(`${index} ${active ? 'begin' : 'end'}\n`);
    }
  }),
);
