import { computed, signal } from '@preact/signals';
import { getCameras } from '../api.js';
import { serverNow } from '../clock.js';
import { Ensemble, MOST_CAMERAS } from '../player/ensemble.js';
import type { Address } from './address.js';
import { Facts } from './facts.js';
import { followStage } from './following.js';
import { keepFresh } from './fresh.js';
import type { Marks } from './marks.js';
import { firstView, isFootage, momentAt, type Span } from './model.js';
import { goToMotion } from './motion.js';
import { Viewport } from './viewport.js';
import { addDays, type Zone } from './zone.js';

/** The timeline page without its looks: which cameras, which day, which moment, and what follows from moving one of them. */
export class Timeline {
  readonly cameras = signal<string[]>([]);
  readonly camera = signal('');
  /** Cameras shown at the same moment, next to `camera`. */
  readonly beside = signal<string[]>([]);
  /** Where the finger is while it drags; the pictures follow as fast as they can. */
  readonly scrub = signal<number | undefined>(undefined);
  readonly marks = signal<Marks>({});
  readonly now = signal(serverNow());
  readonly today = computed(() => this.zone.dayOf(this.now.value));
  readonly notice = signal<{ text: string } | undefined>(undefined);
  readonly problem = signal('');
  readonly loading = signal(true);
  readonly head = computed(() => this.scrub.value ?? this.stage.time.value);
  /** While another day is being opened, the picture of the old one must not turn the page back. */
  readonly opening = signal(0);

  readonly facts = new Facts();
  readonly stage = new Ensemble();
  readonly zone: Zone;
  readonly viewport: Viewport;

  abort = new AbortController().signal;
  /** Another day, or the first, is being opened: where its picture will be, and when it is known whether there is one. */
  #coming: { time: number | undefined; known: Promise<void> } | undefined;
  /** The time of day last looked at: leafing through days keeps it, also past empty ones. */
  #clock = '00:00:00';

  constructor(zone: Zone) {
    this.zone = zone;
    this.viewport = new Viewport(zone);
  }

  spans(camera: string): Span[] {
    return this.facts.of(camera).spans;
  }

  /** To the event before or after, also in other days. */
  moveToMotion(by: 1 | -1): void {
    void this.attempt(() => goToMotion(this, by));
  }

