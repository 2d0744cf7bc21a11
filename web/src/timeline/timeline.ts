import { computed, effect, signal, untracked } from '@preact/signals';
import { getCameras, getStatus } from '../api.js';
import { repeat, serverNow } from '../clock.js';
import { duration } from '../format.js';
import { clipsOf } from '../player/plan.js';
import { Player } from '../player/player.js';
import { note } from '../router.js';
import { Footage } from './footage.js';
import {
  clampView,
  firstView,
  follow,
  MIN_VIEW_MS,
  momentAt,
  openSpan,
  pan,
  type Span,
  spansOf,
  type View,
  zoom,
} from './model.js';
import { explain } from './words.js';
import { addDays, type Zone } from './zone.js';

const POLL_MS = 3000;

/** The timeline page without its looks: which camera, which day, which moment, and what follows from moving one of them. */
export class Timeline {
  readonly cameras = signal<string[]>([]);
  readonly camera = signal('');
  readonly day: ReturnType<typeof signal<string>>;
  readonly bounds;
  readonly view = signal<View>({ from: 0, to: MIN_VIEW_MS });
  /** Where the finger is while it drags; the pictures follow as fast as they can. */
  readonly scrub = signal<number | undefined>(undefined);
  readonly now = signal(serverNow());
  readonly today = computed(() => this.zone.dayOf(this.now.value));
  readonly notice = signal<{ text: string } | undefined>(undefined);
  readonly problem = signal('');
  readonly loading = signal(true);
  readonly head = computed(() => this.scrub.value ?? this.player.time.value);

  readonly footage = new Footage();
  readonly player = new Player();
  readonly zone: Zone;

  readonly #lastFrames = signal(new Map<string, number>());
  #abort = new AbortController().signal;
  #turn = 0;
  /** The time of day last looked at: leafing through days keeps it, also past empty ones. */
  #clock = '00:00:00';
  /** While another day is being opened, the picture of the old one must not turn the page back. */
  #opening = 0;

  constructor(zone: Zone) {
    this.zone = zone;
    this.day = signal(zone.dayOf(serverNow()));
    this.bounds = computed(() => zone.bounds(this.day.value!));
    this.player.onSkip = (from, to) => this.#tellSkip(from, to);
  }

  spans(camera: string): Span[] {
    const spans = spansOf(this.footage.entries(camera));
    const open = openSpan(spans, this.#lastFrames.value.get(camera));
    return open ? [...spans, open] : spans;
  }

  /** Loads what the address asked for and keeps it fresh until `abort`. */
  async run(camera: string | null, time: number | undefined, abort: AbortSignal): Promise<void> {
    this.#abort = abort;
    const stopFollowing = this.#followPlayer();
    try {
      await this.#try(async () => {
        this.cameras.value = await getCameras(abort);
        this.camera.value = this.cameras.value.find((name) => name === camera) ?? this.cameras.value[0] ?? '';
        if (this.camera.value) await this.#open(time);
      });
      this.loading.value = false;
      await Promise.all([this.#keepFresh(), this.#keepNow()]);
    } finally {
      stopFollowing();
      this.player.close();
    }
  }

  /** Shows `time`, or the next footage of that day. `backFrom`: where a step back began. */
  seek(time: number, backFrom?: number): void {
    const { from, to } = this.bounds.value;
    if (time < from || time >= to) {
      void this.showDay(this.zone.dayOf(time), time);
      return;
    }
    if (this.player.seek(time, backFrom)) return;
    const { kind } = momentAt(this.spans(this.camera.value), time, this.now.value);
    this.#tell(
      kind === 'future'
        ? 'That is still to come.'
        : `No finished recording after ${this.zone.clock(time)} on this day.`,
    );
  }

  move(ms: number): void {
    const from = this.head.value;
    if (from !== undefined) this.seek(from + ms, ms < 0 ? from : undefined);
  }

  /** Another camera at the same moment. */
  async select(camera: string, time = this.head.value): Promise<void> {
    if (camera === this.camera.value) return;
    this.camera.value = camera;
    this.player.empty();
    await this.#try(() => this.#open(time));
  }

  selectNext(by: 1 | -1): void {
    const all = this.cameras.value;
    const next = all[(all.indexOf(this.camera.value) + by + all.length) % all.length];
    if (next) void this.select(next);
  }

