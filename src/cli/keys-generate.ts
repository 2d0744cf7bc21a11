import { access, open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { Failure, messageOf } from '../../lib/errors.js';
import { fsyncDirectory } from '../../lib/files.js';
import { fingerprintOf } from '../../lib/remote/host-key.js';
import { generateKeyPair } from '../../lib/remote/key-pair.js';
import { loadConfig } from '../config/load.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';

interface KeysGenerateOptions extends GlobalOptions {
  passphraseFile?: string;
}

/** `nvr-uplink keys generate [FILE]`: an Ed25519 key pair to upload with. Never overwrites a file. */
export async function keysGenerate(context: Context, options: KeysGenerateOptions, wanted?: string): Promise<number> {
  const file = resolve(wanted ?? configuredFile(context, options) ?? 'nvr-uplink-key');
  const comment = `nvr-uplink@${hostname()}`;
  const pair = generateKeyPair({ comment, passphrase: await passphrase(options.passphraseFile) });
  await refuseExisting(`${file}.pub`);
  await create(file, pair.private, 0o600);
  await create(`${file}.pub`, `${pair.public}\n`, 0o644);
  const fingerprint = fingerprintOf(Buffer.from(pair.public.split(' ')[1]!, 'base64'));
  if (options.json) printJson(context, { file, publicKey: pair.public, fingerprint });
  else print(context, advice(file, pair.public, fingerprint));
  return EXIT.ok;
}

/** Where the one SFTP remote of the configuration expects its key. */
function configuredFile(context: Context, options: GlobalOptions): string | undefined {
  try {
    const { config } = loadConfig(options.config, context.env);
    const files = Object.values(config.remotes).flatMap((remote) =>
      remote.type === 'sftp' && remote.key_file ? [remote.key_file] : [],
    );
    return files.length === 1 ? files[0] : undefined;
  } catch (error) {
    // A key may well be the first thing that is made; a file that was named must be right.
    if (error instanceof Failure && error.code === 'config-missing' && options.config === undefined) return undefined;
    throw error;
  }
}

async function passphrase(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    const text = (await readFile(file, 'utf8')).trimEnd();
    if (text === '') throw new Error('it is empty');
    return text;
  } catch (cause) {
    throw new Failure(`The passphrase cannot be read from ${file}: ${messageOf(cause)}`, {
      kind: 'permanent',
      code: 'usage',
      hint: 'Write it to a file of its own, readable by its owner only.',
      cause,
    });
  }
}

async function refuseExisting(file: string): Promise<void> {
  try {
    await access(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  throw existing(file);
}

async function create(file: string, content: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fsyncDirectory(dirname(file));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw existing(file);
    throw new Failure(`${file} cannot be written: ${messageOf(cause)}`, {
      kind: 'permanent',
      code: 'key-unwritable',
      hint: 'Name another file, or make its folder.',
      cause,
    });
  }
}

function existing(file: string): Failure {
  return new Failure(`${file} exists, and is left as it is`, {
    kind: 'permanent',
    code: 'file-exists',
    hint: 'A key in use must not be lost: name another file, or move this one away yourself.',
  });
}

function advice(file: string, publicKey: string, fingerprint: string): string {
  return [
    `Made ${file} (the secret half: it stays on this machine) and ${file}.pub:`,
    '',
    publicKey,
    `  ${fingerprint}`,
    '',
    'Give the server the line above:',
    '  AWS by `cdk deploy`    in nvr-uplink.yaml, under `sites.NAME.keys`',
    '  AWS in the console     Transfer Family › Servers › your server › the user › Add SSH public key',
    '  any SSH server         as a line of ~/.ssh/authorized_keys of the upload user',
    '',
    `And this program, under the remote: key_file: ${file}`,
    'Then: nvr-uplink upload test',
  ].join('\n');
}
