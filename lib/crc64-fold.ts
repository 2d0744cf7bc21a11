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
/** As far as any byte is moved, in whole vectors. */
const MARGIN = 13_312;
/** Folded at once. */
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
  /** All there is to work in: what was folded before, and bytes; or that, a margin of zeros, and the rest. */
  memory: Uint8Array;
  fold: Fold;
}

/** One for the process: what stays from one call to the next is kept elsewhere. Null where the machine or the flags of Node do not allow it. */
let shared: Folder | null | undefined;

function folder(): Folder | null {
  if (shared !== undefined) return shared;
  try {
    const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
    const memory = new Memory({ initial: Math.ceil((2 * MARGIN + MOST) / PAGE) });
    const module = new Module(foldModule(LAGS.map((lag) => MARGIN - lag)));
    const { fold } = new Instance(module, { of: { memory } }).exports;
    shared = { memory: new Uint8Array(memory.buffer), fold };
  } catch {
    shared = null;
  }
  return shared;
}

/**
 * Bytes that come one after the other, folded as they come to about 13 kB with the same CRC-64/NVME remainder, begun with zero. What
 * was folded last and what is not folded yet stays for the next bytes, so that a file is gone through to its end but once.
 */
export class Folding {
  readonly #place: Folder;
  /** The last bytes that were folded: those after them are changed by them. */
  readonly #before = new Uint8Array(MARGIN);
  /** Those after them, as they came: no byte is moved beyond the end, and nobody knows yet where that is. */
  readonly #after = new Uint8Array(MARGIN);
  #left = 0;

  private constructor(place: Folder) {
    this.#place = place;
  }

  /** Undefined where the machine does not allow it. */
  static begin(): Folding | undefined {
    const place = folder();
    return place ? new Folding(place) : undefined;
  }

  /** `start`, eight bytes, is added to the first ones of `data`, which has at least {@link LEAST} then. */
  add(data: Uint8Array, start?: Uint8Array): void {
    for (let at = 0; at < data.length; ) {
      const next = Math.min(data.length, at + MOST - this.#left);
      this.#pass(data.subarray(at, next), at === 0 ? start : undefined);
      at = next;
    }
  }

  #pass(data: Uint8Array, start: Uint8Array | undefined): void {
    const { memory, fold } = this.#place;
    const all = this.#left + data.length;
    const moved = Math.max(0, Math.floor((all - TOP) / LANE) * LANE);
    if (moved === 0) this.#after.set(data, this.#left);
    else {
      memory.set(this.#before);
      memory.set(this.#after.subarray(0, this.#left), MARGIN);
      memory.set(data, MARGIN + this.#left);
      start?.forEach((byte, at) => {
        memory[MARGIN + at]! ^= byte;
      });
      fold(MARGIN, 0, MARGIN + moved);
      this.#before.set(memory.subarray(moved, MARGIN + moved));
      this.#after.set(memory.subarray(MARGIN + moved, MARGIN + all));
    }
    this.#left = all - moved;
  }

  /** What is left of all that was added. Valid until anybody folds again. */
  rest(): Uint8Array {
    const { memory, fold } = this.#place;
    const rest = 2 * MARGIN;
    memory.set(this.#before);
    memory.fill(0, MARGIN, rest);
    memory.set(this.#after.subarray(0, this.#left), rest);
    fold(rest, 0, rest + Math.ceil(this.#left / LANE) * LANE);
    return memory.subarray(rest, rest + this.#left);
  }
}
