import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { Failure, messageOf } from '../../lib/errors.js';
import { ConfigFailure } from '../config/faults.js';
import { declareArchiveCommands, placeOptions } from './archive-commands.js';
import { declareAwsCommands } from './aws-commands.js';
import { declareCameraCommands } from './camera-commands.js';
import { type Context, EXIT, type GlobalOptions, printJson, version } from './context.js';
import { envFiles, loadEnvFiles } from './env-files.js';
import { declareSimulate } from './simulate-options.js';
import { declareUploadCommands } from './upload-commands.js';

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

/** A command's options as commander hands them over: what each command declares is what it may rely on. */
// biome-ignore lint/suspicious/noExplicitAny: the declaration is the type, and commander cannot express it.
type Options = any;
type Action = (context: Context, options: Options, ...names: Options[]) => Promise<number>;
/** Says what a command does, by loading it. */
export type Declare = (command: Command, load: () => Promise<Action>) => void;

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
  /** Loaded only when it is asked for: `status` need not wait for a simulator. */
  const action: Declare = (command, load) =>
    command.action(async (...given: unknown[]) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      readEnvFiles(context, options);
      const perform = await load();
      exit(await perform(context, options, ...given.slice(0, -2)));
    });

  action(
    program
      .command('demo')
      .description(
        'two simulated cameras, the real recorder, an upload target and the pages: nothing needed, nothing touched',
      )
      .option('--dir <folder>', 'keep everything below this folder (default: a temporary one, removed at the end)')
      .option('--port <number>', 'port of the pages (default: 8080, or a free one)', whole('port', 0, 65_535))
      .option('--cameras <number>', 'how many cameras', whole('number of cameras', 1, 16), '2'),
    async () => (await import('./demo.js')).demo,
  );
  action(
    program.command('run').description('record, upload and serve the pages until stopped'),
    async () => (await import('./run.js')).run,
  );
  action(
    program.command('status').description('what is recorded, uploaded, waiting and missing'),
    async () => (await import('./status.js')).status,
  );
  action(
    // Every option that has no question mark there has a default here.
    declareSimulate(program.command('simulate')),
    async () => (await import('./simulate.js')).simulate,
  );
  action(
    program
      .command('gaps')
      .description('what is missing, when, and why; exit status 3 where time is not accounted for')
      .option('--camera <name...>', 'only these cameras')
      .option(
        '--from <moment>',
        '2026-05-03, "2026-05-03 14:30" in the time zone of the configuration, or how long ago',
        '24h',
      )
      .option('--to <moment>', 'the same', 'now'),
    async () => (await import('./gaps.js')).gaps,
  );
  action(
    placeOptions(program.command('verify'))
      .description('hold disk, ledger and archive against each other; exit status 3 on any difference')
      .argument('[export]', 'a folder that `export` made: check that alone')
      .option('--key <fingerprint...>', "believe only this recorder's signatures: SHA256:… as you noted it")
      .option('--day <date...>', 'only these UTC days, as 2026-05-03')
      .option('--camera <name...>', 'only these cameras')
      .option('--checksum', 'compare checksums, not only sizes: what the store knows, or else what is read back')
      .option('--download <percent>', 'read back this share of the objects and compare their SHA-256', share)
      .option('--repair', 'send again what a remote lost or damaged and this disk still has whole'),
    async () => (await import('./verify.js')).verify,
  );
  const remote = program.command('remote').description('remotes that are no longer configured');
  action(
    remote
      .command('forget')
      .description('end what is still owed to a remote that was removed from the configuration')
      .argument('<name>', 'its name in the configuration, as it was')
      .option('-y, --yes', 'do it; without, it says what would happen, and asks at a terminal'),
    async () => (await import('./remote-forget.js')).remoteForget,
  );
  const notify = program.command('notify').description('who is told what is wrong');
  action(
    notify
      .command('test')
      .description('send those that `alerts` names a test message')
      .argument('[name...]', 'only these'),
    async () => (await import('./notify-test.js')).notifyTest,
  );
  const config = program.command('config').description('look at the configuration');
  action(
    config.command('validate').description('check the configuration and name every fault'),
    async () => (await import('./validate.js')).validate,
  );
  const others = [
    ...declareUploadCommands(program, action),
    ...declareCameraCommands(program, action),
    ...declareAwsCommands(program, action),
    ...declareArchiveCommands(program, action),
  ];
  for (const command of new Set([
    ...program.commands,
    ...config.commands,
    ...remote.commands,
    ...notify.commands,
    ...others,
  ]))
    inherit(command);
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

/** Before any setting is looked at. */
function readEnvFiles({ env, loadEnvFile, stderr }: Context, { config }: GlobalOptions): void {
  if (loadEnvFile) loadEnvFiles(envFiles(config, env), loadEnvFile, (line) => stderr.write(`${line}\n`));
}

/** What is wrong is the command line or the configuration: exit status 2. */
const USAGE_CODES = new Set(['config-missing', 'usage']);

/** Refuses anything but a whole number in its range, before any work is done for it. */
function whole(what: string, least: number, most: number): (text: string) => string {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return text;
    throw new InvalidArgumentError(`Write a ${what} from ${least} to ${most}.`);
  };
}

/** `5%` or `5` → 0.05. */
function share(text: string): number {
  const percent = Number(/^(\d+(?:\.\d+)?)\s*%?$/.exec(text)?.[1]);
  if (percent >= 0 && percent <= 100) return percent / 100;
  throw new InvalidArgumentError('Write a share from 0% to 100%.');
}

function isUsage(error: unknown): boolean {
  return error instanceof ConfigFailure || (error instanceof Failure && USAGE_CODES.has(error.code));
}

function report(context: Context, options: GlobalOptions, error: unknown): void {
  const { code, hint } = error instanceof Failure ? error : { code: 'failed', hint: undefined };
  const faults = error instanceof ConfigFailure ? error.faults : undefined;
  if (options.json) printJson(context, { error: { code, message: messageOf(error), hint, faults } });
  const text = error instanceof ConfigFailure ? error.message : messageOf(error);
  context.stderr.write(`${text}\n${hint ? `→ ${hint}\n` : ''}`);
}