  /** Loads what the address asked for and keeps it fresh until `abort`. */
  async run(asked: Address, abort: AbortSignal): Promise<void> {
    this.abort = abort;
    const stopFollowing = followStage(this);
    this.stage.setRate(asked.speed);
    try {
      await this.#come(asked.time, async () => {
        this.cameras.value = await getCameras(abort);
        const known = (camera: string | undefined) => this.cameras.value.find((name) => name === camera);
        this.camera.value = known(asked.camera) ?? this.cameras.value[0] ?? '';
        this.beside.value = asked.beside.filter((camera) => known(camera) && camera !== this.camera.value);
        this.#setStage();
        if (this.camera.value) await this.#open(asked.time, asked.span);
      });
      if (this.problem.peek() === '') await this.attempt(() => this.#loadRest());
      this.loading.value = false;
      await keepFresh(this);
    } finally {
      stopFollowing();
      this.stage.close();
    }
  }

  /** Shows `time`, or the next footage of that day. `backFrom`: where a step back began. */
  seek(time: number, backFrom?: number): void {
    const { from, to } = this.viewport.bounds.value;
    if (time < from || time >= to) {
      void this.showDay(this.zone.dayOf(time), time);
      return;
    }
    if (this.stage.seek(time, backFrom)) return;
    const { kind } = momentAt(this.spans(this.camera.value), time, this.now.value);
    this.tell(
      kind === 'future'
        ? 'That is still to come.'
        : `No finished recording ${backFrom === undefined ? 'after' : 'before'} ${this.zone.clock(backFrom ?? time)} on this day.`,
    );
  }

  /** Where the picture is going to be: steps begin there. */
  get aim(): number | undefined {
    return this.scrub.peek() ?? this.#coming?.time ?? this.stage.aim;
  }

  /** Resolves once what is being opened is loaded: before, nobody can tell what follows. */
  async settled(): Promise<void> {
    while (this.#coming) await this.#coming.known;
  }

  async move(ms: number): Promise<void> {
    await this.settled();
    const from = this.aim;
    if (from !== undefined) this.seek(from + ms, ms < 0 ? from : undefined);
  }

  /** Another camera at the same moment. One that is on the stage already only takes the lead. */
  async select(camera: string, at?: number): Promise<void> {
    const before = this.camera.value;
    const time = at ?? this.aim;
    const isSameMoment = time === this.aim;
    if (camera === before) return;
    const isOnStage = this.beside.value.includes(camera);
    if (isOnStage) this.beside.value = this.beside.value.map((one) => (one === camera ? before : one));
    this.camera.value = camera;
    this.#setStage();
    if (isOnStage && isSameMoment) return;
    await this.#come(time, () => this.#open(time, this.viewport.span));
    if (camera === this.camera.value && this.problem.peek() === '') await this.attempt(() => this.#loadRest());
  }

  selectNext(by: 1 | -1): void {
    const all = this.cameras.value;
    const next = all[(all.indexOf(this.camera.value) + by + all.length) % all.length];
    if (next) void this.select(next);
  }

  /** Puts a camera beside the selected one, or takes it away again. */
  toggleBeside(camera: string): void {
    const beside = this.beside.value;
    if (camera === this.camera.value) return;
    if (beside.includes(camera)) this.#setBeside(beside.filter((one) => one !== camera));
    else if (beside.length + 1 < MOST_CAMERAS) this.#setBeside([...beside, camera]);
    else this.tell(`No more than ${MOST_CAMERAS} cameras are shown side by side.`);
  }

  /** All cameras at this moment, or the selected one alone. */
  toggleAll(): void {
    const others = this.cameras.value.filter((camera) => camera !== this.camera.value);
    this.#setBeside(this.beside.value.length > 0 ? [] : others.slice(0, MOST_CAMERAS - 1));
  }

  /** Another day, at the same time of day; where that day has nothing, it is shown empty and nothing plays. */
  async showDay(day: string, time?: number): Promise<void> {
    if (day > this.zone.dayOf(serverNow())) return this.tell('That day is still to come.');
    const { aim } = this;
    if (aim !== undefined) this.#clock = this.zone.clock(aim);
    const wanted = time ?? this.zone.at(day, this.#clock);
    this.opening.value++;
    this.viewport.turnTo(day, wanted);
    await this.#come(wanted, async () => {
      await this.#loadStage();
      if (this.viewport.day.value === day) this.#seekWithin(wanted);
      this.#fitView();
    });
    this.opening.value--;
    await this.attempt(() => this.loadOthers());
  }

  shiftDay(by: 1 | -1): void {
    void this.showDay(addDays(this.viewport.day.value!, by));
  }

  /** The moment on screen becomes the beginning or the end of an export. */
  mark(which: keyof Marks): void {
    const time = this.aim;
    if (time === undefined) return;
    this.marks.value = { ...this.marks.value, [which]: time };
    this.tell(`Export ${which === 'in' ? 'from' : 'to'} ${this.zone.clock(time)}. E opens the export.`);
  }

  zoomBy(factor: number, at?: number): void {
    this.viewport.zoomBy(factor, at ?? this.head.value);
  }

  async loadDay(camera: string): Promise<void> {
    const { from, to } = this.viewport.bounds.value;
    await this.facts.footage.load(camera, from, to, this.abort);
    this.now.value = serverNow();
    this.stage.setClips(camera, this.facts.of(camera).clips);
  }

  /** What is not on the stage comes after what is. */
  async loadOthers(): Promise<void> {
    for (const camera of this.cameras.value) if (!this.stage.of(camera)) await this.loadDay(camera);
  }

  tell(text: string): void {
    this.notice.value = { text };
  }

  /** What fails is said on the page; the next poll or click tries again. */
  async attempt(task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.problem.value = '';
    } catch (error) {
      if (!this.abort.aborted) this.problem.value = error instanceof Error ? error.message : String(error);
    }
  }

  /** As {@link attempt}, while `time` is where everything is heading for. */
  async #come(time: number | undefined, task: () => Promise<void>): Promise<void> {
    const coming = { time, known: this.attempt(task) };
    this.#coming = coming;
    await coming.known;
    if (this.#coming === coming) this.#coming = undefined;
  }

  #setBeside(cameras: string[]): void {
    this.beside.value = cameras;
    this.#setStage();
    void this.attempt(() => this.#loadStage());
  }

  /** In the order of the list, so that nothing changes places when another camera is selected. */
  #setStage(): void {
    const shown = new Set([this.camera.value, ...this.beside.value]);
    const ordered = this.cameras.value.filter((camera) => shown.has(camera));
    this.stage.show(ordered.length > 0 ? ordered : [''], this.camera.value);
  }

  async #open(time: number | undefined, span: number | undefined): Promise<void> {
    const camera = this.camera.value;
    const wanted = time ?? (await this.#newest(camera));
    this.viewport.turnTo(this.zone.dayOf(wanted), wanted);
    if (span !== undefined) this.viewport.show(wanted, span);
    await this.#loadStage();
    if (camera !== this.camera.value) return;
    this.#fitView();
    if (time === undefined) this.#seekNewest();
    else this.#seekWithin(wanted);
  }

  /** A moment of the newest day that has something. */
  async #newest(camera: string): Promise<number> {
    const latest = await this.facts.footage.newestDay(camera, this.abort);
    return latest ? Math.min(Date.parse(`${latest}T23:59:59Z`), serverNow()) : serverNow();
  }

  /** What is not waited for: the other cameras, and what is frozen. */
  async #loadRest(): Promise<void> {
    await this.loadOthers();
    const { from, to } = this.viewport.bounds.value;
    for (const one of this.cameras.value) {
      await this.facts.footage.learnFrozen(one, from, to, this.abort);
      this.stage.setClips(one, this.facts.of(one).clips);
    }
  }

  /** A day with a few minutes of footage opens on those, unless somebody has zoomed. */
  #fitView(): void {
    const { viewport } = this;
    const footage = this.spans(this.camera.value).filter(isFootage);
    if (viewport.isWhole) viewport.view.value = firstView(footage, viewport.bounds.value);
  }

  async #loadStage(): Promise<void> {
    await Promise.all(this.stage.cameras.value.map((camera) => (camera ? this.loadDay(camera) : undefined)));
  }

  #clipsOfDay() {
    const { from, to } = this.viewport.bounds.value;
    return this.stage.cameras.value
      .flatMap((camera) => this.facts.of(camera).clips)
      .filter((clip) => clip.end > from && clip.start < to)
      .sort((a, b) => a.start - b.start);
  }

  /** `time`, or the next footage of the day, or the last before it. */
  #seekWithin(time: number): void {
    const clips = this.#clipsOfDay();
    if (clips.length === 0) {
      this.stage.pause();
      this.stage.empty();
      return;
    }
    const after = clips.some((clip) => clip.end > time);
    this.stage.seek(after ? time : clips.at(-1)!.start);
  }

  #seekNewest(): void {
    const newest = this.facts.of(this.camera.value).clips.at(-1);
    if (newest) this.stage.seek(newest.start);
  }
}
