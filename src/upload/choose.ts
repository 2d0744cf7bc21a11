import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { Failure } from '../../lib/errors.js';
import { checkKey, keyProblem } from '../../lib/remote/key.js';
import { mediaKey, parseFileName } from '../segment.js';
import type { BatchFile } from './batch.js';
import { isOwnName, isStorage, storageAbove } from './own-files.js';

/** What lies in a folder and is not sent. */
export interface LeftOut {
  path: string;
  code: 'link' | 'not-a-file' | 'own-file' | 'key-invalid' | 'file-unreadable';
  /** Why, and what to do about it. */
  why: string;
}

export interface Choice {
  files: BatchFile[];
  leftOut: LeftOut[];
}

/**
 * The files a person named, with those below the folders among them, and the key each will have: below `{site}/{to}/` as it lies in
 * the folder; without `to`, footage of ours where an archive has it (`{site}/{camera}/…`), and the rest below `uploads`. Hidden files are passed
 * over; what else of a folder is not sent is named. `own`: real paths that are never sent. Throws a `Failure`: `file-missing`, `not-a-file`, `own-file`, `key-invalid`, or
 * `key-taken` where two would have the same key.
 */
export async function chooseFiles(
  paths: readonly string[],
  site: string,
  to: string | undefined,
  own: ReadonlySet<string> = new Set(),
): Promise<Choice> {
  checkKey([site, to ?? UPLOADS].join('/'));
  const files: BatchFile[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of paths) {
    const isFolder = await isFolderToSend(path, own);
    const found = isFolder ? await filesBelow(path, own) : { files: [path], leftOut: [] };
    leftOut.push(...found.leftOut);
    const base = isFolder ? path : dirname(path);
    for (const file of found.files) {
      const key = keyOf(file, relative(base, file), site, to);
      const problem = keyProblem(key);
      const bytes = problem ? undefined : await sizeOf(file);
      if (problem)
        leftOut.push({ path: file, code: 'key-invalid', why: `the key it would have ${problem}; rename it` });
      else if (bytes === undefined) leftOut.push({ path: file, code: 'file-unreadable', why: UNREADABLE });
      else files.push({ path: file, key, bytes });
    }
  }
  checkApart(files);
  return {
    files: files.filter(({ key, path }, n) => files.findIndex((one) => one.key === key && one.path === path) === n),
    leftOut,
  };
}

/** Where files go that are no footage, below the site. */
const UPLOADS = 'uploads';

const UNREADABLE = 'it cannot be looked at; is its name UTF-8, and may this user read it?';

/** Refuses what is neither file nor folder (opening a pipe waits for its writer), and what is the recorder's own. */
async function isFolderToSend(path: string, own: ReadonlySet<string>): Promise<boolean> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Failure(`${path} cannot be read`, { kind: 'permanent', code: 'file-missing', cause });
  });
  const real = await realpath(path);
  if (found.isDirectory()) {
    const storage = storageAbove(real);
    if (storage !== undefined) {
      const where =
        storage === real
          ? 'is the storage folder of a recorder'
          : `lies in ${storage}, the storage folder of a recorder`;
      throw new Failure(`${path} ${where}, with its keys and its ledger`, {
        kind: 'permanent',
        code: 'own-file',
        hint: 'The recorder sends its own footage: nvr-uplink run. What else is to be sent of it, name file by file.',
      });
    }
    return true;
  }
  if (!found.isFile()) {
    const hint = 'Name files, or folders with files in them.';
    throw new Failure(`${path} is not a regular file`, { kind: 'permanent', code: 'not-a-file', hint });
  }
  if (isOwnName(basename(real)) || isStorage(dirname(real)) || own.has(real)) {
    const hint = 'Keys, passwords, the configuration and the ledger of a recorder stay on its machine; leave it out.';
    throw new Failure(`${path} is a recorder's own, and is never sent`, { kind: 'permanent', code: 'own-file', hint });
  }
  return false;
}

function checkApart(files: readonly BatchFile[]): void {
  const seen = new Map<string, string>();
  for (const { key, path } of files) {
    const other = seen.get(key);
    if (other !== undefined && other !== path) {
      throw new Failure(`${other} and ${path} would both be ${key}`, {
        kind: 'permanent',
        code: 'key-taken',
        hint: 'Send them in two calls, with another --to for each.',
      });
    }
    seen.set(key, path);
  }
}

/** A backslash separates folders on Windows alone; elsewhere it is part of a name, which then has no key. */
function keyOf(file: string, inFolder: string, site: string, to: string | undefined): string {
  const parts = to === undefined ? parseFileName(basename(file)) : undefined;
  return parts ? mediaKey({ site, ...parts }) : [site, to ?? UPLOADS, ...inFolder.split(sep)].join('/');
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function filesBelow(folder: string, own: ReadonlySet<string>): Promise<{ files: string[]; leftOut: LeftOut[] }> {
  const files: string[] = [];
  const leftOut: LeftOut[] = [];
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const leave = (code: LeftOut['code'], why: string) => leftOut.push({ path, code, why });
    if (isOwnName(entry.name) || (own.size > 0 && own.has(await realpath(path).catch(() => path))))
      leave('own-file', "it is a recorder's own, and is never sent");
    else if (entry.name.startsWith('.')) continue;
    else if (entry.isSymbolicLink()) leave('link', 'it is a symbolic link; name what it points to');
    else if (entry.isDirectory()) {
      if (isStorage(path)) leave('own-file', 'it is the storage folder of a recorder, which sends its own footage');
      else {
        const below = await filesBelow(path, own);
        files.push(...below.files);
        leftOut.push(...below.leftOut);
      }
    } else if (entry.isFile()) files.push(path);
    else leave('not-a-file', 'it is not a regular file');
  }
  return { files, leftOut };
}
