import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { editFile } from '../../../src/config/file.js';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edit-file-'));
  file = join(dir, 'nvr-uplink.yaml');
});
afterEach(() => rmSync(dir, { recursive: true }));

it('makes a file that is not there, for its owner alone', async () => {
  expect(await editFile(file, (text) => `${text}site: a\n`)).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe('site: a\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('keeps mode, owner and the link that leads to it, and leaves nothing else behind', async () => {
  const real = join(dir, 'real.yaml');
  writeFileSync(real, 'site: a\n');
  chmodSync(real, 0o664);
  if (process.getuid?.() === 0) chownSync(real, 1234, 4321);
  const owner = statSync(real);
  symlinkSync(real, file);
  const umask = process.umask(0o077);
  try {
    expect(await editFile(file, (text) => text.replace('a', 'b'))).toBe(true);
  } finally {
    process.umask(umask);
  }
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  const { mode, uid, gid } = statSync(real);
  expect([mode & 0o777, uid, gid]).toEqual([0o664, owner.uid, owner.gid]);
  expect(readFileSync(real, 'utf8')).toBe('site: b\n');
  expect(readdirSync(dir).sort()).toEqual(['nvr-uplink.yaml', 'real.yaml']);
});

it('does not touch a file that says so already', async () => {
  writeFileSync(file, 'site: a\n');
  const before = statSync(file);
  expect(await editFile(file, (text) => text)).toBe(false);
  expect(statSync(file).ino).toBe(before.ino);
});

it('does not undo what somebody else wrote meanwhile', async () => {
  writeFileSync(file, 'site: a\n');
  const edit = editFile(file, (text) => {
    writeFileSync(file, 'site: theirs\n');
    return `${text}# ours\n`;
  });
  await expect(edit).rejects.toMatchObject({ code: 'config-changed' });
  expect(readFileSync(file, 'utf8')).toBe('site: theirs\n');
});
