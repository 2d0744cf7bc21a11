export interface Piece {
  bytes: Buffer;
  /** Of the whole object. */
  size: number;
}

/** Pieces of objects by their place, the least recently used forgotten first. */
export class PieceCache {
  readonly #most: number;
  #held = 0;
  readonly #pieces = new Map<string, Piece>();

  /** `most` bytes are kept in all. */
  constructor(most = 48 * 1024 * 1024) {
    this.#most = most;
  }

  get(key: string, start: number): Piece | undefined {
    const name = nameOf(key, start);
    const found = this.#pieces.get(name);
    if (!found) return undefined;
    this.#pieces.delete(name);
    this.#pieces.set(name, found);
    return found;
  }

  set(key: string, start: number, piece: Piece): void {
    const name = nameOf(key, start);
    this.#drop(name);
    this.#pieces.set(name, piece);
    this.#held += piece.bytes.length;
    for (const oldest of this.#pieces.keys()) {
      if (this.#held <= this.#most) return;
      this.#drop(oldest);
    }
  }

  forget(key: string): void {
    const end = nameOf(key, '');
    for (const name of [...this.#pieces.keys()]) if (name.endsWith(end)) this.#drop(name);
  }

  #drop(name: string): void {
    this.#held -= this.#pieces.get(name)?.bytes.length ?? 0;
    this.#pieces.delete(name);
  }
}

const nameOf = (key: string, start: number | '') => `${start} ${key}`;
