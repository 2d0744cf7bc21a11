import { Command, CommanderError } from 'commander';
import { Failure, messageOf } from '../../lib/errors.js';
import { ConfigFailure } from '../config/faults.js';
import { type Context, EXIT, type GlobalOptions, printJson, version } from './context.js';
import { demo } from './demo.js';
import { run } from './run.js';
import { status } from './status.js';
import { validate } from './validate.js';

/** Runs one command line. Resolves to the exit status; errors are printed with what to do next, never with a stack. */
export async function main(args: readonly string[], context: Context): Promise<number> {
  let exit: number = EXIT.ok;
  const program = build(context, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    report(context, program.opts<GlobalOptions>(), error);
    return isUsage(error) ? EXIT.usage : EXIT.failed;
  }
}

type Action = (context: Context, options: GlobalOptions & Record<string, unknown>) => Promise<number>;

function build(context: Context, exit: (code: number) => void): Command {
  const program = new Command('nvr-uplink')
    .description('Gets camera footage off the premises into your own S3 bucket, and can prove that nothing is missing.')
    .version(version())
    .option(
      '-c, --config <file>',
      'configuration file (default: ./nvr-uplink.yaml, then /etc/nvr-uplink/nvr-uplink.yaml)',
    )
    .option('--json', 'print one JSON object, or one per line for progress')
    .option('-q, --quiet', 'only warnings and errors')
    .option('-v, --verbose', 'everything')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .showHelpAfterError('(see nvr-uplink --help)')
    .exitOverride();
  const action = (command: Command, perform: Action) =>
    command.action(async () => exit(await perform(context, command.optsWithGlobals())));

  action(
    program
      .command('demo')
      .description(
        'two simulated cameras, the real recorder, an upload target and the pages: nothing needed, nothing touched',
      )
      .option('--dir <folder>', 'keep everything below this folder (default: a temporary one, removed at the end)')
      .option('--port <number>', 'port of the pages (default: 8080, or a free one)')
      .option('--cameras <number>', 'how many cameras', '2'),
    demo,
  );
  action(program.command('run').description('record, upload and serve the pages until stopped'), run);
  action(program.command('status').description('what is recorded, uploaded, waiting and missing'), status);
  const config = program.command('config').description('look at the configuration');
  action(config.command('validate').description('check the configuration and name every fault'), validate);
  for (const command of [...program.commands, ...config.commands]) inherit(command);
  return program;
}

/** Global options may stand after the command as well: `nvr-uplink status --json -c FILE`. */
function inherit(command: Command): void {
  command
    .option('-c, --config <file>', 'configuration file')
    .option('--json', 'print JSON')
    .option('-q, --quiet', 'only warnings and errors')
    .option('-v, --verbose', 'everything');
}

function isUsage(error: unknown): boolean {
  return error instanceof ConfigFailure || (error instanceof Failure && error.code === 'config-missing');
}

function report(context: Context, options: GlobalOptions, error: unknown): void {
  const { code, hint } = error instanceof Failure ? error : { code: 'failed', hint: undefined };
  const faults = error instanceof ConfigFailure ? error.faults : undefined;
  if (options.json) printJson(context, { error: { code, message: messageOf(error), hint, faults } });
  const text = error instanceof ConfigFailure ? error.message : messageOf(error);
  context.stderr.write(`${text}\n${hint ? `→ ${hint}\n` : ''}`);
}
