import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Failure } from '../../lib/errors.js';
import { readSecret } from '../config/environment.js';
import type { Context } from './context.js';

export interface SecretSource {
  /** `--password-file`; `-` is standard input. */
  file: string | undefined;
  /** The environment variable that may hold it. */
  variable: string;
  /** What to ask for at a terminal. */
  question: string;
}

/**
 * A password from a file, else from the environment, else asked for at a terminal; undefined without any of these. Never from
 * argv, which every user of the machine can read.
 */
export async function readPassword(context: Context, source: SecretSource): Promise<string | undefined> {
  if (source.file === '-') return firstLine(await text(context.stdin));
  if (source.file !== undefined) return secretIn(source.file);
  const found = context.env[source.variable];
  if (found !== undefined) return found;
  const isTerminal = (context.stdin as { isTTY?: boolean }).isTTY === true && context.stderr.isTTY === true;
  return isTerminal ? await ask(context, source.question) : undefined;
}

function secretIn(file: string): string {
  try {
    return firstLine(readSecret(file));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`The password cannot be read: ${why}`, {
      kind: 'permanent',
      code: 'usage',
      hint: 'Give a file that only you can read, with the password in its first line.',
      cause,
    });
  }
}

function firstLine(content: string): string {
  return content.replace(/\r?\n[\s\S]*$/, '');
}

/** What is typed is not shown. */
async function ask(context: Context, question: string): Promise<string> {
  context.stderr.write(`${question}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: context.stdin, output: silent, terminal: true });
  try {
    return await prompt.question('', { signal: context.signal });
  } finally {
    prompt.close();
    context.stderr.write('\n');
  }
}
