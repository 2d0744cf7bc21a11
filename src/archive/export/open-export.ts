import { createPublicKey, verify } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { Failure } from '../../../lib/errors.js';
import { hashOf } from '../fetch-media.js';
import type { CheckTools, ExportFile } from './check-export.js';

/** The files of an export on this disk. Throws a `Failure` `usage` where there is no such folder. */
export async function exportFiles(folder: string): Promise<ExportFile[]> {
  let found: Awaited<ReturnType<typeof list>>;
  try {
    found = await list(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new Failure(`There is no folder ${folder}`, {
      kind: 'permanent',
      code: 'usage',
      hint: 'Give the folder that `nvr-uplink export` made.',
    });
  }
  const files: ExportFile[] = [];
  for (const path of found) {
    const { size } = await stat(path);
    const name = relative(folder, path).split(sep).join('/');
    files.push({ path: name, size, read: (start, end) => readPart(path, start, end), sha256: () => hashOf(path) });
  }
  return files;
}

async function list(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function readPart(path: string, start: number, end: number): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const bytes = Buffer.alloc(Math.max(0, end - start));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What a browser does with WebCrypto. */
export function nodeTools(sha256: (bytes: Uint8Array) => string): CheckTools {
  return {
    sha256: async (bytes) => sha256(bytes),
    verifyEd25519: async (publicKey, message, signature) => {
      const key = createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' });
      return key.asymmetricKeyType === 'ed25519' && verify(null, message, key, signature);
    },
  };
}
