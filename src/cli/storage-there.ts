import { accessSync, constants, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Config } from '../config/schema.js';
import { usage } from './format.js';

/** Whether `path`, of the storage folder, exists. Throws a `Failure` `usage` where this user cannot tell, or may not read it. */
export function thereFor(config: Config, path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code === 'ENOTDIR') {
      throw usage(`storage.dir: ${config.storage.dir} is no folder`, 'Write a folder there, or move that file away.');
    }
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw usage(
      `storage.dir: ${config.storage.dir} may not be read by ${userInfo().username}: what the recorder has and does cannot be told from here`,
      `Run this as the user the recorder runs as: ${asOwner(config.storage.dir)}`,
    );
  }
}

function asOwner(dir: string): string {
  try {
    return `sudo -u '#${statSync(dir).uid}' nvr-uplink …`;
  } catch {
    // The folder above it may not be looked into either.
    return 'sudo nvr-uplink …';
  }
}
