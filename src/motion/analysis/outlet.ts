/** From callbacks to one `for await` that may be slow: whoever fills it is told to wait until what is in it was taken. */
export class Outlet<Item> implements AsyncIterable<Item> {
  readonly #items: Item[] = [];
  #over = false;
  #filled: () => void = () => undefined;
  #emptied: () => void = () => undefined;
  #room: Promise<void> | undefined;

  push(item: Item): void {
    this.#items.push(item);
    this.#filled();
  }

  /** Undefined while there is room; else a promise of it. */
  get room(): Promise<void> | undefined {
    if (this.#over || this.#items.length === 0) return undefined;
    this.#room ??= new Promise((resolve) => {
      this.#emptied = resolve;
    });
    return this.#room;
  }

  /** Nothing more comes; what is left is nobody's. */
  end(): void {
    this.#over = true;
    this.#filled();
    this.#empty();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    while (!this.#over) {
      const item = this.#items.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => {
          this.#filled = resolve;
        });
        continue;
      }
      if (this.#items.length === 0) this.#empty();
      yield item;
    }
  }

  #empty(): void {
    this.#emptied();
    this.#room = undefined;
  }
}
