import { createLog, type Log } from '../../lib/log.js';
import type { Context, GlobalOptions } from './context.js';

/** The log of a running service: readable at a terminal, JSON lines under a supervisor. */
export function serviceLog(context: Context, options: GlobalOptions): Log {
  return createLog({
    level: options.quiet ? 'warn' : options.verbose ? 'debug' : 'info',
    format: context.stderr.isTTY ? 'text' : 'json',
    write: (line) => context.stderr.write(line),
  });
}
