import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { processesIn } from '../../lib/processes.js';
import type { EngineEvent, RecordOptions } from '../../src/recording/engine.js';
import { until } from '../peers/until.js';
import type { EngineName } from './engines.js';
import type { Progress } from './take.js';

const PROGRAM = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** An engine recording in a process of its own, which can be killed with all that it started. */
export class EngineProcess {
  readonly progress: Progress[] = [];

  private constructor(
    readonly child: ChildProcess,
    readonly directory: string,
  ) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as EngineEvent;
      if (event.type === 'progress') this.progress.push(event);
    });
  }

  static async start(name: EngineName, options: RecordOptions): Promise<EngineProcess> {
    const args = ['--import', TSX, PROGRAM, name];
    const child = spawn(process.execPath, args, { cwd: options.directory, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin!.end(JSON.stringify(options));
    return new EngineProcess(child, options.directory);
  }

  /** SIGKILL for it and everything that works for it, all at once. */
  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    const pids = await processesIn(this.directory);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await gone;
    await until('everything to be gone', async () => (await processesIn(this.directory)).length === 0);
  }
}
