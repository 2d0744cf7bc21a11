import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SequentialFile } from '../../lib/sequential-file.js';

const MIB = 2 ** 22;

describe('a file written from start to end', () => {
  let disk: string;
  const memory = '/dev/shm';

  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'sequential-'));
  });

  afterAll(() => rm(disk, { recursive: true }));

  async function write(path: string, pieces: readonly Buffer[]): Promise<void> {
    const file = await SequentialFile.create(path);
    try {
      for (const piece of pieces) await file.append(piece);
      await file.finish();
    } finally {
      await file.close();
    }
  }

  const sizes = [0, 1, 511, 4_095, 4_096, 4_097, MIB - 1, MIB, MIB + 1, 3 * MIB + 12_345];

  it.each(sizes)('has exactly the %i bytes appended', async (size) => {
    const bytes = randomBytes(size);
    const path = join(disk, `whole-${size}`);
    await write(path, [bytes]);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('joins pieces of any size', async () => {
    const pieces = [1, 700_000, 3, 4_096, 2 * MIB, 17].map((size) => randomBytes(size));
    const path = join(disk, 'pieces');
    await write(path, pieces);
    expect((await readFile(path)).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('keeps apart what is written at the same time, whosever block it has', async () => {
    const all = Array.from({ length: 3 }, (_, n) => ({
      path: join(disk, `beside-${n}`),
      bytes: randomBytes(MIB + 77),
    }));
    for (let round = 0; round < 2; round++) {
      await Promise.all(all.map(({ path, bytes }) => write(path, [bytes.subarray(0, 99), bytes.subarray(99)])));
      for (const { path, bytes } of all) expect((await readFile(path)).equals(bytes)).toBe(true);
    }
  });

  it('writes with the block of the file before it', async () => {
    const blockOf = async () => {
      const file = await SequentialFile.create(join(disk, 'block'));
      const { buffer } = file.room;
      await file.close();
      return buffer;
    };
    expect(await blockOf()).toBe(await blockOf());
  });

  it('empties what was there', async () => {
    const path = join(disk, 'again');
    await write(path, [randomBytes(2 * MIB)]);
    await write(path, [Buffer.from('short')]);
    expect(await readFile(path, 'utf8')).toBe('short');
  });

  it('does without direct writes where the file system has none', async () => {
    const path = join(memory, `sequential-${process.pid}`);
    const bytes = randomBytes(MIB + 5);
    try {
      await write(path, [bytes]);
      expect((await readFile(path)).equals(bytes)).toBe(true);
    } finally {
      await rm(path, { force: true });
    }
  });

  it('passes a full disk on', async () => {
    await expect(write('/dev/full', [randomBytes(2 * MIB)])).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});
