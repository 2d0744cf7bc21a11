import { type Command, InvalidArgumentError } from 'commander';
import { bytes } from '../config/units.js';
import type { Declare } from './program.js';

/** `upload`, `upload test`, `keys generate`. Returns the commands below others. */
export function declareUploadCommands(program: Command, action: Declare): readonly Command[] {
  const upload = program.command('upload');
  action(
    upload
      .description('send files to the remotes now, beside what the recorder does')
      .argument('[path...]', 'files, or folders with all that is in them')
      .option('--remote <name...>', 'only to these (default: to every remote); after it, -- before the files')
      .option(
        '--to <prefix>',
        'where all of them go, below the site (default: footage of ours to where an archive has it, the rest to uploads)',
      )
      .option('-n, --dry-run', 'say what would be sent, and under which keys'),
    async () => (await import('./upload.js')).upload,
  );
  action(
    upload
      .command('test')
      .description('try remotes out, step by step, as they will be used (a file of that name: ./test)')
      .argument('[remote...]', 'their names (default: all)')
      .option('--size <amount>', 'how much to send to measure the line', amount, 8_000_000),
    async () => (await import('./upload-test.js')).uploadTest,
  );
  const keys = program.command('keys').description('the key that uploads sign in with');
  action(
    keys
      .command('generate')
      .description('make an Ed25519 key pair, and say where its public half goes; never overwrites')
      .argument('[file]', 'where (default: `key_file` of the SFTP remote, else ./nvr-uplink-key)')
      .option('--passphrase-file <file>', 'encrypt it with what this file holds'),
    async () => (await import('./keys-generate.js')).keysGenerate,
  );
  return [...upload.commands, ...keys.commands];
}

/** `8MB` → 8,000,000. */
function amount(text: string): number {
  const parsed = bytes.safeParse(text);
  if (parsed.success && parsed.data > 0) return parsed.data;
  throw new InvalidArgumentError('Write a number and a unit, e.g. 8MB.');
}
