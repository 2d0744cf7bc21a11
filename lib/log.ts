import pino from 'pino';
import { redact } from './redact.js';

export type Log = pino.Logger;

/** What a log line may never show, wherever it stands in the object. */
const SECRETS = [
  'password',
  '*.password',
  'passphrase',
  '*.passphrase',
  'token',
  '*.token',
  'headers.authorization',
  'headers.cookie',
];

export interface LogOptions {
  level?: string;
  /** `text` for people at a terminal, `json` for machines. */
  format?: 'text' | 'json';
  /** Where lines go; standard error by default, so that standard output stays for results. */
  write?: (line: string) => void;
}

/** JSON lines with secrets removed, or one readable line each. */
export function createLog({
  level = 'info',
  format = 'json',
  write = (line) => process.stderr.write(line),
}: LogOptions = {}): Log {
  const options: pino.LoggerOptions = {
    level,
    base: undefined,
    redact: { paths: SECRETS, censor: '***' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(options, { write: (line: string) => write(redact(format === 'text' ? readable(line) : line)) });
}

function readable(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${[msg, ...details].join('  ')}\n`;
}
