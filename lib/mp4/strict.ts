import { Failure } from '../errors.js';
import { type Box, boxes } from './boxes.js';

/** What this file is, is not among what we write ourselves: somebody who knows more must look at it. */
export function unsupported(what: string): Failure {
  return new Failure(`not a recording as ffmpeg writes it: ${what}`, { kind: 'permanent', code: 'media-unsupported' });
}

/** The children of a box by type. Throws `media-unsupported` if one is not `known`, or they do not fill the box. */
export function children(bytes: Buffer, parent: Box, known: readonly string[]): Map<string, Box[]> {
  const found = new Map<string, Box[]>();
  let end = parent.body;
  for (const box of boxes(bytes, parent.body, parent.end)) {
    if (!known.includes(box.type)) throw unsupported(`${box.type} in ${parent.type}`);
    found.set(box.type, [...(found.get(box.type) ?? []), box]);
    end = box.end;
  }
  if (end !== parent.end) throw unsupported(`${parent.type} is not whole`);
  return found;
}

/** The only child of a type. Throws `media-unsupported` if there is none, or another one. */
export function only(found: Map<string, Box[]>, type: string): Box {
  const [box, another] = found.get(type) ?? [];
  if (!box || another) throw unsupported(`${another ? 'more than one' : 'no'} ${type}`);
  return box;
}

/** The fields of one box in their order. Throws `media-unsupported` rather than read past the box. */
export class Fields {
  readonly version: number;
  readonly flags: number;
  readonly #bytes: Buffer;
  readonly #box: Box;
  #at: number;

  /** `box` is a full box (ISO/IEC 14496-12 §4.2): version and flags come first. */
  constructor(bytes: Buffer, box: Box) {
    this.#bytes = bytes;
    this.#box = box;
    this.#at = box.body;
    const word = this.u32();
    this.version = word >>> 24;
    this.flags = word & 0xffffff;
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#next(4));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#next(4));
  }

  i64(): number {
    const value = Number(this.#bytes.readBigInt64BE(this.#next(8)));
    if (!Number.isSafeInteger(value)) throw unsupported(`${value} in ${this.#box.type}`);
    return value;
  }

  skip(bytes: number): this {
    this.#next(bytes);
    return this;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#box.end - this.#at;
  }

  #next(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#box.end) throw unsupported(`${this.#box.type} is too short`);
    return at;
  }
}
