import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LEAST, TERMS } from '../../lib/crc64-fold.js';
import { Crc64Nvme } from '../../lib/crc64nvme.js';
import { crc64nvme } from '../simulators/crc64nvme.js';

function fast(...parts: Uint8Array[]): string {
  const crc = new Crc64Nvme();
  for (const part of parts) crc.update(part);
  return crc.digest();
}

describe('CRC-64/NVME', () => {
  it('gives the published check value', () => {
    expect(Buffer.from(fast(Buffer.from('123456789')), 'base64').toString('hex')).toBe('ae8b14860a799888');
  });

  it('is that of the definition for every length and wherever in memory the bytes begin', () => {
    const memory = randomBytes(4_096);
    for (let length = 0; length < 70; length++) {
      for (let start = 0; start < 9; start++) {
        const bytes = memory.subarray(start, start + length);
        expect(fast(bytes), `${length} bytes from ${start}`).toBe(crc64nvme(bytes));
      }
    }
    expect(fast(memory)).toBe(crc64nvme(memory));
  });

  it('is the same however the bytes are cut', () => {
    const bytes = randomBytes(1_000);
    for (const cut of [1, 3, 15, 16, 17, 333]) {
      const parts = Array.from({ length: Math.ceil(1_000 / cut) }, (_, n) => bytes.subarray(n * cut, (n + 1) * cut));
      expect(fast(...parts)).toBe(crc64nvme(bytes));
    }
  });
});

describe('folding', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('is by a multiple of the polynomial', () => {
    let power = 1n;
    let sum = 0n;
    for (let exponent = 0; exponent <= TERMS[0]; exponent++) {
      if ((TERMS as readonly number[]).includes(exponent)) sum ^= power;
      power <<= 1n;
      if (power >> 64n) power ^= (1n << 64n) | 0xad93d23594c93659n;
    }
    expect(sum).toBe(0n);
  });

  it('changes no checksum, about the lengths where it begins and begins anew, wherever the bytes lie, after others, before others', () => {
    const memory = randomBytes(2_300_000);
    const lengths = [
      LEAST - 1,
      LEAST,
      LEAST + 1,
      LEAST + 15,
      200_000,
      1_048_575,
      1_048_576,
      1_048_577,
      1_048_576 + LEAST,
      2_234_567,
    ];
    for (const [n, length] of lengths.entries()) {
      const bytes = memory.subarray(n, n + length);
      const expected = crc64nvme(bytes);
      expect(fast(bytes), `${length} bytes`).toBe(expected);
      const [a, b] = [n * 7 + 1, length - n * 5];
      expect(fast(bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)), `${length} bytes in parts`).toBe(
        expected,
      );
    }
  });

  it('changes none that is worked out bit by bit: blocks as they are read, odd ones, some of a few bytes, of two files by turns', () => {
    const memory = randomBytes(2_300_000);
    for (const cut of [LEAST, 65_536, 1_044_480, 1_048_577]) {
      const crcs = [new Crc64Nvme(), new Crc64Nvme()];
      for (let at = 0; at < memory.length; at += cut) {
        for (const [n, crc] of crcs.entries()) {
          const block = memory.subarray(at + n * 3, Math.min(memory.length, at + n * 3 + cut));
          crc.update(block.subarray(0, block.length - 77));
          for (const from of [77, 76, 9])
            crc.update(block.subarray(block.length - from, from === 77 ? -76 : from === 76 ? -9 : undefined));
        }
      }
      for (const [n, crc] of crcs.entries()) {
        const parts: Uint8Array[] = [];
        for (let at = 0; at < memory.length; at += cut)
          parts.push(memory.subarray(at + n * 3, Math.min(memory.length, at + n * 3 + cut)));
        expect(crc.digest(), `${cut}, ${n}`).toBe(crc64nvme(Buffer.concat(parts)));
      }
    }
  });

  it('can go on after it was asked for', () => {
    const bytes = randomBytes(300_000);
    const crc = new Crc64Nvme();
    crc.update(bytes.subarray(0, 150_001));
    expect(crc.digest()).toBe(crc64nvme(bytes.subarray(0, 150_001)));
    crc.update(bytes.subarray(150_001));
    expect(crc.digest()).toBe(crc64nvme(bytes));
  });

  it('is that of all zeros and all ones too', () => {
    for (const byte of [0, 255]) expect(fast(Buffer.alloc(600_001, byte))).toBe(crc64nvme(Buffer.alloc(600_001, byte)));
  });

  it('is used where the machine allows it, and left out where not, with the same result', async () => {
    const bytes = randomBytes(700_000);
    const { Folding } = await import('../../lib/crc64-fold.js');
    const folding = Folding.begin()!;
    folding.add(bytes);
    const { length } = folding.rest();
    expect(length).toBeGreaterThanOrEqual(TERMS[0]);
    expect(length).toBeLessThan(TERMS[0] + 16);
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    const without = await import('../../lib/crc64-fold.js');
    expect(without.Folding.begin()).toBeUndefined();
    const { Crc64Nvme: Plain } = await import('../../lib/crc64nvme.js');
    const plain = new Plain();
    plain.update(bytes);
    expect(plain.digest()).toBe(crc64nvme(bytes));
  });
});
