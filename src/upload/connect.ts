import { readFileSync, statSync } from 'node:fs';
import type { Clock } from '../../lib/clock.js';
import { Failure, messageOf } from '../../lib/errors.js';
import { FolderRemote } from '../../lib/remote/folder.js';
import type { Remote } from '../../lib/remote/remote.js';
import { type HostKeyPolicy, SftpRemote } from '../../lib/remote/sftp.js';
import type { RemoteConfig } from '../config/schema.js';

/** Where fingerprints are kept that a first contact pinned, because the configuration asked for it. */
export interface PinStore {
  pin(remote: string): string | undefined;
  setPin(remote: string, fingerprint: string): void;
}

/** Builds the adapter a remote's configuration asks for. Opens nothing yet. Throws a `Failure` for an unusable key file. */
export function connectRemote(name: string, config: RemoteConfig, pins: PinStore, clock: Clock): Remote {
  if (config.type === 'folder') return new FolderRemote({ path: config.path, clock });
  const { host, port, username, password, passphrase } = config;
  return new SftpRemote({
    ...{ host, port, username, password, passphrase, clock },
    privateKey: config.key_file === undefined ? undefined : readKey(config.key_file),
    hostKeys: hostKeys(name, config.host_key, pins),
  });
}

function hostKeys(name: string, wanted: string[] | 'trust-on-first-use', pins: PinStore): HostKeyPolicy {
  if (wanted !== 'trust-on-first-use') return wanted;
  const pinned = pins.pin(name);
  if (pinned !== undefined) return [pinned];
  return { trustOnFirstUse: (fingerprint) => pins.setPin(name, fingerprint) };
}

function readKey(file: string): Buffer {
  try {
    const mode = statSync(file).mode & 0o777;
    if (mode & 0o077) {
      throw new Error(`it can be read by others (mode ${mode.toString(8)}); run: chmod 600 ${file}`);
    }
    return readFileSync(file);
  } catch (error) {
    throw new Failure(`The private key ${file} cannot be used: ${messageOf(error)}`, {
      kind: 'permanent',
      code: 'key-unreadable',
      hint: 'Check `key_file` of this remote in the configuration.',
      cause: error,
    });
  }
}
