/** Whether those who are to tell of motion over a broker can be heard. */
export class Hearing {
  #listening = false;
  #problem: string | undefined;

  get listening(): boolean {
    return this.#listening;
  }

  /** Why nobody is heard; undefined while somebody is, or it was not tried yet. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A connection closes after its error, without a cause: the one told last stays. */
  note(listening: boolean, problem?: string): void {
    this.#problem = listening
      ? undefined
      : (problem ?? this.#problem ?? 'the broker closed the connection, or does not answer');
    this.#listening = listening;
  }
}
