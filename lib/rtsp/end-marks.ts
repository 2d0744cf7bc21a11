/** So many pictures in a row must have been marked as they should be. */
const PROVEN = 30;

/**
 * Whether a camera's marker bit tells where a picture ends: it should be on the last packet of each and on no other (RFC 6184 §5.1). Some cameras never
 * set it, and some set it on each slice, so that is believed once it was seen, and never again once it was wrong.
 */
export class EndMarks {
  #right = 0;
  #refuted = false;

  get isTrusted(): boolean {
    return !this.#refuted && this.#right >= PROVEN;
  }

  /** A picture whose end is known otherwise. `right`: its last packet was marked, and none before it where it might have ended. */
  picture(right: boolean): void {
    if (!this.isTrusted) this.#right = right ? this.#right + 1 : 0;
  }

  /** A picture went on after the mark that was believed. */
  refute(): void {
    this.#refuted = true;
  }
}
