/**
 * What may be under way at once: about what a line of 25 Mbit/s and 80 ms holds. What its queue cannot hold beside that is lost, and a
 * lost packet at the end of a small reply is waited for longer than all the rest took.
 */
const MOST = 224 * 1024;

interface Waiting {
  bytes: number;
  turn: number;
  go(): void;
}

/** Makes who asks for bytes wait while many are under way. */
export class InFlight {
  #bytes = 0;
  readonly #waiting: Waiting[] = [];

  /** Resolves, later turns first, to what must be called when the bytes are there or will not come. */
  async take(bytes: number, turn: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes)) {
      await new Promise<void>((go) => this.#wait({ bytes, turn, go }));
    } else {
      this.#bytes += bytes;
    }
    return () => {
      this.#bytes -= bytes;
      for (let next = this.#waiting[0]; next && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift();
        this.#bytes += next.bytes;
        next.go();
      }
    };
  }

  #wait(asked: Waiting): void {
    const behind = this.#waiting.findIndex(({ turn }) => turn < asked.turn);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, asked);
  }

  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= MOST;
  }
}
