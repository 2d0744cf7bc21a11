import type { Samples } from './samples.js';
import { unsupported } from './strict.js';

/** One box (ISO/IEC 14496-12 §4.2). */
export function box(type: string, ...contents: Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 + contents.reduce((size, content) => size + content.length, 0));
  bytes.writeUInt32BE(bytes.length);
  bytes.write(type, 4, 'latin1');
  let at = 8;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

/** Unsigned 32-bit numbers, negative ones as two's complement. Throws `media-unsupported` if one needs more. */
export function words(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value > 0xffffffff || value < -0x80000000) throw unsupported(`${value} in a table`);
    bytes.writeUInt32BE(value >>> 0, index * 4);
  }
  return bytes;
}

/** A box with version and (no) flags. */
export function table(type: string, values: readonly number[], version = 0): Buffer {
  return box(type, words([version * 2 ** 24]), words(values));
}

/** How long each sample lasts: until the next one, whatever its own fragment guessed. */
export function durations({ dts, end }: Samples): number[] {
  return dts.map((time, index) => (dts[index + 1] ?? end) - time);
}

/** `stts`, `stss`, `ctts`, `stsc` and `stsz`: all that does not depend on where the samples lie in the file. */
export function sampleTables(samples: Samples): Buffer[] {
  const { cts, keys, sizes, chunks, dts } = samples;
  const negative = cts.some((delay) => delay < 0);
  return [
    counted('stts', runs(durations(samples))),
    // Without the table every sample is one decoding can start at.
    ...(keys.length < dts.length ? [table('stss', [keys.length, ...keys])] : []),
    ...(cts.some((delay) => delay !== 0) ? [counted('ctts', runs(cts), negative ? 1 : 0)] : []),
    samplesToChunks(chunks),
    table('stsz', [0, sizes.length].concat(sizes)),
  ];
}

/** `[count, value]` for each run of equal values. */
function runs(values: readonly number[]): number[][] {
  const found: [count: number, value: number][] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.[1] === value) last[0]++;
    else found.push([1, value]);
  }
  return found;
}

function counted(type: string, entries: readonly number[][], version = 0): Buffer {
  return table(type, [entries.length, ...entries.flat()], version);
}

function samplesToChunks(chunks: Samples['chunks']): Buffer {
  const entries = chunks.flatMap(({ samples }, index) =>
    samples === chunks[index - 1]?.samples ? [] : [[index + 1, samples, 1]],
  );
  return counted('stsc', entries);
}

/** `stco`, or `co64` if `wide`; `base` is where the first payload begins in the file. */
export function chunkOffsets(chunks: Samples['chunks'], base: number, wide: boolean): Buffer {
  const offsets = chunks.map(({ offset }) => base + offset);
  if (!wide) return table('stco', [offsets.length].concat(offsets));
  const bytes = Buffer.allocUnsafe(offsets.length * 8);
  for (const [index, offset] of offsets.entries()) bytes.writeBigUInt64BE(BigInt(offset), index * 8);
  return box('co64', words([0, offsets.length]), bytes);
}
