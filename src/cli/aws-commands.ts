import type { Command } from 'commander';
import type { Declare } from './program.js';

/** `aws …` and `cost`. Returns every command, for the options that all have. */
export function declareAwsCommands(program: Command, action: Declare): Command[] {
  const aws = program
    .command('aws')
    .description('what `npx cdk deploy` made: look at it, prove it, and tell the recorder');
  const outputs = aws
    .command('outputs')
    .description('host, user, host keys and bucket, for the configuration of a recorder')
    .option('--site <name>', 'of this site (default: the only one, or that of the configuration)')
    .option('--write [file]', 'write them into the configuration (default: the one that was read)')
    .option('-n, --dry-run', 'with --write: say what would change');
  action(outputs, async () => (await import('./aws-outputs.js')).awsOutputs);

  const status = aws
    .command('status')
    .description('stacks, endpoint, host keys and sites; exit status 3 if anything is amiss');
  action(status, async () => (await import('./aws-status.js')).awsStatus);

  const test = aws
    .command('test')
    .description('upload as a site does, and try what it must not be able to; leaves one small file in the archive')
    .option('--remote <name>', 'the remote of the configuration to upload through', 'aws');
  action(test, async () => (await import('./aws-test.js')).awsTest);

  const keys = aws.command('keys').description('host keys of the endpoint, and passwords of sites');
  const importing = keys
    .command('import')
    .description('add a host key of your own, so that recorders need not pin a new one')
    .argument('<file>', 'a private key in OpenSSH or PEM format');
  action(importing, async () => (await import('./aws-keys.js')).awsKeysImport);
  const rotate = keys
    .command('rotate')
    .description('add a new host key beside the old; with --finish, take the old ones off')
    .option('--finish', 'every recorder has pinned the new one')
    .option('-y, --yes', 'do not ask');
  action(rotate, async () => (await import('./aws-keys.js')).awsKeysRotate);
  const password = keys
    .command('password')
    .description('make a new password for a site that signs in with one; it is shown once, and only its hash is kept')
    .argument('<site>', 'its name in the configuration');
  action(password, async () => (await import('./aws-keys.js')).awsKeysPassword);

  const cost = program
    .command('cost')
    .description('what the archive costs on AWS each month, before anything is deployed')
    .option('--cameras <number>', 'how many (default: those of the configuration)')
    .option('--mbps <number>', 'Mbit/s that each sends on average', '2')
    .option('--retention <days>', 'as 30d (default: that of the configuration, or 30d)')
    .option('--segment <time>', 'length of a file (default: that of the configuration, or 5m)')
    .option('--transport <name>', 'only this one: sftp, ftps or s3 (default: all, side by side)')
    .option('--viewed <percent>', 'share of the footage that is looked at, once', '2');
  action(cost, async () => (await import('./cost.js')).cost);
  return [aws, outputs, status, test, keys, importing, rotate, password, cost];
}
