import { readFileSync, statSync } from 'node:fs';
import { Failure, messageOf } from '../../lib/errors.js';
import type { S3Access } from '../../lib/s3-client.js';
import type { Config } from './schema.js';

type S3Place = Extract<Config['archive'], { type: 's3' }>;

/** How a bucket of the configuration is reached, to write or to read. Throws as {@link readCa}. */
export function s3Access(config: S3Place): S3Access {
  const { region, endpoint, profile, path_style: forcePathStyle } = config;
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = config;
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    // Servers other than AWS have one region, of any name.
    ...{ region: region ?? 'us-east-1', endpoint, profile, ca: readCa(config.ca_file) },
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(hasKeys && { credentials: { accessKeyId, secretAccessKey, sessionToken } }),
  };
}

/** A private key, which nobody else may be able to read. Throws a `Failure` `key-unreadable`. */
export function readKey(file: string): Buffer {
  return readSetting('key_file', file, () => {
    const mode = statSync(file).mode & 0o777;
    if (mode & 0o077) {
      throw new Error(`it can be read by others (mode ${mode.toString(8)}); run: chmod 600 ${file}`);
    }
  });
}

/** Throws a `Failure` `certificate-unreadable`. */
export function readCa(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readSetting('ca_file', file);
}

function readSetting(setting: 'key_file' | 'ca_file', file: string, check?: () => void): Buffer {
  try {
    check?.();
    return readFileSync(file);
  } catch (error) {
    const [what, code] =
      setting === 'key_file' ? ['private key', 'key-unreadable'] : ['certificate', 'certificate-unreadable'];
    throw new Failure(`The ${what} ${file} cannot be used: ${messageOf(error)}`, {
      kind: 'permanent',
      code,
      hint: `Check \`${setting}\` in the configuration.`,
      cause: error,
    });
  }
}
