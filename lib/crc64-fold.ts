import { type Fold, foldModule } from './crc64-wasm.js';

/**
 * x^13065 + x^12005 + x^10699 + x^8564 + x^3690 + x^264 + 1 is a multiple of CRC-64/NVME's polynomial, found by search: of so few
 * terms, so that is its eighth power, in which every exponent is a number of whole bytes. So a byte may be taken away and added
 * (XOR) this many bytes further on, six times, and the checksum stays. `test/unit/crc64nvme.test.ts` works that out anew.
 */
const TOP = 13_065;
export const TERMS = [TOP, 12_005, 10_699, 8_564, 3_690, 264, 0] as const;
const LAGS = TERMS.slice(1).map((term) => TOP - term);

/** A vector: every lag is longer, so that what one adds is there when it is read. */
const LANE = 16;
/** What lies before the first byte, and behind the last that is folded: nothing. */
const MARGIN = 13_312;
/** Folded at once: what is left over costs as much as a tenth of it. */
const MOST = 1024 * 1024;
/** Of fewer bytes too few are spared. */
export const LEAST = 4 * TOP;
const PAGE = 65_536;

/** What the types of Node 20 leave out. */
interface Wasm {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { fold: Fold } };
}

interface Folder {
  /** All there is to work in: margin, bytes, margin, rest. */
  memory: Uint8Array;
  fold: Fold;
}

/** One for the process: a fold begins and ends within one call. Null where the machine or the flags of Node do not allow it. */
let shared: Folder | null | undefined;

function folder(): Folder | null {
  if (shared !== undefined) return shared;
  try {
    const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
    const memory = new Memory({ initial: Math.ceil((3 * MARGIN + MOST) / PAGE) });
    const module = new Module(foldModule(LAGS.map((lag) => MARGIN - lag)));
    const { fold } = new Instance(module, { of: { memory } }).exports;
    shared = { memory: new Uint8Array(memory.buffer), fold };
  } catch {
    shared = null;
  }
  return shared;
}

/**
 * About 13 kB with the same CRC-64/NVME remainder as `data`, begun with zero; `start`, eight bytes, is added to the first ones. Valid until
 * the next call. Undefined where folding is impossible or would spare nothing. At most {@link MOST} bytes of `data` are
 * taken, as `taken` says.
 */
export function folded(data: Uint8Array, start: Uint8Array): { rest: Uint8Array; taken: number } | undefined {
  if (data.length < LEAST) return undefined;
  const place = folder();
  if (!place) return undefined;
  const { memory, fold } = place;
  const taken = Math.min(MOST, data.length);
  // No byte is moved beyond the end.
  const moved = Math.floor((taken - TOP) / LANE) * LANE;
  const end = MARGIN + moved;
  memory.set(data.subarray(0, moved), MARGIN);
  for (let at = 0; at < start.length; at++) memory[MARGIN + at]! ^= start[at]!;
  memory.fill(0, end, end + MARGIN);
  const rest = end + MARGIN;
  memory.set(data.subarray(moved, taken), rest);
  fold(MARGIN, 0, end);
  fold(rest, moved, rest + Math.ceil((taken - moved) / LANE) * LANE);
  return { rest: memory.subarray(rest, rest + taken - moved), taken };
}
