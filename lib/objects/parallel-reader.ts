import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { Ahead, PIECE } from './ahead.js';
import type { ObjectRange, ObjectReader, OpenObject, StoredChecksum, StoredObject } from './object-reader.js';
import { type Piece, PieceCache } from './piece-cache.js';
import { checkWanted, notSatisfiable } from './range.js';
import { RightOfWay } from './right-of-way.js';

/** What is asked for at once after a jump: a second of film, and 25 Mbit/s over 80 ms hold 250 kB. */
const BURST = 12 * PIECE;
/** Of a film's beginning only its table of contents is wanted: then somebody jumps, which takes him so long. */
const [HEAD_BURST, JUMP_MS] = [8 * PIECE, 150];
/** Films have their table of contents here. */
const HEAD = 1024 * 1024;
/** A range that ends is of somebody who knows what he wants: up to here it is asked for as it is. */
const EXACT = 1024 * 1024;

/**
 * Reads a store over a long line: what a player asks for by range comes by many requests at once, in order, and not far ahead of
 * what it reads. What is under way when it leaves is let come, so that the connections stay open for the next jump; pieces are
 * kept for whoever comes back. Reads of others wait while a player waits. For stores whose objects never change: nothing but another
 * size would tell.
 */
export class ParallelReader implements ObjectReader {
  readonly name: string;
  readonly #inner: ObjectReader;
  readonly #cache = new PieceCache();
  readonly #coming = new Map<string, Promise<Piece | undefined>>();
  readonly #clock: Clock;
  readonly #way: RightOfWay;
  readonly #exact = new PQueue({ concurrency: 6 });

  constructor(inner: ObjectReader, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
    this.#way = new RightOfWay(clock);
    this.name = inner.name;
  }

  names(folder: string): Promise<string[]> {
    return this.#inner.names(folder);
  }

  list(folder: string): AsyncIterable<StoredObject> {
    return this.#inner.list(folder);
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#inner.stat(key);
  }

  checksum(key: string): Promise<StoredChecksum | undefined> {
    return this.#inner.checksum(key);
  }

  close(): void {
    this.#inner.close();
  }

  async open(key: string, wanted?: Partial<ObjectRange>): Promise<OpenObject | undefined> {
    const { start = 0, end = Number.MAX_SAFE_INTEGER } = wanted ?? {};
    const isWhole = wanted?.start === undefined && wanted?.end === undefined;
    const isExact = start >= HEAD && end - start < EXACT;
    if (isWhole) return await this.#inner.open(key);
    checkWanted(wanted, key);
    if (isExact) return await this.#openExactly(key, wanted);
    const pieces = this.#pieces(key, start, end);
    const first = await pieces.next();
    if (first.done) return undefined;
    const { size } = first.value;
    // Of the piece its start would be in, there are bytes before it.
    if (start >= size) {
      await pieces.return();
      throw notSatisfiable(wanted, `the ${size} bytes of ${key}`);
    }
    const stream = Readable.from(bytesOf(first.value, pieces), { objectMode: false });
    return { stream, bytes: size, range: { start, end: Math.min(end, size - 1) } };
  }

  /** So few at once that they are no matter when a player comes. */
  async #openExactly(key: string, wanted: Partial<ObjectRange> | undefined): Promise<OpenObject | undefined> {
    return await this.#exact.add(async () => {
      await this.#way.free();
      return await this.#inner.open(key, wanted);
    });
  }

  /** The bytes of a range in order, as they come; nothing where there is no such object. */
  async *#pieces(key: string, start: number, end: number): AsyncGenerator<Piece, void, undefined> {
    const isHead = start < HEAD;
    const ahead = new Ahead({ start, burst: isHead ? HEAD_BURST : BURST, end }, (from, bytes) =>
      bytes === PIECE ? this.#piece(key, from) : this.#read(key, from, bytes),
    );
    const arrive = this.#way.take();
    let size: number | undefined;
    try {
      for (let piece = await ahead.next(); piece; piece = await ahead.next()) {
        size ??= piece.size;
        if (piece.size !== size) throw this.#changed(key);
        yield piece;
        if (!ahead.isBurstOver) continue;
        arrive();
        if (isHead && ahead.isFirstAfterBurst) await this.#clock.sleep(JUMP_MS);
        ahead.ask();
      }
    } finally {
      arrive();
    }
  }

  /** From the cache, or together with whoever waits for it already. */
  #piece(key: string, start: number): Promise<Piece | undefined> {
    const known = this.#cache.get(key, start);
    if (known) return Promise.resolve(known);
    const name = `${start} ${key}`;
    const coming = this.#coming.get(name);
    if (coming) return coming;
    const piece = this.#read(key, start, PIECE)
      .then((got) => {
        if (got) this.#cache.set(key, start, got);
        return got;
      })
      .finally(() => this.#coming.delete(name));
    this.#coming.set(name, piece);
    return piece;
  }

  async #read(key: string, start: number, length: number): Promise<Piece | undefined> {
    const opened = await this.#inner.open(key, { start, end: start + length - 1 });
    return opened && { bytes: await buffer(opened.stream), size: opened.bytes };
  }

  #changed(key: string): Failure {
    this.#cache.forget(key);
    return new Failure(`${key} was replaced while it was read.`, { kind: 'transient', code: 'replaced' });
  }
}

async function* bytesOf(first: Piece, others: AsyncGenerator<Piece, void, undefined>) {
  try {
    yield first.bytes;
    for await (const { bytes } of others) yield bytes;
  } finally {
    await others.return();
  }
}
