/** What one picture's size says. */
export interface SizeVerdict {
  /** It and those just before it are larger than the stream's rhythm explains. */
  stirs: boolean;
  /** The rhythm itself is so uneven that something small could move without a trace in it. */
  blind: boolean;
  /** Of a keyframe: the group of pictures before it was as a whole larger than most are, as if something small moved all the time. */
  doubtful: boolean;
}

/** Pictures looked at together, and those before them that they are held against. */
const TOGETHER = 3;
const BEFORE = 6;

/** How much of the calm past the rhythm is learnt from, and how often: pictures. */
const REMEMBERED = 240;
const LEARN_FROM = 45;
const LEARN_EVERY = 15;

/** So many pictures around one in which something moves are not learnt from: what is small stirs the sizes before it is seen. */
const APART = 30;

/** Of so many calm groups the mean sizes are remembered, and what exceeds this share of them is doubtful. */
const GROUPS = 20;
const MOST = 0.9;

/** What goes beyond all of the calm past by this factor, and these bytes, is no rhythm. */
const BEYOND = 1.15;
const BEYOND_BYTES = 12;

/** Something that moves costs about this many blocks of a keyframe's average size in each picture, and no fewer bytes than these. */
const LEAST_BLOCKS = 2.5;
const LEAST_BYTES = 60;
const BLOCK_PIXELS = 256;

/** The largest there was while nothing moved. */
interface Rhythm {
  level: number;
  rise: number;
}

/**
 * Learns how large a stream's pictures are while nothing moves, and says when they are not. A coder spends bits on what changes, so the sizes
 * alone, for which nothing has to be decoded, tell that something begins to move: the pictures are larger than they ever are in calm,
 * or grow quicker. Where noise or a constant rate have drowned that, they say so.
 */
export class PictureSizes {
  readonly #pixels: number;
  readonly #last: number[] = [];
  readonly #levels: number[] = [];
  readonly #rises: number[] = [];
  /** Calm so far, and to be learnt from unless something is seen soon after. */
  #pending: Rhythm[] = [];
  #restless = 0;
  #rhythm: Rhythm | undefined;
  #untilLearnt = LEARN_FROM;
  #keyBytes = 0;
  readonly #groups: number[] = [];
  #group = { bytes: 0, pictures: 0, calm: true };

  /** `pixels`: of one of the stream's pictures. */
  constructor(pixels: number) {
    this.#pixels = pixels;
  }

  /** Takes the next picture. `calm`: nothing is known to move, so that its size belongs to the rhythm. */
  take(bytes: number, key: boolean, calm: boolean): SizeVerdict {
    if (key) {
      this.#keyBytes = this.#keyBytes === 0 ? bytes : this.#keyBytes * 0.8 + bytes * 0.2;
      return { stirs: false, blind: this.#isBlind, doubtful: this.#endGroup() };
    }
    this.#group.bytes += bytes;
    this.#group.pictures++;
    this.#group.calm &&= calm;
    this.#last.push(bytes);
    if (this.#last.length > TOGETHER + BEFORE) this.#last.shift();
    const level = mean(this.#last, this.#last.length - TOGETHER);
    const rise = this.#last.length < TOGETHER + BEFORE ? 0 : level - mean(this.#last, 0, BEFORE);
    const known = this.#rhythm;
    const stirs = known === undefined || isBeyond(level, known.level) || isBeyond(rise, known.rise);
    this.#consider({ level, rise }, calm);
    return { stirs, blind: this.#isBlind, doubtful: false };
  }

  /** Whether the group that ends was doubtful. */
  #endGroup(): boolean {
    const { bytes, pictures, calm } = this.#group;
    this.#group = { bytes: 0, pictures: 0, calm: true };
    if (pictures === 0) return false;
    const size = bytes / pictures;
    const smaller = this.#groups.filter((one) => one < size).length;
    const doubtful = this.#groups.length < 4 || smaller >= this.#groups.length * MOST;
    if (calm) this.#groups.push(size);
    if (this.#groups.length > GROUPS) this.#groups.shift();
    return doubtful;
  }

  #consider(size: Rhythm, calm: boolean): void {
    if (!calm) {
      this.#pending = [];
      this.#restless = APART;
    } else if (this.#restless > 0) this.#restless--;
    else this.#pending.push(size);
    // Until something is known nothing can be seen either.
    while (this.#pending.length > (this.#rhythm ? APART : 0)) this.#learn(this.#pending.shift()!);
  }

  /** Whether what the least that could move adds would be no more than what the sizes do by themselves. */
  get #isBlind(): boolean {
    if (!this.#rhythm) return true;
    const least = Math.max(LEAST_BYTES, (LEAST_BLOCKS * this.#keyBytes * BLOCK_PIXELS) / this.#pixels);
    return this.#rhythm.rise > least;
  }

  #learn({ level, rise }: Rhythm): void {
    this.#levels.push(level);
    this.#rises.push(rise);
    if (this.#levels.length > REMEMBERED) {
      this.#levels.shift();
      this.#rises.shift();
    }
    if (--this.#untilLearnt > 0) return;
    this.#untilLearnt = LEARN_EVERY;
    this.#rhythm = { level: Math.max(...this.#levels), rise: Math.max(...this.#rises) };
  }
}

function isBeyond(value: number, highest: number): boolean {
  return value > highest * BEYOND + BEYOND_BYTES;
}

function mean(values: readonly number[], from: number, to = values.length): number {
  let sum = 0;
  const start = Math.max(0, from);
  for (let index = start; index < to; index++) sum += values[index]!;
  return sum / Math.max(1, to - start);
}
