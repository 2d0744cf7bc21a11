import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PayloadReader, readWhole } from '../../../lib/mp4/payload-reader.js';

describe('payloads of a file', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'payloads-'));
  });

  afterAll(() => rm(dir, { recursive: true }));

  /** A file of payloads of these lengths, with so many bytes of header before each; `of` finds a payload in it. */
  async function laid(lengths: readonly number[], header: number) {
    let at = 0;
    const boxes = lengths.map((length) => {
      const start = at;
      at += header + length;
      return { type: 'mdat', start, body: start + header, end: at };
    });
    const bytes = randomBytes(at);
    await writeFile(join(dir, 'file'), bytes);
    return { boxes, wanted: Buffer.concat(boxes.map(({ body, end }) => bytes.subarray(body, end))) };
  }

  async function readAll(reader: PayloadReader, room: number): Promise<Buffer> {
    const read: Buffer[] = [];
    while (!reader.done) {
      const into = Buffer.alloc(room);
      read.push(into.subarray(0, await reader.read(into)));
    }
    return Buffer.concat(read);
  }

  it.each([
    ['of all sizes, with headers', [1, 70_000, 0, 3, 5_000, 0], 40, 4_096],
    ['that fit in exactly', [4_096, 4_096, 8_192], 8, 4_096],
    ['with headers larger than are read with them', [500, 10, 90_000], 70_000, 100_000],
    ['more than fit into one read', Array.from({ length: 2_500 }, () => 7), 9, 1_000_000],
    ['all empty', [0, 0], 8, 100],
  ])('%s are joined', async (_, lengths, header, room) => {
    const { boxes, wanted } = await laid(lengths, header);
    const source = await open(join(dir, 'file'), 'r');
    try {
      expect((await readAll(new PayloadReader(source, boxes), room)).equals(wanted)).toBe(true);
    } finally {
      await source.close();
    }
  });

  it('are refused where the file ends before they do', async () => {
    const { boxes } = await laid([100], 8);
    const source = await open(join(dir, 'file'), 'r');
    try {
      const longer = boxes.map((box) => ({ ...box, end: box.end + 1 }));
      await expect(readAll(new PayloadReader(source, longer), 1_000)).rejects.toMatchObject({
        code: 'media-unsupported',
      });
    } finally {
      await source.close();
    }
  });

  it('are whole where the system gives them in parts', async () => {
    const bytes = randomBytes(1_000);
    const slow = {
      readv: async (pieces: readonly Buffer[], at: number) => {
        const part = bytes.subarray(at, at + 300);
        let from = 0;
        for (const piece of pieces) from += part.copy(piece, 0, from);
        return { bytesRead: from };
      },
    } as unknown as FileHandle;
    const into = Buffer.alloc(990);
    await readWhole(slow, [into.subarray(0, 301), into.subarray(301, 650), into.subarray(650)], 10);
    expect(into.equals(bytes.subarray(10))).toBe(true);
  });
});
