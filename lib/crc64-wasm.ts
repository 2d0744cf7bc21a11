/** Adds to each vector from `at` to `end` those that lie its lags before `from`, which moves on with it. */
export type Fold = (at: number, from: number, end: number) => void;

// The few words of WebAssembly that are used here (core specification 2.0, chapter 5).
const MAGIC = [0, ...Buffer.from('asm'), 1, 0, 0, 0];
const [TYPES, IMPORTS, FUNCTIONS, EXPORTS, CODE] = [1, 2, 3, 7, 10];
const [I32, FUNCTION, MEMORY_KIND, FUNCTION_KIND, NO_RESULT] = [0x7f, 0x60, 2, 0, 0x40];
const [LOOP, BRANCH_IF, END] = [0x03, 0x0d, 0x0b];
const [GET, SET, CONSTANT, ADD, LESS] = [0x20, 0x21, 0x41, 0x6a, 0x49];
const [VECTOR, LOAD, STORE, XOR] = [0xfd, 0, 11, 0x51];
const LANE = 16;

/**
 * A module of one function, a {@link Fold}, over the memory it is given as `of.memory`: `offsets[n]` from `from` is read for each lag.
 *
 *     do { [at] ^= [from + offsets[0]] ^ [from + offsets[1]] ^ …; at += 16; from += 16 } while (at < end)
 */
export function foldModule(offsets: readonly number[]): Uint8Array<ArrayBuffer> {
  const [at, from, end] = [0, 1, 2];
  const body = [
    ...[LOOP, NO_RESULT],
    ...[GET, at],
    ...[GET, at, ...load(0)],
    ...offsets.flatMap((offset) => [GET, from, ...load(offset), VECTOR, XOR]),
    ...[VECTOR, STORE, 0, 0],
    ...[GET, at, CONSTANT, LANE, ADD, SET, at],
    ...[GET, from, CONSTANT, LANE, ADD, SET, from],
    ...[GET, at, GET, end, LESS, BRANCH_IF, 0],
    ...[END, END],
  ];
  return Uint8Array.from([
    ...MAGIC,
    ...section(TYPES, [1, FUNCTION, 3, I32, I32, I32, 0]),
    ...section(IMPORTS, [1, ...name('of'), ...name('memory'), MEMORY_KIND, 0, 1]),
    ...section(FUNCTIONS, [1, 0]),
    ...section(EXPORTS, [1, ...name('fold'), FUNCTION_KIND, 0]),
    // One function, without variables of its own.
    ...section(CODE, [1, ...sized([0, ...body])]),
  ]);
}

function load(offset: number): number[] {
  return [VECTOR, LOAD, 0, ...number(offset)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function name(text: string): number[] {
  return sized([...Buffer.from(text)]);
}

function sized(content: readonly number[]): number[] {
  return [...number(content.length), ...content];
}

/** Seven bits a byte, the lowest first, the eighth where more follow (LEB128). */
function number(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...number(value >>> 7)];
}
