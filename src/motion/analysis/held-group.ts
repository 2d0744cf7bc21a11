/** A picture that may be decoded later. */
export interface HeldPicture {
  /** As a decoder takes it. */
  stream: Buffer;
  key: boolean;
  /** On the stream's own time line. */
  mediaMs: number;
  /** Monotonic time at which it was read. */
  arrivedMs: number;
}

/** Beyond these, what is held is decoded rather than held any longer: cameras with a keyframe a minute exist. */
const MAX_PICTURES = 300;
const MAX_BYTES = 4 * 2 ** 20;

/** The pictures since the newest keyframe, so that decoding may begin at any moment though most pictures build on others. */
export class HeldGroup {
  #pictures: HeldPicture[] = [];
  #bytes = 0;
  #taken = 0;

  /** A keyframe begins a new group; what comes before the first one is no use. */
  add(picture: HeldPicture): void {
    if (picture.key) this.drop();
    else if (this.#pictures.length === 0 && this.#taken === 0) return;
    this.#pictures.push(picture);
    this.#bytes += picture.stream.length;
  }

  /** Those not taken yet; all of them, or only the keyframe. Between them and those taken before there is no gap. */
  take(what: 'all' | 'key'): HeldPicture[] {
    if (what === 'key' && this.#taken > 0) return [];
    const taken = this.#pictures.splice(0, what === 'all' ? this.#pictures.length : 1);
    this.#taken += taken.length;
    for (const { stream } of taken) this.#bytes -= stream.length;
    return taken;
  }

  get isFull(): boolean {
    return this.#pictures.length >= MAX_PICTURES || this.#bytes >= MAX_BYTES;
  }

  /** Nothing of this group can be decoded any more. */
  drop(): void {
    this.#pictures = [];
    this.#bytes = this.#taken = 0;
  }
}