  /** Another day, at the same time of day; where that day has nothing, it is shown empty and nothing plays. */
  async showDay(day: string, time?: number): Promise<void> {
    if (day > this.zone.dayOf(serverNow())) return this.#tell('That day is still to come.');
    if (this.head.value !== undefined) this.#clock = this.zone.clock(this.head.value);
    const wanted = time ?? this.zone.at(day, this.#clock);
    this.#opening++;
    this.#turnTo(day, wanted);
    await this.#try(async () => {
      await this.#loadDay(this.camera.value);
      if (this.day.value === day) this.#seekWithin(wanted);
    });
    this.#opening--;
    await this.#try(() => this.#loadOthers());
  }

  shiftDay(by: 1 | -1): void {
    void this.showDay(addDays(this.day.value!, by));
  }

  zoomBy(factor: number, at?: number): void {
    const { from, to } = this.view.value;
    const head = this.head.value;
    const middle = head !== undefined && head >= from && head <= to ? head : (from + to) / 2;
    this.view.value = zoom(this.view.value, this.bounds.value, factor, at ?? middle);
  }

  panBy(ms: number): void {
    this.view.value = pan(this.view.value, this.bounds.value, ms);
  }

  async #open(time: number | undefined): Promise<void> {
    const camera = this.camera.value;
    const days = await this.footage.days(camera, this.#abort);
    const latest = days.at(-1);
    const fallback = latest ? Math.min(Date.parse(`${latest}T23:59:59Z`), serverNow()) : serverNow();
    const wanted = time ?? fallback;
    this.#turnTo(this.zone.dayOf(wanted), wanted);
    await this.#loadDay(camera);
    if (camera !== this.camera.value) return;
    if (time === undefined) {
      if (this.view.value === this.bounds.value) this.view.value = firstView(this.spans(camera), this.bounds.value);
      this.#seekNewest();
    } else {
      this.#seekWithin(wanted);
    }
    await this.#loadOthers();
  }

  /** Keeps the zoom, unless it shows the whole day. */
  #turnTo(day: string, time: number): void {
    const before = this.bounds.value;
    const { from, to } = this.view.value;
    const zoomed = to - from < before.to - before.from && to - from > MIN_VIEW_MS;
    this.day.value = day;
    const bounds = this.bounds.value;
    const half = (to - from) / 2;
    this.view.value = zoomed ? clampView({ from: time - half, to: time + half }, bounds) : bounds;
  }

  async #loadDay(camera: string): Promise<void> {
    const { from, to } = this.bounds.value;
    await this.footage.load(camera, from, to, this.#abort);
    this.now.value = serverNow();
    if (camera === this.camera.value) this.player.setClips(clipsOf(this.footage.entries(camera)));
  }

  async #loadOthers(): Promise<void> {
    for (const camera of this.cameras.value) if (camera !== this.camera.value) await this.#loadDay(camera);
  }

  /** `time`, or the next footage of the day, or the last before it. */
  #seekWithin(time: number): void {
    const { from, to } = this.bounds.value;
    const clips = clipsOf(this.footage.entries(this.camera.value)).filter((clip) => clip.end > from && clip.start < to);
    if (clips.length === 0) {
      this.player.pause();
      this.player.empty();
      return;
    }
    const after = clips.some((clip) => clip.end > time);
    this.player.seek(after ? time : clips.at(-1)!.start);
  }

  #seekNewest(): void {
    const newest = clipsOf(this.footage.entries(this.camera.value)).at(-1);
    if (newest) this.player.seek(newest.start);
  }

  /** What the player does moves the page: the view turns, the day changes, the address follows. */
  #followPlayer(): () => void {
    let noted = Number.NaN;
    const stopTime = effect(() => {
      const time = this.player.time.value;
      if (time === undefined || this.#opening > 0 || this.scrub.peek() !== undefined) return;
      untracked(() => this.#keepInSight(time));
      if (Math.abs(time - noted) < 1000) return;
      noted = time;
      note({ camera: this.camera.peek(), t: new Date(time).toISOString().replace(/\.\d+/, '') });
    });
    const stopEnd = effect(() => {
      if (this.player.atEnd.value && this.player.playing.value) untracked(() => void this.#playOn());
    });
    return () => {
      stopTime();
      stopEnd();
    };
  }

  #keepInSight(time: number): void {
    const day = this.zone.dayOf(time);
    if (day === this.day.value) {
      this.view.value = follow(this.view.value, this.bounds.value, time);
      return;
    }
    // The film went past midnight.
    this.#turnTo(day, time);
    void this.#try(async () => {
      await this.#loadDay(this.camera.value);
      await this.#loadOthers();
    });
  }

  /** The end of what is loaded is not the end of what there is. */
  async #playOn(): Promise<void> {
    const camera = this.camera.peek();
    const end = this.player.clip.peek()?.end ?? serverNow();
    await this.#try(async () => {
      const more = await this.footage.loadAfter(camera, end, this.#abort);
      if (camera !== this.camera.peek()) return;
      this.player.setClips(clipsOf(this.footage.entries(camera)));
      if (!more && this.player.atEnd.peek())
        this.#tell('This is the newest finished recording. It goes on when the next one is.');
    });
  }

  async #keepFresh(): Promise<void> {
    await repeat(POLL_MS, this.#abort, async () => {
      await this.#try(async () => {
        if (this.day.value !== this.zone.dayOf(serverNow())) return;
        await this.#loadDay(this.camera.value);
        await this.#loadOneOther();
        const { cameras } = await getStatus(this.#abort);
        this.#lastFrames.value = new Map(
          cameras.flatMap((one) => (one.recording && one.lastFrameAt ? [[one.name, Date.parse(one.lastFrameAt)]] : [])),
        );
      });
    });
  }

  /** Sixteen cameras are not asked all at once: the others take turns. */
  async #loadOneOther(): Promise<void> {
    const others = this.cameras.value.filter((camera) => camera !== this.camera.value);
    const camera = others[this.#turn++ % others.length];
    if (camera) await this.#loadDay(camera);
  }

  async #keepNow(): Promise<void> {
    await repeat(1000, this.#abort, async () => {
      this.now.value = serverNow();
    });
  }

  #tellSkip(from: number, to: number): void {
    const moment = momentAt(this.spans(this.camera.value), (from + to) / 2, this.now.value);
    const { clock } = this.zone;
    const range = `${clock.call(this.zone, from)} to ${clock.call(this.zone, to)}`;
    this.#tell(`Skipped ${duration(to - from)} without footage, ${range}: ${explain(moment)}.`);
  }

  #tell(text: string): void {
    this.notice.value = { text };
  }

  /** What fails is said on the page; the next poll or click tries again. */
  async #try(task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.problem.value = '';
    } catch (error) {
      if (!this.#abort.aborted) this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }
}
