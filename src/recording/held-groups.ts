import { type Slabs, SlabWriter } from '../../lib/mp4/slabs.js';
import type { AccessUnit } from '../../lib/rtsp/access-unit.js';

type Described = Omit<AccessUnit, 'data'> & { length: number };

/** A group of pictures in memory, with the sound that came with it. */
export class HeldGroup {
  readonly #units: Described[] = [];
  readonly #media: SlabWriter;
  readonly #slabs: Slabs;
  /** When its keyframe was made (monotonic), and its media time. */
  readonly madeMs: number;
  readonly mediaMs: number;

  constructor(slabs: Slabs, unit: AccessUnit, madeMs: number, mediaMs: number) {
    this.#slabs = slabs;
    this.#media = new SlabWriter(slabs);
    this.madeMs = madeMs;
    this.mediaMs = mediaMs;
    this.add(unit);
  }

  get bytes(): number {
    return this.#media.length;
  }

  add({ data, ...unit }: AccessUnit): void {
    this.#units.push({ ...unit, length: data.length });
    this.#media.append(data);
  }

  /** Gives its units in their order, and its memory back. */
  release(take: (unit: AccessUnit) => void): void {
    const { parts, slabs } = this.#media.empty();
    const media = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    let at = 0;
    for (const { length, ...unit } of this.#units) {
      take({ ...unit, data: media.subarray(at, at + length) });
      at += length;
    }
    this.#slabs.give(slabs);
  }

  forget(): void {
    this.#slabs.give(this.#media.empty().slabs);
  }
}

/** What is held in memory of a stream of which nothing is wanted yet: whole groups of pictures, the newest ones. */
export class HeldGroups {
  readonly #slabs: Slabs;
  readonly #mostBytes: number;
  readonly #groups: HeldGroup[] = [];
  /** Media time up to which groups were given up only because there was no memory for them. */
  shortUntilMs: number | undefined;

  constructor(slabs: Slabs, mostBytes: number) {
    this.#slabs = slabs;
    this.#mostBytes = mostBytes;
  }

  get groups(): readonly HeldGroup[] {
    return this.#groups;
  }

  begin(unit: AccessUnit, madeMs: number, mediaMs: number): void {
    this.#groups.push(new HeldGroup(this.#slabs, unit, madeMs, mediaMs));
    this.#shorten();
  }

  add(unit: AccessUnit): void {
    this.#groups.at(-1)?.add(unit);
    this.#shorten();
  }

  /** A single group that is larger than all the memory there is for it. */
  get isOverfull(): boolean {
    return this.#groups.length === 1 && this.#groups[0]!.bytes > this.#mostBytes;
  }

  /** Forgets groups of which everything was made before. */
  forgetBefore(madeMs: number): void {
    while (this.#groups.length > 1 && this.#groups[1]!.madeMs <= madeMs) this.#forgetFirst();
    if (this.#groups.length > 0 && this.shortUntilMs !== undefined && this.shortUntilMs < this.#groups[0]!.mediaMs) {
      this.shortUntilMs = undefined;
    }
  }

  forgetFirst(count: number): void {
    for (let n = 0; n < count; n++) this.#forgetFirst();
  }

  /** Gives all that is held, oldest first. */
  release(take: (unit: AccessUnit, group: HeldGroup) => void): void {
    for (const group of this.#groups.splice(0)) group.release((unit) => take(unit, group));
  }

  clear(): void {
    this.forgetFirst(this.#groups.length);
  }

  #shorten(): void {
    let bytes = this.#groups.reduce((sum, group) => sum + group.bytes, 0);
    while (bytes > this.#mostBytes && this.#groups.length > 1) {
      bytes -= this.#groups[0]!.bytes;
      this.#forgetFirst();
      this.shortUntilMs = this.#groups[0]!.mediaMs;
    }
  }

  #forgetFirst(): void {
    this.#groups.shift()?.forget();
  }
}
