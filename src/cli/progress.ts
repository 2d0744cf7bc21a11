import { createLogUpdate } from 'log-update';
import type { Clock } from '../../lib/clock.js';
import type { Context } from './context.js';
import { count, size, span } from './format.js';

/** One thing under way. */
interface Item {
  name: string;
  bytes: number;
  done: number;
}

/** The rate is that of the last seconds: a line that just became slow should say so. */
const WINDOW_MS = 5_000;
const REDRAW_MS = 100;
/** Without a terminal, how often a line tells where it stands. */
const TELL_MS = 10_000;
const BAR = 20;

/** Progress of many files to standard error: bars at a terminal, plain lines without one. */
export class Progress {
  readonly #clock: Clock;
  readonly #files: number;
  readonly #bytes: number;
  readonly #write: (line: string) => void;
  readonly #draw: ReturnType<typeof createLogUpdate> | undefined;
  readonly #columns: number;
  readonly #active = new Map<string, Item>();
  readonly #samples: { at: number; bytes: number }[] = [];
  #doneFiles = 0;
  #doneBytes = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(context: Pick<Context, 'stderr' | 'clock'>, files: number, bytes: number) {
    this.#clock = context.clock;
    this.#files = files;
    this.#bytes = bytes;
    const { stderr } = context;
    this.#write = (line) => stderr.write(`${line}\n`);
    this.#draw = stderr.isTTY ? createLogUpdate(stderr as NodeJS.WriteStream) : undefined;
    this.#columns = (stderr as Partial<NodeJS.WriteStream>).columns ?? 80;
    this.#drawnAt = this.#draw ? Number.NEGATIVE_INFINITY : this.#clock.monotonic();
  }

  start(name: string, bytes: number): void {
    this.#active.set(name, { name, bytes, done: 0 });
    this.#show();
  }

  advance(name: string, done: number): void {
    const item = this.#active.get(name);
    if (item) item.done = done;
    this.#show();
  }

  /** The item is over; `line` is kept above the bars. */
  end(name: string, line?: string): void {
    const item = this.#active.get(name);
    this.#active.delete(name);
    this.#doneFiles++;
    this.#doneBytes += item?.bytes ?? 0;
    if (line !== undefined) this.say(line);
    this.#show();
  }

  say(line: string): void {
    this.#draw?.clear();
    this.#write(line);
    if (this.#draw) this.#show(true);
  }

  /** Nothing more comes: the bars disappear. */
  close(): void {
    this.#draw?.clear();
    this.#draw?.done();
  }

  #show(now = false): void {
    const time = this.#clock.monotonic();
    if (!now && time - this.#drawnAt < (this.#draw ? REDRAW_MS : TELL_MS)) return;
    this.#drawnAt = time;
    if (this.#draw)
      this.#draw([...[...this.#active.values()].map((item) => this.#bar(item)), this.#total()].join('\n'));
    else this.#write(this.#total());
  }

  #bar({ name, bytes, done }: Item): string {
    const share = bytes === 0 ? 1 : Math.min(1, done / bytes);
    const full = Math.round(share * BAR);
    const state = ` ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${String(Math.round(share * 100)).padStart(3)} % of ${size(bytes)}`;
    const room = Math.max(8, this.#columns - state.length - 1);
    return `${name.length > room ? `…${name.slice(1 - room)}` : name.padEnd(Math.min(room, 44))}${state}`;
  }

  #total(): string {
    const done = this.#doneBytes + [...this.#active.values()].reduce((sum, item) => sum + item.done, 0);
    const rate = this.#rate(done);
    const left = rate > 0 ? `, ${size(rate)}/s, ${span((this.#bytes - done) / rate)} left` : '';
    return `${this.#doneFiles} of ${count(this.#files, 'file')}, ${size(done)} of ${size(this.#bytes)}${left}`;
  }

  /** Bytes per second over the last seconds; 0 while unknown. */
  #rate(bytes: number): number {
    const at = this.#clock.monotonic();
    this.#samples.push({ at, bytes });
    while (this.#samples.length > 2 && at - this.#samples[1]!.at > WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    return at - first.at < 500 ? 0 : ((bytes - first.bytes) / (at - first.at)) * 1_000;
  }
}
