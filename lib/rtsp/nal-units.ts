import type { Depacketiser, RawUnit, TrackFormat } from './access-unit.js';
import { EndMarks } from './end-marks.js';
import { UnitBuffer } from './unit-buffer.js';

/** What a NAL unit is to whoever puts pictures together; one set of answers per codec. */
export interface NalRules {
  isSlice(type: number): boolean;
  /** Parameter sets, messages and delimiters that come before a picture, never within one. */
  isPrefix(type: number): boolean;
  isSet(type: number): boolean;
  /** Whether a whole picture begins with these NAL units decodable by itself: judged by each slice and what came before it. */
  isKey(type: number, nal: Buffer, recovery: boolean): boolean;
  isRecovery(type: number, nal: Buffer): boolean;
}

/** The sets of one stream, as {@link NalUnits} needs them. */
export interface Sets {
  note(nal: Buffer): void;
  readonly format: TrackFormat | undefined;
}

/**
 * Puts NAL units together into pictures.
 *
 * A picture ends where the timestamp changes; the marker bit alone would be wrong for cameras that set it on each slice, or on
 * parameter sets. Where the timestamp stands still, a picture ends with the marker if what follows begins another one. A
 * unit without a slice is no picture: it belongs to the next one. That the next one has begun is known a picture later; `prompt` gives a
 * picture with its marker, of cameras whose markers were right so far.
 *
 * What is missing a part is left out and counted, never given as if it were whole; the pictures after it are given, marked, though they
 * may show smears until the next keyframe: smeared footage is better than none.
 */
export class NalUnits implements Pick<Depacketiser, 'flush' | 'torn'> {
  torn = 0;
  readonly #rules: NalRules;
  readonly #sets: Sets;
  readonly #emit: (unit: RawUnit) => void;
  readonly #unit = new UnitBuffer();
  #format: TrackFormat | undefined;
  #timestamp: number | undefined;
  #marked = false;
  #packets = 0;
  #slices = 0;
  #key = false;
  #recovery = false;
  #broken = false;
  #afterLoss = false;
  readonly #marks = new EndMarks();
  readonly #prompt: boolean;
  /** A packet was marked where the picture may end, and whether another one has followed. */
  #end: 'open' | 'marked' | 'overrun' = 'open';
  /** The picture of this timestamp was given with its marker, and nothing has come since. */
  #given = false;
  /** Where the NAL unit whose fragments are coming in began. */
  #open: number | undefined;

  constructor(rules: NalRules, sets: Sets, emit: (unit: RawUnit) => void, prompt = false) {
    this.#rules = rules;
    this.#sets = sets;
    this.#emit = emit;
    this.#prompt = prompt;
  }

  /** A packet is about to be read. */
  begin(timestamp: number, gap: boolean): void {
    // What is missing may be the end of this picture, unless its end was here; what was open cannot go on in any case.
    if (gap && (!this.#marked || this.#open !== undefined)) this.#break();
    if (timestamp === this.#timestamp) {
      if (gap) this.#break();
      return;
    }
    this.#finish();
    this.#given = false;
    this.#timestamp = timestamp;
    if (gap) this.#afterLoss = true;
  }

  /** It was read. */
  end(marker: boolean): void {
    this.#packets++;
    if (marker) this.#marked = true;
    if (this.#end !== 'open') this.#end = 'overrun';
    else if (marker && this.#slices > 0 && this.#open === undefined) this.#end = 'marked';
    if (this.#end !== 'marked' || !this.#prompt || !this.#marks.isTrusted) return;
    this.#finish();
    this.#given = true;
  }

  /** One whole NAL unit. `first`: of a slice, that it is the first of its picture. */
  whole(bytes: Buffer, from: number, to: number, type: number, first: boolean): void {
    if (from >= to) {
      this.#break();
      return;
    }
    this.#closeOpen();
    this.#start(type, first);
    const at = this.#unit.beginLength();
    this.#unit.append(bytes, from, to);
    this.#complete(at, type);
  }

  /** The first fragment of one; `header` is the NAL unit's own, which fragments leave out. */
  open(header: readonly number[], bytes: Buffer, from: number, to: number, type: number, first: boolean): void {
    this.#closeOpen();
    this.#start(type, first);
    this.#open = this.#unit.beginLength();
    for (const byte of header) this.#unit.byte(byte);
    this.#unit.append(bytes, from, to);
  }

  /** A further fragment; `last` completes the NAL unit. */
  more(bytes: Buffer, from: number, to: number, type: number, last: boolean): void {
    const at = this.#open;
    if (at === undefined) {
      this.#break();
      return;
    }
    this.#unit.append(bytes, from, to);
    if (!last) return;
    this.#open = undefined;
    this.#complete(at, type);
  }

  /** What came cannot be read; the picture it belonged to is not whole. */
  broken(): void {
    this.#break();
  }

  flush(): void {
    if (!this.#marked) this.#break();
    this.#finish();
  }

  /** A fragmented NAL unit that another one follows has no end. */
  #closeOpen(): void {
    if (this.#open !== undefined) this.#break();
  }

  #start(type: number, first: boolean): void {
    const slice = this.#rules.isSlice(type);
    const another = slice ? first : this.#rules.isPrefix(type);
    if (this.#marked && this.#slices > 0 && another) this.#finish();
    if (this.#given && !another) this.#marks.refute();
    this.#given = false;
    // A picture that does not begin with its first slice has lost it.
    if (slice && this.#slices === 0 && !first) this.#break();
    if (slice) this.#slices++;
  }

  #complete(at: number, type: number): void {
    this.#unit.setLength(at);
    const rules = this.#rules;
    const isSlice = rules.isSlice(type);
    if (!isSlice && !rules.isPrefix(type)) return;
    const nal = this.#unit.bytes.subarray(at + 4, this.#unit.length);
    if (rules.isSet(type)) this.#sets.note(nal);
    else if (isSlice) this.#key ||= rules.isKey(type, nal, this.#recovery);
    else this.#recovery ||= rules.isRecovery(type, nal);
  }

  #break(): void {
    this.#broken = true;
    this.#open = undefined;
    this.#afterLoss = true;
  }

  #finish(): void {
    if (this.#open !== undefined) this.#break();
    if (this.#broken) {
      if (this.#packets > 0) this.torn++;
      this.#reset();
    } else if (this.#slices > 0) {
      this.#marks.picture(this.#end === 'marked');
      this.#give();
      this.#reset();
    }
    this.#marked = false;
  }

  #give(): void {
    // Sets that change between keyframes stay within the picture; a file of the new format begins with the next keyframe.
    if (this.#key) this.#format = this.#sets.format ?? this.#format;
    if (!this.#format) return;
    const data = this.#unit.bytes.subarray(0, this.#unit.length);
    const unit = {
      format: this.#format,
      timestamp: this.#timestamp!,
      key: this.#key,
      data,
      afterLoss: this.#afterLoss,
    };
    this.#afterLoss = false;
    this.#emit(unit);
  }

  #reset(): void {
    this.#unit.length = 0;
    this.#packets = this.#slices = 0;
    this.#key = this.#recovery = this.#broken = false;
    this.#end = 'open';
  }
}
