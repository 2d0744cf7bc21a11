import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { Ahead, PIECE } from './ahead.js';
import { InFlight } from './in-flight.js';
import { contentsEnd, HEAD_BURST, prepareJump } from './jump.js';
import type { ObjectRange, ObjectReader, OpenObject, StoredChecksum, StoredObject } from './object-reader.js';
import { type Piece, PieceCache } from './piece-cache.js';
import { checkWanted, notSatisfiable } from './range.js';
import { RightOfWay } from './right-of-way.js';

/** What is hurried for after a jump that nobody foresaw: a second and a half of film at 2 Mbit/s. */
const BURST = 32 * PIECE;
/** A player that jumps does so within this time after it has read what it must. */
const JUMP_MS = 400;
/** Films have their table of contents here. */
const HEAD = 1024 * 1024;
/** A range that ends is of somebody who knows what he wants: up to here it is asked for as it is. */
const EXACT = 1024 * 1024;
/** So many jumps are remembered: those of all cameras on the stage, and a few more. */
const MOST_JUMPS = 16;

type Jump = Awaited<ReturnType<typeof prepareJump>>;

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
  readonly #inFlight = new InFlight();
  readonly #jumps = new Map<string, Promise<Jump>>();
  /** Counts jumps: what a newer one wants is asked for before what is left of an older one. */
  #turn = 0;

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

  foresee(key: string, seconds: number): void {
    const turn = ++this.#turn;
    const arrive = this.#way.take();
    const jump = prepareJump((from, pieces) => this.#fetch(key, from, pieces, turn), seconds)
      // Merely not foreseen: the player asks for itself, and is told what is wrong.
      .catch(() => undefined)
      .finally(arrive);
    this.#jumps.delete(key);
    this.#jumps.set(key, jump);
    for (const oldest of this.#jumps.keys()) {
      if (this.#jumps.size <= MOST_JUMPS) return;
      this.#jumps.delete(oldest);
    }
  }

  async open(key: string, wanted?: Partial<ObjectRange>): Promise<OpenObject | undefined> {
    const { start = 0, end = Number.MAX_SAFE_INTEGER } = wanted ?? {};
    const isWhole = wanted?.start === undefined && wanted?.end === undefined;
    const isExact = start >= HEAD && end - start < EXACT;
    if (isWhole) return await this.#inner.open(key);
    checkWanted(wanted, key);
    if (isExact) return await this.#openExactly(key, wanted);
    const left = new AbortController();
    const pieces = this.#pieces(key, start, end, left.signal);
    const first = await pieces.next();
    if (first.done) return undefined;
    const { size } = first.value;
    // Of the piece its start would be in, there are bytes before it.
    if (start >= size) {
      await pieces.return();
      throw notSatisfiable(wanted, `the ${size} bytes of ${key}`);
    }
    const stream = streamOf(first.value, pieces, left);
    return { stream, bytes: size, range: { start, end: Math.min(end, size - 1) } };
  }

  /** So few at once that they are no matter when a player comes. */
  async #openExactly(key: string, wanted: Partial<ObjectRange> | undefined): Promise<OpenObject | undefined> {
    return await this.#exact.add(async () => {
      await this.#way.free();
      return await this.#inner.open(key, wanted);
    });
  }

  /** The bytes of a range in order, as they come; nothing where there is no such object. Nothing more is asked for after `left`. */
  async *#pieces(key: string, start: number, end: number, left: AbortSignal): AsyncGenerator<Piece, void, undefined> {
    const arrive = this.#way.take();
    const jump = this.#jumps.get(key);
    // Who reads on has no turn: it comes after every jump, and nobody who reads on before another.
    let due = this.#turn;
    let size: number | undefined;
    let [opening, isJumping] = [start === 0 ? jump : undefined, start === 0 && jump !== undefined];
    try {
      const burst = start === 0 ? HEAD_BURST : await burstAfter(jump, start);
      const ahead = new Ahead({ start, burst, end }, (from, pieces) => this.#fetch(key, from, pieces, due));
      for (let piece = await ahead.next(); piece; piece = await ahead.next()) {
        if (size === undefined && start === 0) ahead.extend(contentsEnd(piece));
        size ??= piece.size;
        if (piece.size !== size) throw this.#changed(key);
        yield piece;
        if (ahead.isBurstOver && opening) {
          ahead.extend((await opening)?.opening.end ?? 0);
          opening = undefined;
        }
        if (!ahead.isBurstOver) continue;
        arrive();
        if (isJumping) await this.#clock.sleep(JUMP_MS, left);
        isJumping = false;
        if (left.aborted) return;
        due = 0;
        ahead.readOn();
      }
    } finally {
      arrive();
    }
  }

  /** Pieces from the cache, or together with whoever waits for them already, or else from the store: those in a row by one request. */
  #fetch(key: string, from: number, pieces: number, turn: number): Promise<Piece | undefined>[] {
    const places = Array.from({ length: pieces }, (_, index) => from + index * PIECE);
    const found = places.map((place) => this.#known(key, place));
    for (let first = found.indexOf(undefined); first >= 0; first = found.indexOf(undefined, first)) {
      let after = first;
      while (after < pieces && !found[after]) after++;
      found.splice(first, after - first, ...this.#read(key, places[first]!, after - first, turn));
    }
    return found as Promise<Piece | undefined>[];
  }

  #known(key: string, place: number): Promise<Piece | undefined> | undefined {
    const piece = this.#cache.get(key, place);
    return piece ? Promise.resolve(piece) : this.#coming.get(nameOf(key, place));
  }

  #read(key: string, from: number, pieces: number, turn: number): Promise<Piece | undefined>[] {
    const whole = this.#bytes(key, from, pieces * PIECE, turn);
    return Array.from({ length: pieces }, (_, index) => {
      const [start, name] = [index * PIECE, nameOf(key, from + index * PIECE)];
      const piece = whole
        .then((got) => {
          const part = got && { bytes: got.bytes.subarray(start, start + PIECE), size: got.size };
          if (part) this.#cache.set(key, from + start, part);
          return part;
        })
        .finally(() => this.#coming.delete(name));
      this.#coming.set(name, piece);
      return piece;
    });
  }

  async #bytes(key: string, start: number, length: number, turn: number): Promise<Piece | undefined> {
    const arrive = await this.#inFlight.take(length, turn);
    try {
      const opened = await this.#inner.open(key, { start, end: start + length - 1 });
      if (!opened) return undefined;
      const bytes = await buffer(opened.stream);
      if (opened.range.start === start) return { bytes, size: opened.bytes };
      throw new Failure(`${this.name} sent other bytes of ${key} than were asked for.`, {
        kind: 'permanent',
        code: 'range-ignored',
      });
    } finally {
      arrive();
    }
  }

  #changed(key: string): Failure {
    this.#cache.forget(key);
    return new Failure(`${key} was replaced while it was read.`, { kind: 'transient', code: 'replaced' });
  }
}

/** Not `Readable.from`: that one lets a generator at work finish before it tells that nobody listens any more. */
function streamOf(first: Piece, others: AsyncGenerator<Piece, void, undefined>, left: AbortController): Readable {
  let given = false;
  return new Readable({
    read() {
      if (!given) {
        given = true;
        this.push(first.bytes);
        return;
      }
      others.next().then(
        ({ value }) => this.push(value ? value.bytes : null),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      left.abort();
      void others.return().catch(() => undefined);
      done(error);
    },
  });
}

const nameOf = (key: string, place: number) => `${place} ${key}`;

/** Of what was foreseen the rest; otherwise nobody knows how much. Chromium asks for more of a film's beginning even after it jumped. */
async function burstAfter(jump: Promise<Jump> | undefined, start: number): Promise<number> {
  const known = await jump;
  if (!known) return BURST;
  const { opening, scene } = known;
  if (start >= scene.start && start < scene.end) return scene.end - start;
  return start > opening.start && start <= opening.end ? PIECE : BURST;
}
