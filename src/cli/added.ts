import type { Addition } from '../camera/adding.js';
import { editFile } from '../config/file.js';
import { folded } from './discover-table.js';
import { table, usage } from './format.js';

type NewCamera = Extract<Addition, { action: 'add' }>;

/** What was written, and what is to be done next. `saved`: where the password is. */
export function addedText(
  additions: readonly Addition[],
  file: string,
  saved: string | undefined,
  columns: number,
): string {
  const rows = additions.map((addition) =>
    addition.action === 'add'
      ? ['added', addition.name, addition.camera.address, makeOf(addition.camera)]
      : ['moved', addition.names.join(', '), addition.camera.address, `from ${addition.from}`],
  );
  const [, ...lines] = table(['', 'NAME', 'ADDRESS', ''], rows).split('\n');
  const variables = variablesOf(additions).join(', ');
  const where = saved
    ? `The password is in ${saved}, which only you can read, as ${variables}.`
    : `Put the password into .env or the environment, as ${variables}; or run this with --save-password.`;
  const first = additions.find((addition): addition is NewCamera => addition.action === 'add');
  return [
    `${file}:`,
    ...lines.map((line) => `  ${line}`),
    ...(variables === '' ? [] : ['', ...folded(where, columns, '')]),
    ...(first ? [`→ nvr-uplink camera check ${first.name}`] : []),
  ].join('\n');
}

function makeOf({ manufacturer, model }: NewCamera['camera']): string {
  return [manufacturer, model].filter(Boolean).join(' ');
}

function variablesOf(additions: readonly Addition[]): string[] {
  const all = additions.flatMap((addition) =>
    addition.action === 'add' && addition.variable ? [addition.variable] : [],
  );
  return [...new Set(all)];
}

/** Appends the password to a `.env` file, under each camera's variable. Lines that are there stay, but for these variables. */
export async function savePasswords(additions: readonly Addition[], password: string, file: string): Promise<void> {
  const variables = variablesOf(additions);
  if (variables.length === 0) return;
  const value = quoted(password);
  await editFile(file, (text) => {
    const kept = text.split('\n').filter((line) => !variables.some((name) => line.startsWith(`${name}=`)));
    const body = kept.join('\n').replace(/\n*$/, '');
    return `${body}${body === '' ? '' : '\n'}${variables.map((name) => `${name}=${value}\n`).join('')}`;
  });
}

/** As `process.loadEnvFile` reads it: what stands in quotes is not looked into, except for `\n` in double ones. */
function quoted(password: string): string {
  const quote = ["'", '`', '"'].find((one) => !password.includes(one) && (one !== '"' || !password.includes('\\n')));
  if (quote === undefined || /[\r\n]/.test(password)) {
    throw usage(
      'This password cannot be written into .env',
      'It holds all kinds of quotes. Put it into a file, and refer to that file in the configuration.',
    );
  }
  return `${quote}${password}${quote}`;
}
