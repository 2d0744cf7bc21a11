import type { Command } from 'commander';
import type { Declare } from './program.js';

/** Where the archive is; every command that reads one takes these. */
export function placeOptions(command: Command): Command {
  return command
    .option('--bucket <name>', 'the bucket of the archive, in place of what the configuration says')
    .option('--prefix <path>', 'what its keys are under')
    .option('--region <name>', "where the bucket is (default: the profile's, or AWS_REGION)")
    .option('--profile <name>', 'a profile of ~/.aws to read with')
    .option('--endpoint <url>', 'another server that speaks S3')
    .option('--ca-file <file>', 'authorities to accept in place of those known to this machine')
    .option('--folder <dir>', 'a folder that holds an archive, in place of a bucket')
    .option('--site <name...>', 'only these sites of it')
    .option('--timezone <zone>', 'the time zone times are written and shown in');
}

/** Which footage. */
export function spanOptions(command: Command): Command {
  return command
    .option('--camera <name>', 'of which camera')
    .option('--from <moment>', '2026-05-03, "2026-05-03 14:30", 2026-05-03T12:30:00Z, or how long ago: 24h')
    .option('--to <moment>', 'the same; not included');
}

/** `nvr-uplink browse|ls|get|export|restore|index`: everything that needs an archive and no recorder. */
export function declareArchiveCommands(program: Command, action: Declare): Command[] {
  const commands: Command[] = [];
  const declare = (command: Command, load: Parameters<Declare>[1]) => {
    commands.push(command);
    action(command, load);
  };
  declare(
    placeOptions(program.command('browse'))
      .description('the pages over an archive alone, read-only: needs a bucket or folder and the right to read it')
      .option('--port <number>', 'port of the pages on this machine (default: 8080, or a free one)'),
    async () => (await import('./browse.js')).browse,
  );
  declare(
    spanOptions(placeOptions(program.command('ls'))).description(
      'what an archive holds: cameras; with --camera its days; with --from what there is in that time: until --to, else in that day, or until now',
    ),
    async () => (await import('./ls.js')).ls,
  );
  declare(
    spanOptions(placeOptions(program.command('get')))
      .description('files of an archive as they were recorded, each held against its hash; goes on where it ended')
      .argument('[key...]', 'keys as `ls` shows them; or else --camera, --from and --to')
      .option('-o, --output <dir>', 'where to put them (default: here)'),
    async () => (await import('./get.js')).get,
  );
  declare(
    spanOptions(placeOptions(program.command('export')))
      .description('one film of a span, cut without touching a picture, and what proves where it comes from')
      .option('-o, --output <dir>', 'where to put it (default: export_CAMERA_TIME)')
      .option('--originals', 'the recorded files as well, so that every byte of the film can be proved'),
    async () => (await import('./export.js')).exportFootage,
  );
  const index = program.command('index').description('the index of an archive');
  declare(
    placeOptions(index.command('rebuild'))
      .description(
        'list media that no index lists: of a lost index, or of an NVR that uploads by itself; reads each once',
      )
      .option(
        '--layout <name>',
        'how an NVR named them: a maker, or a template as inbox.layout has it (default: whichever fits)',
      )
      .option('--camera <name>', 'all of it is of this camera')
      .option('--all', 'also files younger than 2 h, which a recorder may be about to list itself')
      .option('-n, --dry-run', 'only say what would be listed'),
    async () => (await import('./index-rebuild.js')).indexRebuild,
  );
  declare(
    spanOptions(placeOptions(program.command('erase')))
      .description(
        'erase footage for good, every version, copy and entry of it, with a receipt; says first what would go',
      )
      .option('--reason <text>', 'why, for the receipt')
      .option('-y, --yes', 'do it'),
    async () => (await import('./erase.js')).erase,
  );
  declare(
    spanOptions(placeOptions(program.command('restore')))
      .description('thaw footage that lies in Glacier; says first what that costs and how long it takes')
      .option('--tier <name>', 'expedited, standard or bulk', 'standard')
      .option('--days <number>', 'how long it is to be readable', '7')
      .option('--wait', 'until all of it can be read')
      .option('-y, --yes', 'do it'),
    async () => (await import('./restore.js')).restore,
  );
  const token = program.command('token').description('let programs ask the recorder');
  declare(
    token
      .command('create')
      .description('make a token, which is shown once; it may only look, unless --full')
      .argument('<name>', 'what it is for')
      .option('--full', 'it may also order exports and see the audit log'),
    async () => (await import('./token.js')).tokenCreate,
  );
  declare(
    token.command('list').description('what tokens there are'),
    async () => (await import('./token.js')).tokenList,
  );
  declare(
    token.command('revoke').description('end a token').argument('<name>', 'as `token list` shows it'),
    async () => (await import('./token.js')).tokenRevoke,
  );
  return commands;
}
