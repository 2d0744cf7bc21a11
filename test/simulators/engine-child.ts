import type { RecordOptions } from '../../src/recording/engine.js';
import { type EngineName, newEngine } from './engines.js';

/** A recording in a process of its own, so that it can be killed: the engine's name in argv, options on fd 0, events on fd 1. */
let input = '';
for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk;
const options = JSON.parse(input) as RecordOptions;
for await (const event of newEngine(process.argv[2] as EngineName).record(options, new AbortController().signal)) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
