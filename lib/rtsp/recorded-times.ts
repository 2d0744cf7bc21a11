/** More pictures than this are never under way between their first packet and their last. */
const MOST = 32;

/** When the pictures of a replay were recorded: told with their packets, and asked for when they are whole. */
export class RecordedTimes {
  readonly #times = new Map<number, number>();

  note(timestamp: number, wallMs: number): void {
    this.#times.set(timestamp, wallMs);
    const [oldest] = this.#times.keys();
    if (this.#times.size > MOST) this.#times.delete(oldest!);
  }

  /** Undefined where the camera did not tell. */
  take(timestamp: number): number | undefined {
    const wallMs = this.#times.get(timestamp);
    this.#times.delete(timestamp);
    return wallMs;
  }
}
