/** No decoder keeps more pictures back than this. */
const MAX_REORDER = 16;

/**
 * Decoding times of pictures that come in decoding order with the times they are shown at, as RTP has it: each picture is
 * decoded when the one is shown that lies `reorder` places before it in the order of display.
 *
 * A stream that reorders more than it said, or did not say, is learnt from: until then a picture may be shown before
 * it is decoded, by the letter, which MP4 allows and players put right.
 */
export class DecodeTimes {
  #reorder = 0;
  #started = false;
  /** Times of display still to be used, ascending. */
  readonly #waiting: number[] = [];
  #last = 0;
  #behind = 0;
  /** What was known before the pictures that are behind. */
  #known = 0;
  /** Added to all times, after the clock went back by more than reordering does. */
  #shift = 0;

  /** What a parameter set says. */
  expect(reorder: number): void {
    this.#reorder = Math.max(this.#reorder, Math.min(reorder, MAX_REORDER));
  }

  next(shown: number): { pts: number; dts: number } {
    const pts = this.#forward(shown);
    if (!this.#started) {
      this.#started = true;
      // The first few are decoded in a rush: what is shown first is not late by that, and each has a time of its own.
      this.#last = pts - this.#reorder - 1;
    }
    this.#insert(pts);
    const due = this.#waiting.length > this.#reorder ? this.#waiting.shift()! : this.#last + 1;
    const dts = Math.max(due, this.#last + 1);
    // Two pictures of one time are no reordering.
    if (pts < dts - 1 && this.#reorder < MAX_REORDER) this.#reorder++;
    this.#last = dts;
    return { pts, dts };
  }

  /** More pictures in a row behind than can be reordered: the clock went back, and time does not. */
  #forward(shown: number): number {
    const pts = shown + this.#shift;
    this.#behind = this.#started && pts <= this.#last - 1 ? this.#behind + 1 : 0;
    if (this.#behind === 1) this.#known = this.#reorder;
    if (this.#behind <= MAX_REORDER) return pts;
    this.#behind = 0;
    this.#reorder = this.#known;
    this.#waiting.length = 0;
    this.#shift += this.#last + 1 - pts;
    return this.#last + 1;
  }

  #insert(pts: number): void {
    const at = this.#waiting.findLastIndex((time) => time <= pts) + 1;
    this.#waiting.splice(at, 0, pts);
  }
}
