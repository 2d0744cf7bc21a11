import { Failure } from '../errors.js';

/** S3's limit on a key, in bytes of UTF-8. */
const KEY_BYTES = 1024;

/**
 * Refuses keys that a server could read as something else: absolute, `.` or `..`, empty parts, backslashes, control
 * characters (NUL ends a name in C, CR and LF end a command in FTP). Throws `Failure` `key-invalid`, permanent.
 */
export function checkKey(key: string): void {
  const problem = keyProblem(key);
  if (!problem) return;
  throw new Failure(`The key ${JSON.stringify(key.slice(0, 200))} ${problem}`, {
    kind: 'permanent',
    code: 'key-invalid',
    hint: 'A key is a relative path of ordinary names joined by "/".',
  });
}

/** The folder a listing starts at, without its last `/`; `''` for everything. Throws as {@link checkKey}. */
export function folderOf(prefix: string): string {
  const folder = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  if (folder !== '' || prefix !== '') checkKey(folder);
  return folder;
}

/** Undefined when `key` is a good key, else what is wrong with it. Also for names a server reports. */
export function keyProblem(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (Buffer.byteLength(key) > KEY_BYTES) return `is longer than ${KEY_BYTES} bytes`;
  // A lone surrogate has no UTF-8.
  if (/\p{Cs}/u.test(key)) return 'is not valid Unicode';
  if (hasControlCharacter(key)) return 'contains a control character';
  if (key.includes('\\')) return 'contains a backslash';
  const parts = key.split('/');
  if (parts.some((part) => part === '')) return 'is absolute or has an empty part';
  if (parts.some((part) => part === '.' || part === '..')) return 'contains "." or ".."';
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
